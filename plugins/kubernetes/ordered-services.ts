// The Services that are known now, by name, for zone transfers: collected and sorted in small steps, because a cluster has thousands and queries are answered meanwhile.

import { sortedInSteps } from '../../zones/sorted-in-steps.ts'
import type { NamespaceNode } from './cluster-index.ts'
import type { ServiceNode } from './service-node.ts'

/** Services looked at in one step. */
const stepServices = 128

/** Those of `servicesOf` each namespace; yields where other work may have its turn. */
export function* orderedServices(
  namespaces: Iterable<NamespaceNode>,
  servicesOf: (namespace: NamespaceNode) => ReadonlyMap<string, ServiceNode>,
): Generator<null, readonly ServiceNode[], void> {
  const nodes: { readonly node: ServiceNode; readonly order: string }[] = []
  for (const namespace of namespaces) {
    for (const node of servicesOf(namespace).values()) {
      nodes.push({ node, order: `${node.name}/${node.namespace}` })
      if (nodes.length % stepServices === 0) yield null
    }
  }
  const sorting = sortedInSteps(nodes)
  for (;;) {
    const step = sorting.next()
    if (step.done) return step.value.map(({ node }) => node)
    yield null
  }
}
