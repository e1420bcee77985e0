// From addresses back to names: PTR records (RFC 1035 3.5), and the Services that this server itself is an endpoint of, which are the zone's name servers.

import type { Name } from '../../wire/name.ts'
import { nameBelow } from '../service-records.ts'
import type { Version } from '../version.ts'
import { addressKey, octetsOf } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import { endpointLabel, type Lookup } from './lookup.ts'
import { isMulticluster, type KubernetesOptions } from './options.ts'
import type { ServiceNode, SliceNode } from './service-node.ts'
import type { ServiceTree } from './service-tree.ts'

/** The names of an address. */
export interface Names {
  readonly names: readonly Name[]
  /** An endpoint has the address, but its slice belongs to no Service that a name could be made of. */
  readonly nameless: boolean
  readonly depends: readonly Version[]
}

type ReverseOptions = Pick<KubernetesOptions, 'namespaces' | 'primaryZone' | 'multiclusterZones'>

/** Finds names in the index by address. */
export class Reverse {
  readonly #options: ReverseOptions
  readonly #index: ClusterIndex
  readonly #lookup: Lookup

  constructor(options: ReverseOptions, index: ClusterIndex, lookup: Lookup) {
    this.#options = options
    this.#index = index
    this.#lookup = lookup
  }

  /** The names of an address text: its Service's, or else one for each endpoint; only without any those that other clusters gave it (KEP-1645, 2.3.3 and 2.4.3). */
  namesOf(address: string): Names {
    const octets = octetsOf(address)
    if (!octets) return { names: [], nameless: false, depends: [] }
    const { primaryZone, multiclusterZones } = this.#options
    const depends: Version[] = [this.#index.addresses.version(addressKey(octets))]
    // In a block for sets of clusters only, the cluster's own names would be names in nobody's zone.
    if (!isMulticluster(this.#options, primaryZone)) {
      const own = this.#namesIn(this.#index.services, primaryZone, octets, depends)
      if (own.names.length > 0 || own.nameless) return { ...own, depends }
    }
    const [zone] = multiclusterZones
    if (!zone) return { names: [], nameless: false, depends }
    return { ...this.#namesIn(this.#index.imports, zone, octets, depends), depends }
  }

  #namesIn(tree: ServiceTree, zone: Name, octets: Uint8Array, depends: Version[]): Omit<Names, 'depends'> {
    const key = addressKey(octets)
    const services = tree.clusterAddresses.get(key).filter((node) => this.isListed(node, depends))
    // Two Services cannot share a cluster address for longer than a change takes; every replica must then say the same.
    const first = services.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))[0]
    if (first) return { names: namesBelow(zone, labelsOf(first)), nameless: false }
    const names = new Map<string, Name>()
    let nameless = false
    for (const slice of tree.endpointAddresses.get(key)) {
      if (!this.isListed(slice.service, depends)) continue
      if (tree === this.#index.imports && !isHeadless(tree, slice.service, depends)) continue
      for (const label of labelsAt(slice, octets)) {
        if (slice.service.name === '') nameless = true
        else
          for (const name of namesBelow(zone, [...label.split('.'), ...labelsOf(slice.service)]))
            names.set(name.key, name)
      }
    }
    return { names: [...names.values()], nameless }
  }

  /** Only the `namespaces` option hides addresses. */
  isListed(node: ServiceNode, depends: Version[]): boolean {
    return this.#options.namespaces.size === 0 || this.#lookup.isExposed(node.namespace, depends)
  }

  /** The names and addresses under which the owners of `addresses` (this machine's) serve `zone`: those of their Services, or `ns.dns.ZONE`. */
  servers(zone: Name, addresses: readonly Uint8Array[]): { servers: readonly Server[]; depends: readonly Version[] } {
    const depends: Version[] = []
    const own = nameBelow(zone, ['ns', 'dns'])
    const slices = this.slicesWith(addresses, depends)
    const servers = slices.flatMap((slice) => this.#serversOf(slice, zone, depends))
    if (servers.length === 0) return { servers: own ? addresses.map((octets) => ({ name: own, octets })) : [], depends }
    // No Service of this cluster has a name in the zone of a set of clusters.
    if (!isMulticluster(this.#options, zone)) return { servers, depends }
    return { servers: own ? servers.map(({ octets }) => ({ name: own, octets })) : [], depends }
  }

  /** The slices of this cluster with one of the addresses; adds what that rests on to `depends`. */
  slicesWith(addresses: readonly Uint8Array[], depends: Version[]): readonly SliceNode[] {
    return addresses.flatMap((octets) => {
      const key = addressKey(octets)
      depends.push(this.#index.addresses.version(key))
      return this.#index.services.endpointAddresses.get(key)
    })
  }

  #serversOf(slice: SliceNode, zone: Name, depends: Version[]): Server[] {
    const { service, view } = slice
    if (!service.view) {
      depends.push(this.#index.services.absent.version(pathOf(service)))
      return []
    }
    depends.push(service.spec.version)
    const owner = labelsOf(service)
    const server = (labels: readonly string[], octets: Uint8Array): Server[] =>
      namesBelow(zone, labels).map((name) => ({ name, octets }))
    if (!service.view.headless) return service.view.addresses.flatMap((octets) => server(owner, octets))
    depends.push(service.endpoints.version)
    return Array.from({ length: view.count }, (_, i) =>
      server([...view.label(i).split('.'), ...owner], view.octets(i)),
    ).flat()
  }
}

/** A name server's name and one of its addresses. */
export interface Server {
  readonly name: Name
  readonly octets: Uint8Array
}

/** The key of a Service in its tree. */
export const pathOf = ({ namespace, name }: ServiceNode): string => `${namespace}/${name}`
const labelsOf = ({ namespace, name }: ServiceNode): string[] => [name, namespace, 'svc']

function namesBelow(zone: Name, labels: readonly string[]): Name[] {
  const name = nameBelow(zone, labels)
  return name ? [name] : []
}

/** Only the endpoints of headless imports have names of their own in a set of clusters (KEP-1645, 2.3.4). */
function isHeadless(tree: ServiceTree, node: ServiceNode, depends: Version[]): boolean {
  depends.push(node.view ? node.spec.version : tree.absent.version(pathOf(node)))
  return node.view?.headless ?? false
}

function labelsAt(slice: SliceNode, octets: Uint8Array): string[] {
  const labels: string[] = []
  for (let i = 0; i < slice.view.count; i++) if (slice.view.hasAddress(i, octets)) labels.push(endpointLabel(slice, i))
  return labels
}
