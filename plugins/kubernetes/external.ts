// What *k8s_external* asks the cluster: which Services are reached from outside, where, and under which of their names. Names here have no tree label:
// SERVICE.NAMESPACE below a zone that the asker knows.

import type { LiveSerial } from '../../wire/record.ts'
import type { ExternalAlias, ExternalFound, ExternalNames, ExternalService } from '../external-names.ts'
import type { Candidate } from '../service-records.ts'
import type { Version } from '../version.ts'
import { addressKey, octetsOf } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import { allEndpoints, endpointLabel, endpointsCalled, Lookup, matchingPorts } from './lookup.ts'
import { withoutUnderscore } from './name-parts.ts'
import type { KubernetesOptions } from './options.ts'
import { orderedServices } from './ordered-services.ts'
import { pathOf, Reverse } from './reverse.ts'
import type { Port, ServiceNode, SliceNode } from './service-node.ts'

/** What an External works with. */
export interface ExternalParts {
  readonly options: KubernetesOptions
  readonly index: ClusterIndex
  /** The addresses under which this server is reached, loopback left out. */
  readonly localAddresses: () => readonly Uint8Array[]
  /** Zones may have secondaries. */
  readonly transferable: boolean
}

/** The cluster seen from outside. */
export class External implements ExternalNames {
  readonly ttlSeconds: number
  readonly serial: LiveSerial
  readonly #index: ClusterIndex
  readonly #lookup: Lookup
  readonly #reverse: Reverse
  readonly #localAddresses: () => readonly Uint8Array[]

  constructor({ options, index, localAddresses, transferable }: ExternalParts) {
    this.ttlSeconds = options.ttlSeconds
    this.serial = transferable ? index.serial : new SerialOfChanges(index)
    this.#index = index
    this.#lookup = new Lookup(options, index)
    this.#reverse = new Reverse(options, index, this.#lookup)
    this.#localAddresses = localAddresses
  }

  get synced(): boolean {
    return this.#index.synced
  }

  get completion(): Version {
    return this.#index.completion.version
  }

  find(labels: readonly string[], headless: boolean): ExternalFound {
    const depends: Version[] = []
    const missing = { exists: false, candidates: [], aliases: [], service: [], depends }
    const [namespace, service, first, second, ...more] = labels.toReversed()
    if (namespace === undefined || more.length > 0) return missing
    if (!this.#lookup.isExposed(namespace, depends)) return missing
    if (service === undefined) return { ...missing, exists: true }
    const node = this.#index.services.get(namespace, service)
    if (!node?.view) {
      depends.push(this.#index.services.absent.version(`${namespace}/${service}`))
      return missing
    }
    depends.push(node.spec.version)
    const port =
      first === undefined || second === undefined
        ? { port: '', protocol: '' }
        : { port: withoutUnderscore(second), protocol: withoutUnderscore(first) }
    const endpoint = second === undefined && first !== undefined ? withoutUnderscore(first) : ''
    // A Service with an external address is that address, whatever stands in front of its name.
    const found = isExternal(node)
      ? targetsOf(node, matchingPorts(node.view.ports, port))
      : { candidates: headless ? this.#endpoints(node, { ...port, endpoint }, depends) : [], aliases: [] }
    const exists = found.candidates.length + found.aliases.length > 0
    return { ...found, exists, service: [service, namespace], depends }
  }

  #endpoints(node: ServiceNode, parts: { port: string; protocol: string; endpoint: string }, depends: Version[]) {
    if (parts.endpoint !== '') return endpointsCalled(this.#index.services, node, { ...parts, cluster: '' }, depends)
    return node.view!.headless ? allEndpoints(node, parts, depends) : []
  }

  namesOf(address: string): { names: readonly (readonly string[])[]; depends: readonly Version[] } {
    const octets = octetsOf(address)
    if (!octets) return { names: [], depends: [] }
    const key = addressKey(octets)
    const depends: Version[] = [this.#index.addresses.version(key)]
    const nodes = this.#index.services.externalAddresses
      .get(key)
      .filter((node) => this.#reverse.isListed(node, depends))
    return { names: inOrder(nodes).map(({ name, namespace }) => [name, namespace]), depends }
  }

  /** Of the Services that this server is an endpoint of; its own if there are none. */
  serverAddresses(headless: boolean): { addresses: readonly Uint8Array[]; depends: readonly Version[] } {
    const depends: Version[] = []
    const own = this.#localAddresses()
    const slices = this.#reverse.slicesWith(own, depends)
    if (slices.length === 0) return { addresses: own, depends }
    const addresses = slices.flatMap(({ service, view }) => {
      if (!service.view) {
        depends.push(this.#index.services.absent.version(pathOf(service)))
        return []
      }
      depends.push(service.spec.version)
      if (!headless || !service.view.headless) return service.view.externalAddresses
      depends.push(service.endpoints.version)
      return Array.from({ length: view.count }, (_, i) => view.octets(i))
    })
    return { addresses, depends }
  }

  *services(headless: boolean): Generator<ExternalService | null, void, void> {
    for (const node of yield* orderedServices(this.#index.namespaces.values(), ({ services }) => services)) {
      yield null
      const { view, slices, name, namespace } = node
      if (!view || !this.#lookup.isExposed(namespace, [])) continue
      const service = [name, namespace]
      const external = isExternal(node)
      if (external) yield { service, external, ports: namedPorts([view.ports]), endpoints: [] }
      else if (headless && view.headless)
        yield {
          service,
          external,
          ports: namedPorts(slices.map(({ view }) => view.ports)),
          endpoints: endpointsOf(node),
        }
    }
  }
}

/** 0 until something changes after the start, as in CoreDNS, where these zones' serial only tells of changes. Only secondaries care, and they need a serial that a restart leaves alone. */
class SerialOfChanges implements LiveSerial {
  readonly #index: ClusterIndex

  constructor(index: ClusterIndex) {
    this.#index = index
  }

  get value(): number {
    const { serial, serialAtSync, synced } = this.#index
    return !synced || serial.value === serialAtSync ? 0 : serial.value
  }
}

function isExternal({ view }: ServiceNode): boolean {
  return view !== null && (view.externalAddresses.length > 0 || view.externalNames.length > 0)
}

function targetsOf(
  { view }: ServiceNode,
  ports: readonly number[],
): { candidates: Candidate[]; aliases: ExternalAlias[] } {
  if (!view || ports.length === 0) return { candidates: [], aliases: [] }
  return {
    candidates: view.externalAddresses.map((octets) => ({ octets, label: '', ports })),
    aliases: view.externalNames.map((target) => ({ target, ports })),
  }
}

/** By path, so that every replica says the same. */
const inOrder = (nodes: Iterable<ServiceNode>): ServiceNode[] =>
  [...nodes].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))

function namedPorts(lists: readonly (readonly Port[])[]): { port: string; protocol: string }[] {
  const named = lists.flat().filter(({ name }) => name !== '')
  return [...new Map(named.map(({ name, protocol }) => [`${name}/${protocol}`, { port: name, protocol }])).values()]
}

const endpointsOf = ({ slices }: ServiceNode): string[] => [...new Set(slices.flatMap(labelsOf))]

const labelsOf = (slice: SliceNode): string[] =>
  Array.from({ length: slice.view.count }, (_, index) => endpointLabel(slice, index))
