// What the cluster says to a name of the schema, and which versions that rests on. Whether the name exists does not depend on the type asked (RFC 8020), so neither
// does a look-up.

import type { Name } from '../../wire/name.ts'
import type { Candidate } from '../service-records.ts'
import type { Version } from '../version.ts'
import { addressKey, addressLabel, octetsOfLabel } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import type { NameParts } from './name-parts.ts'
import type { KubernetesOptions } from './options.ts'
import type { Port, ServiceNode, SliceNode } from './service-node.ts'
import type { ServiceTree } from './service-tree.ts'

/** What a look-up found. */
export interface Found {
  readonly exists: boolean
  /** True for names that only have others below them. */
  readonly bare: boolean
  /** The target of an alias. */
  readonly target: Name | null
  readonly candidates: readonly Candidate[]
  /** The name that targets of SRV records lie at or below, as labels under the zone. */
  readonly owner: readonly string[]
  readonly depends: readonly Version[]
}

type LookupOptions = Pick<KubernetesOptions, 'namespaces' | 'pods' | 'ignoreEmptyService'>

/** Looks names up in the index. */
export class Lookup {
  readonly #options: LookupOptions
  readonly #index: ClusterIndex

  constructor(options: LookupOptions, index: ClusterIndex) {
    this.#options = options
    this.#index = index
  }

  /** Looks up a name below `svc` or `pod`, in a zone of the cluster or of a set of clusters. */
  find(parts: NameParts, multicluster: boolean): Found {
    const depends: Version[] = []
    if (parts.namespace === '') return { ...bare, depends }
    if (parts.tree === 'pod' && this.#options.pods === 'disabled') return { ...missing, depends }
    if (!this.isExposed(parts.namespace, depends)) return { ...missing, depends }
    if (parts.service === '') return { ...bare, depends }
    if (parts.tree === 'pod') return { ...this.#pod(parts, depends), depends }
    const tree = multicluster ? this.#index.imports : this.#index.services
    return { ...this.#service(tree, parts, depends), depends }
  }

  /** True if the namespace exists and is served; adds what that rests on to `depends`. */
  isExposed(namespace: string, depends: Version[]): boolean {
    const { namespaces } = this.#options
    if (namespaces.size > 0 && !namespaces.has(namespace)) return false
    const node = this.#index.namespaces.get(namespace)
    depends.push(node?.exists ? node.presence.version : this.#index.absent.version(namespace))
    return node?.exists ?? false
  }

  // Labels left of the address are passed over, as CoreDNS does: certificates and per-pod names of some clouds rely on it.
  #pod({ namespace, service: label }: NameParts, depends: Version[]): Answer {
    const octets = octetsOfLabel(label)
    if (!octets) return missing
    if (this.#options.pods === 'verified') {
      const key = addressKey(octets)
      depends.push(this.#index.podAddresses.version(key))
      if (!this.#index.podsByAddress.get(key).some((pod) => pod.namespace === namespace)) return missing
    }
    const candidates = [{ octets, label: '', ports: [0] }]
    return { ...present, candidates, owner: [label, namespace, 'pod'] }
  }

  #service(tree: ServiceTree, parts: NameParts, depends: Version[]): Answer {
    const { namespace, service, endpoint, port, protocol, topologyZone } = parts
    const node = tree.get(namespace, service)
    if (!node?.view) {
      depends.push(tree.absent.version(`${namespace}/${service}`))
      return missing
    }
    const { view } = node
    depends.push(node.spec.version)
    if (view.external) {
      if (endpoint !== '' || port !== '' || protocol !== '' || topologyZone !== '') return missing
      return { ...present, target: view.target }
    }
    if (topologyZone !== '' && !view.headless) return missing
    if (this.#options.ignoreEmptyService && !view.headless) {
      depends.push(node.occupancy.version)
      if (node.endpointCount === 0) return missing
    }
    const owner = [service, namespace, 'svc']
    if (endpoint !== '') {
      const candidates = endpointsCalled(tree, node, parts, depends)
      if (candidates.length > 0) return { ...present, candidates, owner }
      const isEmpty = parts.cluster === '' && endpoint.startsWith('_') && hasProtocol(node, endpoint.slice(1), depends)
      return isEmpty ? bare : missing
    }
    if (view.headless) return headless(node, parts, depends, owner)
    const ports = matchingPorts(view.ports, parts)
    if (ports.length === 0) return missing
    return { ...present, candidates: view.addresses.map((octets) => ({ octets, label: '', ports })), owner }
  }
}

type Answer = Omit<Found, 'depends'>

const missing: Answer = { exists: false, bare: false, target: null, candidates: [], owner: [] }
const present: Answer = { ...missing, exists: true }
const bare: Answer = { ...present, bare: true }

/** `_tcp.SERVICE` exists if `_PORT._tcp.SERVICE` does (an empty non-terminal). */
function hasProtocol(node: ServiceNode, protocol: string, depends: Version[]): boolean {
  if (!node.view!.headless) return node.view!.ports.some((port) => port.protocol === protocol)
  depends.push(node.endpoints.version)
  return node.slices.some(({ view }) => view.count > 0 && view.ports.some((port) => port.protocol === protocol))
}

function headless(node: ServiceNode, parts: NameParts, depends: Version[], owner: readonly string[]): Answer {
  const { topologyZone, prefer } = parts
  const all = allEndpoints(node, parts, depends)
  if (topologyZone === '') return all.length > 0 ? { ...present, candidates: all, owner } : missing
  // The name of a zone without endpoints exists: it drained, or never had any, and nobody can tell.
  const inZone = candidatesOf(node, parts, ({ view }, index) => view.zone(index) === topologyZone)
  return { ...present, candidates: inZone.length === 0 && prefer ? all : inZone, owner }
}

/** The endpoints of a Service on a port; adds what that rests on to `depends`. */
export function allEndpoints(node: ServiceNode, port: PortParts, depends: Version[]): Candidate[] {
  depends.push(node.endpoints.version)
  return candidatesOf(node, port, () => true)
}

/** The addresses of the endpoint with a name; adds what that rests on to `depends`. */
export function endpointsCalled(
  tree: ServiceTree,
  node: ServiceNode,
  parts: PortParts & Pick<NameParts, 'endpoint' | 'cluster'>,
  depends: Version[],
): Candidate[] {
  const { endpoint, cluster } = parts
  const label = cluster === '' ? endpoint : `${endpoint}.${cluster}`
  depends.push(tree.endpointNames.version(`${node.namespace}/${node.name}/${label}`))
  const spelled = octetsOfLabel(endpoint)
  const octets = spelled && addressLabel(spelled) === endpoint ? spelled : null
  return candidatesOf(
    node,
    parts,
    (slice, index) => slice.cluster === cluster && slice.view.isCalled(index, endpoint, octets),
  )
}

/** What a name says of a port; '' asks for any. */
export type PortParts = Pick<NameParts, 'port' | 'protocol'>

function candidatesOf(
  node: ServiceNode,
  port: PortParts,
  wanted: (slice: SliceNode, index: number) => boolean,
): Candidate[] {
  const found: Candidate[] = []
  for (const slice of node.slices) {
    const { view } = slice
    const ports = matchingPorts(view.ports, port)
    if (ports.length === 0) continue
    for (let i = 0; i < view.count; i++)
      if (wanted(slice, i)) found.push({ octets: view.octets(i), label: endpointLabel(slice, i), ports })
  }
  return found
}

/** What an endpoint is called below its Service. */
export function endpointLabel({ view, cluster }: SliceNode, index: number): string {
  return cluster === '' ? view.label(index) : `${view.label(index)}.${cluster}`
}

/** The numbers of the ports that the name asks for. */
export function matchingPorts(ports: readonly Port[], { port, protocol }: PortParts): number[] {
  const found: number[] = []
  for (const each of ports) {
    if ((port === '' || port === each.name) && (protocol === '' || protocol === each.protocol)) found.push(each.number)
  }
  return found
}
