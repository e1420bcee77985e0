// A zone of `k8s_external` as a whole, for the *transfer* plugin: what each name would be answered with, made Service by Service while it is sent.
//
// Of Services with external addresses the records are those that CoreDNS sends, some of them several times, because secondaries compare.

import type { Name } from '../../wire/name.ts'
import { readSoa, soaRdata, srvRdata } from '../../wire/rdata.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import type { ExternalFound, ExternalNames, ExternalService } from '../external-names.ts'
import type { Host } from '../plugin.ts'
import { addressRecords, nameBelow, recordOf, serviceRecords } from '../service-records.ts'
import { SettledSerial, type TransferableZone, type TransferSource } from '../zone-transfer.ts'
import type { ExternalAnswerer, ZoneNames } from './external-answerer.ts'
import type { ExternalOptions } from './options.ts'

/** The zones of one `k8s_external` directive. */
export class ExternalTransfer implements TransferSource {
  readonly #options: ExternalOptions
  readonly #answerer: ExternalAnswerer
  readonly #settled: SettledSerial

  constructor(options: ExternalOptions, answerer: ExternalAnswerer, host: Pick<Host, 'clock' | 'onStop'>) {
    this.#options = options
    this.#answerer = answerer
    this.#settled = new SettledSerial(host)
  }

  open(apex: Name): TransferableZone | 'unready' | null {
    const zone = this.#options.zones.find((each) => each.equals(apex))
    if (!zone) return null
    const { source } = this.#answerer
    if (!source?.synced) return 'unready'
    const serial = this.#settled.of(source.serial)
    const names = this.#answerer.namesOf(zone)
    const rdata = soaRdata({ ...readSoa(names.soa)!, serial })
    const records = new ZoneRecords(zone, names, source, this.#options)
    return { soa: recordOf(zone, types.SOA, this.#options.ttlSeconds, rdata), serial, records: () => records.all() }
  }

  watch(changed: (apex: Name, serial: number) => void): void {
    this.#settled.announcing(() => {
      const { source } = this.#answerer
      if (source?.synced) for (const zone of this.#options.zones) changed(zone, this.#settled.of(source.serial))
    })
  }
}

/** Makes the records of one zone. */
class ZoneRecords {
  readonly #zone: Name
  readonly #names: ZoneNames
  readonly #source: ExternalNames
  readonly #options: ExternalOptions

  constructor(zone: Name, names: ZoneNames, source: ExternalNames, options: ExternalOptions) {
    this.#zone = zone
    this.#names = names
    this.#source = source
    this.#options = options
  }

  *all(): Generator<ResourceRecord | null, void, void> {
    const { ttlSeconds, headless } = this.#options
    const { nameServer } = this.#names
    yield recordOf(this.#zone, types.NS, ttlSeconds, nameServer.wire)
    const servers = this.#source.serverAddresses(headless).addresses.map((octets) => ({ octets }))
    for (const type of [types.A, types.AAAA]) yield* addressRecords(nameServer, type, ttlSeconds, servers)
    for (const service of this.#source.services(headless)) {
      yield null
      if (service) yield* service.external ? this.#external(service) : this.#headless(service)
    }
  }

  *#external({ service, ports }: ExternalService): Generator<ResourceRecord, void, void> {
    const found = this.#source.find(service, this.#options.headless)
    const owner = nameBelow(this.#zone, service)
    if (!owner) return
    yield* this.#targets(owner, found)
    yield* this.#firstService(owner, owner, found, 0)
    for (const { port, protocol } of ports) {
      const labels = [`_${port}`, `_${protocol}`, ...service]
      const name = nameBelow(this.#zone, labels)
      if (name) yield* this.#firstService(name, owner, this.#source.find(labels, this.#options.headless), 2)
    }
  }

  /** Once for each port: an address, or a host name for A and again for AAAA. */
  *#targets(owner: Name, { candidates, aliases }: ExternalFound): Generator<ResourceRecord, void, void> {
    for (const candidate of candidates) {
      for (const _ of candidate.ports)
        for (const type of [types.A, types.AAAA])
          yield* addressRecords(owner, type, this.#options.ttlSeconds, [candidate])
    }
    for (const { target, ports } of aliases) {
      for (const _ of [...ports, ...ports]) yield recordOf(owner, types.CNAME, this.#source.ttlSeconds, target.wire)
    }
  }

  /** One SRV record a name; CoreDNS takes labels off a host name as if it were the port's name. */
  *#firstService(
    owner: Name,
    service: Name,
    found: ExternalFound,
    stripped: number,
  ): Generator<ResourceRecord, void, void> {
    const addressPort = found.candidates.flatMap(({ ports }) => ports).find((port) => port !== -1)
    const alias = found.aliases.find(({ ports }) => ports.some((port) => port !== -1))
    const port = addressPort ?? alias?.ports.find((each) => each !== -1)
    if (port === undefined) return
    const target = addressPort === undefined ? alias!.target.suffix(stripped) : service
    const rdata = srvRdata({ priority: 0, weight: 100, port, target })
    yield recordOf(owner, types.SRV, this.#source.ttlSeconds, rdata)
  }

  *#headless({ service, ports, endpoints }: ExternalService): Generator<ResourceRecord, void, void> {
    yield* this.#whole(service, service)
    for (const endpoint of endpoints) yield* this.#whole([...endpoint.split('.'), ...service], service)
    for (const { port, protocol } of ports) {
      const labels = [`_${port}`, `_${protocol}`, ...service]
      yield* this.#services(labels, service)
    }
  }

  *#whole(labels: readonly string[], service: readonly string[]): Generator<ResourceRecord, void, void> {
    const owner = nameBelow(this.#zone, labels)
    const { candidates } = this.#source.find(labels, true)
    if (!owner) return
    for (const type of [types.A, types.AAAA]) yield* addressRecords(owner, type, this.#options.ttlSeconds, candidates)
    yield* this.#services(labels, service)
  }

  *#services(labels: readonly string[], service: readonly string[]): Generator<ResourceRecord, void, void> {
    const owner = nameBelow(this.#zone, labels)
    if (!owner) return
    yield* serviceRecords(this.#source.find(labels, true).candidates, {
      owner,
      service,
      zone: this.#zone,
      ttlSeconds: this.#source.ttlSeconds,
      addressTtlSeconds: this.#options.ttlSeconds,
      otherPorts: 0,
    }).answer
  }
}
