// What the cluster says to a name of the schema, and which versions that rests on. Whether the name exists does not depend on the type asked (RFC 8020), so neither
// does a look-up.

import type { Name } from '../../wire/name.ts'
import type { Version } from '../version.ts'
import { addressKey, addressLabel, octetsOfLabel } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import type { NameParts } from './name-parts.ts'
import type { KubernetesOptions } from './options.ts'
import type { Port, ServiceNode, SliceView } from './service-node.ts'

/** An address and the ports that it is offered on. */
export interface Candidate {
  readonly octets: Uint8Array
  /** The endpoint's own name below the owner; '' where the address belongs to the owner itself. */
  readonly label: string
  /** -1 stands for no declared port. */
  readonly ports: readonly number[]
}

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

  /** Looks up a name below `svc` or `pod`. */
  find(parts: NameParts): Found {
    const depends: Version[] = []
    if (parts.namespace === '') return { ...bare, depends }
    if (parts.tree === 'pod' && this.#options.pods === 'disabled') return { ...missing, depends }
    if (!this.isExposed(parts.namespace, depends)) return { ...missing, depends }
    if (parts.service === '') return { ...bare, depends }
    const found = parts.tree === 'pod' ? this.#pod(parts, depends) : this.#service(parts, depends)
    return { ...found, depends }
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

  #service(parts: NameParts, depends: Version[]): Answer {
    const { namespace, service, endpoint, port, protocol, topologyZone } = parts
    const node = this.#index.service(namespace, service)
    if (!node?.view) {
      depends.push(this.#index.absent.version(`${namespace}/${service}`))
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
    if (endpoint !== '') return this.#endpoint(node, parts, depends, owner)
    if (view.headless) return this.#headless(node, parts, depends, owner)
    const ports = matching(view.ports, parts)
    if (ports.length === 0) return missing
    return { ...present, candidates: view.addresses.map((octets) => ({ octets, label: '', ports })), owner }
  }

  #headless(node: ServiceNode, parts: NameParts, depends: Version[], owner: readonly string[]): Answer {
    depends.push(node.endpoints.version)
    const { topologyZone, prefer } = parts
    const all = candidatesOf(node, parts, () => true)
    if (topologyZone === '') return all.length > 0 ? { ...present, candidates: all, owner } : missing
    // The name of a zone without endpoints exists: it drained, or never had any, and nobody can tell.
    const inZone = candidatesOf(node, parts, (slice, index) => slice.zone(index) === topologyZone)
    return { ...present, candidates: inZone.length === 0 && prefer ? all : inZone, owner }
  }

  #endpoint(node: ServiceNode, parts: NameParts, depends: Version[], owner: readonly string[]): Answer {
    const { namespace, service, endpoint } = parts
    depends.push(this.#index.endpointNames.version(`${namespace}/${service}/${endpoint}`))
    const spelled = octetsOfLabel(endpoint)
    const octets = spelled && addressLabel(spelled) === endpoint ? spelled : null
    const candidates = candidatesOf(node, parts, (slice, index) => slice.isCalled(index, endpoint, octets))
    if (candidates.length > 0) return { ...present, candidates, owner }
    return endpoint.startsWith('_') && hasProtocol(node, endpoint.slice(1), depends) ? bare : missing
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
  return [...node.slices].some(({ view }) => view.count > 0 && view.ports.some((port) => port.protocol === protocol))
}

function candidatesOf(
  node: ServiceNode,
  parts: NameParts,
  wanted: (slice: SliceView, index: number) => boolean,
): Candidate[] {
  const found: Candidate[] = []
  for (const { view } of node.slices) {
    const ports = matching(view.ports, parts)
    if (ports.length === 0) continue
    for (let i = 0; i < view.count; i++) {
      if (wanted(view, i)) found.push({ octets: view.octets(i), label: view.label(i), ports })
    }
  }
  return found
}

/** The numbers of the ports that the name asks for; '' asks for any. */
function matching(ports: readonly Port[], { port, protocol }: NameParts): number[] {
  const found: number[] = []
  for (const each of ports) {
    if ((port === '' || port === each.name) && (protocol === '' || protocol === each.protocol)) found.push(each.number)
  }
  return found
}
