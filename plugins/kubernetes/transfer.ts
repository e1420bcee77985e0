// The zones of the cluster for `transfer`: what answers are made of, Service by Service, as records of one zone (RFC 5936).
//
//   SOA · NS of the apex and their addresses · Services by name: addresses, SRV, endpoints, aliases · SOA
//
// The cluster goes on changing while a zone is sent, and a copy of it would cost as much as the cluster. So only the list of Services is taken at the start; each is read when its turn comes. A
// change that comes meanwhile has a later serial than the one that was sent, which brings the secondary back for it.

import { Name } from '../../wire/name.ts'
import { addressType, srvRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, types } from '../../wire/registry.ts'
import type { Host } from '../plugin.ts'
import { nameBelow, recordOf, sharedWeight } from '../service-records.ts'
import { SettledSerial, type TransferableZone, type TransferSource } from '../zone-transfer.ts'
import { soaOf } from './answerer.ts'
import type { ClusterIndex, NamespaceNode } from './cluster-index.ts'
import { soaTtlMax } from './limits.ts'
import { Lookup } from './lookup.ts'
import { isMulticluster, type KubernetesOptions } from './options.ts'
import { orderedServices } from './ordered-services.ts'
import { Reverse } from './reverse.ts'
import type { ServiceNode, SliceNode } from './service-node.ts'

const reverseRoots = ['in-addr.arpa.', 'ip6.arpa.'].map((root) => Name.parse(root))

/** What the zones are made from. */
export interface ClusterZonesParts {
  readonly options: KubernetesOptions
  readonly index: ClusterIndex
  readonly host: Pick<Host, 'clock' | 'onStop' | 'block'>
  /** The addresses under which this server is reached, loopback left out. */
  readonly localAddresses: () => readonly Uint8Array[]
}

/** The zones of one `kubernetes` directive; reverse zones cannot be transferred. */
export class ClusterZones implements TransferSource {
  readonly #parts: ClusterZonesParts
  readonly #zones: readonly Name[]
  readonly #lookup: Lookup
  readonly #reverse: Reverse
  readonly #settled: SettledSerial

  constructor(parts: ClusterZonesParts) {
    const { options, index, host } = parts
    this.#parts = parts
    this.#settled = new SettledSerial(host)
    this.#zones = options.zones.filter((zone) => !reverseRoots.some((root) => zone.isSubdomainOf(root)))
    this.#lookup = new Lookup(options, index)
    this.#reverse = new Reverse(options, index, this.#lookup)
  }

  open(apex: Name): TransferableZone | 'unready' | null {
    const zone = this.#zones.find((each) => each.equals(apex))
    if (!zone) return null
    const { index, options } = this.#parts
    const isBlind = isMulticluster(options, zone) && index.lacks('ServiceImport', 'ImportedSlice')
    if (!index.synced || isBlind) return 'unready'
    return { soa: this.#soa(zone), serial: index.serial.value, records: () => this.#records(zone) }
  }

  watch(changed: (apex: Name, serial: number) => void): void {
    const { index } = this.#parts
    this.#settled.announcing(() => {
      if (index.synced) for (const zone of this.#zones) changed(zone, this.#settled.of(index.serial))
    })
  }

  #soa(zone: Name): ResourceRecord {
    const { index, options } = this.#parts
    const { ttlSeconds } = options
    const rdata = soaOf(zone, ttlSeconds)
    new DataView(rdata.buffer, rdata.byteOffset).setUint32(rdata.length - 20, this.#settled.of(index.serial))
    return new ResourceRecord(zone, types.SOA, classes.IN, Math.min(ttlSeconds, soaTtlMax), rdata)
  }

  *#records(zone: Name): Generator<ResourceRecord | null, void, void> {
    yield* this.#nameServers(zone)
    const { index, options } = this.#parts
    const imported = isMulticluster(options, zone)
    const servicesOf = ({ services, imports }: NamespaceNode) => (imported ? imports : services)
    for (const node of yield* orderedServices(index.namespaces.values(), servicesOf)) {
      yield null
      if (this.#isServed(node)) yield* new ServiceRecords(node, zone, options.ttlSeconds).all()
    }
  }

  /** What queries do not find is not in the zone either. */
  #isServed({ namespace, view, endpointCount }: ServiceNode): boolean {
    if (!view || !this.#lookup.isExposed(namespace, [])) return false
    return view.headless || view.external || endpointCount > 0 || !this.#parts.options.ignoreEmptyService
  }

  // No secondary takes a zone without a name server: one that is reached by loopback addresses only still has a name.
  *#nameServers(zone: Name): Generator<ResourceRecord, void, void> {
    const { options, host, localAddresses } = this.#parts
    const { servers } = this.#reverse.servers(zone, localAddresses())
    const own = servers.length > 0 ? null : nameBelow(zone, ['ns', 'dns'])
    if (own) yield recordOf(zone, types.NS, options.ttlSeconds, own.wire)
    const names = new Map(servers.map(({ name }) => [name.key, name]))
    for (const name of names.values()) yield recordOf(zone, types.NS, options.ttlSeconds, name.wire)
    const ttl = host.block.settings.compat ? 0 : options.ttlSeconds
    for (const { name, octets } of servers) yield recordOf(name, addressType(octets), ttl, octets)
  }
}

/** CoreDNS's weight of SRV records of a Service with an address of its own. */
const ownWeight = 100

/** The records of one Service. What CoreDNS sends twice (an endpoint in two slices, equal ports) is sent twice: secondaries keep it once (RFC 5936 2.2). */
class ServiceRecords {
  readonly #node: ServiceNode
  readonly #zone: Name
  readonly #ttl: number
  readonly #labels: readonly string[]

  constructor(node: ServiceNode, zone: Name, ttl: number) {
    this.#node = node
    this.#zone = zone
    this.#ttl = ttl
    this.#labels = [node.name, node.namespace, 'svc']
  }

  *all(): Generator<ResourceRecord, void, void> {
    const { view, slices } = this.#node
    const owner = nameBelow(this.#zone, this.#labels)
    if (!view || !owner) return
    if (view.external) {
      if (view.target) yield recordOf(owner, types.CNAME, this.#ttl, view.target.wire)
    } else if (view.headless) {
      for (const slice of slices) yield* this.#endpoints(slice, owner)
    } else if (view.addressKeys.length > 0) {
      yield* this.#ownRecords(owner)
    }
  }

  *#ownRecords(owner: Name): Generator<ResourceRecord, void, void> {
    const { addresses, ports } = this.#node.view!
    for (const octets of addresses) yield this.#address(owner, octets)
    for (const { name, protocol, number } of ports) {
      if (number === -1) continue
      const rdata = srvRdata({ priority: 0, weight: ownWeight, port: number, target: owner })
      yield recordOf(owner, types.SRV, this.#ttl, rdata)
      const port = name === '' ? null : this.#below(`_${name}`, `_${protocol}`)
      if (port) yield recordOf(port, types.SRV, this.#ttl, rdata)
    }
  }

  /** A slice as it is now, whatever becomes of it while its records go out. */
  *#endpoints(slice: SliceNode, owner: Name): Generator<ResourceRecord, void, void> {
    const { view } = slice
    const ports = view.ports.flatMap(({ name, protocol, number }) => {
      const port = name === '' || number === -1 ? null : this.#below(`_${name}`, `_${protocol}`)
      return port ? [{ port, number }] : []
    })
    const weight = sharedWeight(view.count)
    for (let index = 0; index < view.count; index++) {
      const octets = view.octets(index)
      yield this.#address(owner, octets)
      const own = view.label(index).split('.')
      const target = this.#below(...(view.cluster === '' ? own : [...own, view.cluster]))
      if (!target) continue
      yield this.#address(target, octets)
      for (const { port, number } of ports) {
        const rdata = srvRdata({ priority: 0, weight, port: number, target })
        yield recordOf(port, types.SRV, this.#ttl, rdata)
      }
    }
  }

  #address(owner: Name, octets: Uint8Array): ResourceRecord {
    return recordOf(owner, addressType(octets), this.#ttl, octets)
  }

  #below(...labels: readonly string[]): Name | null {
    return nameBelow(this.#zone, [...labels, ...this.#labels])
  }
}
