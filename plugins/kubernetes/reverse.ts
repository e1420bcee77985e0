// From addresses back to names: PTR records (RFC 1035 3.5), and the Services that this server itself is an endpoint of, which are the zone's name servers.

import type { Name } from '../../wire/name.ts'
import type { Version } from '../version.ts'
import { addressKey, octetsOf } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import type { Lookup } from './lookup.ts'
import type { KubernetesOptions } from './options.ts'
import { nameBelow } from './records.ts'
import type { ServiceNode, SliceNode } from './service-node.ts'

/** The names of an address. */
export interface Names {
  readonly names: readonly Name[]
  /** An endpoint has the address, but its slice belongs to no Service that a name could be made of. */
  readonly nameless: boolean
  readonly depends: readonly Version[]
}

/** Finds names in the index by address. */
export class Reverse {
  readonly #options: Pick<KubernetesOptions, 'namespaces' | 'primaryZone'>
  readonly #index: ClusterIndex
  readonly #lookup: Lookup

  constructor(options: Pick<KubernetesOptions, 'namespaces' | 'primaryZone'>, index: ClusterIndex, lookup: Lookup) {
    this.#options = options
    this.#index = index
    this.#lookup = lookup
  }

  /** The names of an address text: its Service's, or else one for each endpoint. */
  namesOf(address: string): Names {
    const octets = octetsOf(address)
    if (!octets) return { names: [], nameless: false, depends: [] }
    const key = addressKey(octets)
    const depends: Version[] = [this.#index.addresses.version(key)]
    const services = this.#index.clusterAddresses.get(key).filter((node) => this.#isListed(node, depends))
    // Two Services cannot share a cluster address for longer than a change takes; every replica must then say the same.
    const first = services.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))[0]
    if (first) return { names: this.#name(labelsOf(first)), nameless: false, depends }
    const names = new Map<string, Name>()
    let nameless = false
    for (const slice of this.#index.endpointAddresses.get(key)) {
      if (!this.#isListed(slice.service, depends)) continue
      for (const label of labelsAt(slice, octets)) {
        if (slice.service.name === '') nameless = true
        else for (const name of this.#name([...label.split('.'), ...labelsOf(slice.service)])) names.set(name.key, name)
      }
    }
    return { names: [...names.values()], nameless, depends }
  }

  /** Only the `namespaces` option hides addresses. */
  #isListed(node: ServiceNode, depends: Version[]): boolean {
    return this.#options.namespaces.size === 0 || this.#lookup.isExposed(node.namespace, depends)
  }

  #name(labels: readonly string[]): Name[] {
    const name = nameBelow(this.#options.primaryZone, labels)
    return name ? [name] : []
  }

  /** The names and addresses under which the owners of `addresses` (this machine's) serve `zone`: those of their Services, or `ns.dns.ZONE`. */
  servers(zone: Name, addresses: readonly Uint8Array[]): { servers: readonly Server[]; depends: readonly Version[] } {
    const depends: Version[] = []
    const servers = addresses.flatMap((octets) => {
      const key = addressKey(octets)
      depends.push(this.#index.addresses.version(key))
      return this.#index.endpointAddresses.get(key).flatMap((slice) => this.#serversOf(slice, zone, depends))
    })
    if (servers.length > 0) return { servers, depends }
    const own = nameBelow(zone, ['ns', 'dns'])
    return { servers: own ? addresses.map((octets) => ({ name: own, octets })) : [], depends }
  }

  #serversOf(slice: SliceNode, zone: Name, depends: Version[]): Server[] {
    const { service, view } = slice
    if (!service.view) {
      depends.push(this.#index.absent.version(pathOf(service)))
      return []
    }
    depends.push(service.spec.version)
    const owner = labelsOf(service)
    const server = (labels: readonly string[], octets: Uint8Array): Server[] => {
      const name = nameBelow(zone, labels)
      return name ? [{ name, octets }] : []
    }
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

const pathOf = ({ namespace, name }: ServiceNode): string => `${namespace}/${name}`
const labelsOf = ({ namespace, name }: ServiceNode): string[] => [name, namespace, 'svc']

function labelsAt({ view }: SliceNode, octets: Uint8Array): string[] {
  const labels: string[] = []
  for (let i = 0; i < view.count; i++) if (view.hasAddress(i, octets)) labels.push(view.label(i))
  return labels
}
