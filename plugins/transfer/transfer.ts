// `transfer`: AXFR and IXFR of the zones that other plugins of the block have, and NOTIFY to those who take them. It stands above every plugin that has zones, so what
// it does not answer they do.
//
//   query ─ AXFR, IXFR? ─ TCP? ─ rule of the longest zone ─ client listed? ─ source with this apex ─► Response.stream
//                                                                 └ changed ─► service `notify` (once a process) ─► NOTIFY

import type { Name } from '../../wire/name.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { edeCodes, rcodes, types } from '../../wire/registry.ts'
import { serialOf } from '../../zones/zone.ts'
import { quote } from '../number.ts'
import { definePlugin, type Handler, type Host, type Layer, type ServiceLine } from '../plugin.ts'
import type { Query } from '../query.ts'
import { fail, type RecordStream, type Response, respond } from '../response.ts'
import { type TransferableZone, transferSource } from '../zone-transfer.ts'
import { longestZone } from '../zones.ts'
import { addressKey, readRules, type TransferRule } from './config.ts'
import { transfersMax } from './limits.ts'
import { type Changed, type NotifyOptions, notify } from './notify.ts'
import { isCurrent, serialAsked } from './serial.ts'

/** The plugin `transfer`. */
export const transfer = definePlugin({
  name: 'transfer',
  setup(directive, host) {
    const rules = readRules(directive, host.block.zones)
    const byZone = new Map<string, Rule>()
    for (const rule of rules) {
      const ruled = ruleFor(rule, host)
      for (const zone of rule.zones) if (!byZone.has(zone.key)) byZone.set(zone.key, ruled)
    }
    const zones = rules.flatMap((rule) => rule.zones)
    const find: FindRule = (name) => {
      const zone = longestZone(zones, name)
      return zone && { zone, rule: byZone.get(zone.key)! }
    }
    host.onStart(() => {
      if ([...byZone.values()].every(({ line }) => line === null)) return
      for (const { value } of host.offered(transferSource)) {
        value.watch((apex, serial) => {
          const changed: Changed = { block: host.block.key, zone: String(apex), serial }
          find(apex)?.rule.line?.send(changed)
        })
      }
    })
    return new Transfers(host, find).layer
  },
  services: { notify },
})

interface Rule extends TransferRule {
  /** By addressKey. */
  readonly allowed: ReadonlySet<string>
  /** To the service that notifies; null if there is nobody to notify. */
  readonly line: ServiceLine | null
}

/** The rule of the longest zone that the name is in. By labels: a zone's text says nothing (CVE-2026-33489). */
type FindRule = (name: Name) => { readonly zone: Name; readonly rule: Rule } | null

function ruleFor(rule: TransferRule, host: Host): Rule {
  const { secondaries, source } = rule
  const options: NotifyOptions = { secondaries, source }
  const allowed = new Set(secondaries.map(({ address }) => addressKey(address)))
  return { ...rule, allowed, line: secondaries.length > 0 ? host.service('notify', options, () => {}) : null }
}

type Result = 'whole' | 'current' | 'broken' | 'refused' | 'unready' | 'busy'

/** The transfers of one server block. */
class Transfers {
  readonly #host: Host
  readonly #find: FindRule
  readonly #atOnceMax: number
  #underWay = 0

  constructor(host: Host, find: FindRule) {
    this.#host = host
    this.#find = find
    this.#atOnceMax = Math.max(1, Math.floor(transfersMax / host.threads))
  }

  readonly layer: Layer = (next) => (query) => {
    if (query.type !== types.AXFR && query.type !== types.IXFR) return next(query)
    const { transport } = query.client
    if (transport !== 'tcp' && transport !== 'tls') return fail(rcodes.REFUSED)
    const found = this.#find(query.name)
    if (!found) return next(query)
    const { rule, zone } = found
    if (!rule.everybody && !rule.allowed.has(addressKey(query.client.address))) {
      this.#count(zone, query, 'refused')
      return respond('transfer', { rcode: rcodes.REFUSED })
    }
    return this.#answer(query, next)
  }

  #answer(query: Query, next: Handler): ReturnType<Handler> {
    const known = query.type === types.IXFR ? serialAsked(query) : null
    if (query.type === types.IXFR && known === null)
      return fail(rcodes.SERVFAIL, 'an IXFR without the SOA of its client')
    for (const { value } of this.#host.offered(transferSource)) {
      const zone = value.open(query.name)
      if (zone === null) continue
      if (zone === 'unready') return this.#unavailable(query, 'unready', 'the zone is not complete yet')
      return known !== null && isCurrent(known, zone.serial) ? this.#current(query, zone) : this.#whole(query, zone)
    }
    return next(query)
  }

  #unavailable(query: Query, result: Result, text: string): Response {
    this.#count(query.name, query, result)
    return respond('transfer', { rcode: rcodes.SERVFAIL, ede: [{ code: edeCodes.NOT_READY, text }] })
  }

  // RFC 1995 2: the SOA alone says that nothing is missing.
  #current(query: Query, { soa }: TransferableZone): Response {
    this.#count(query.name, query, 'current')
    const zone = quote(String(query.name))
    this.#host.log.info(
      `Outgoing noop, incremental transfer for up to date zone ${zone} to ${query.client.address} for ${serialOf(soa)} SOA serial`,
    )
    return respond('transfer', { answer: [soa] })
  }

  #whole(query: Query, zone: TransferableZone): Response {
    if (this.#underWay >= this.#atOnceMax) return this.#unavailable(query, 'busy', 'too many transfers at a time')
    this.#underWay++
    const serial = serialOf(zone.soa)
    const stream: RecordStream = {
      records: recordsOf(zone),
      ended: (sent, whole) => {
        this.#underWay--
        this.#count(query.name, query, whole ? 'whole' : 'broken')
        const what = `transfer of ${sent} records of zone ${quote(String(query.name))} to ${query.client.address}`
        if (whole) this.#host.log.info(`Outgoing ${what} for ${serial} SOA serial`)
        else this.#host.log.warning(`Outgoing ${what} for ${serial} SOA serial broke off`)
      },
    }
    return respond('transfer', { aa: true, stream })
  }

  #count(zone: Name, query: Query, result: Result): void {
    const type = query.type === types.AXFR ? 'AXFR' : 'IXFR'
    this.#host.metrics.counter(transferTotal).with(zone.folded, type, result).increment()
  }
}

const transferTotal = {
  name: 'meridian_transfer_total',
  help: 'Counter of zone transfers that ended.',
  labels: ['zone', 'type', 'result'],
}

/** The zone between its two SOA records (RFC 5936 2.2). */
function* recordsOf(zone: TransferableZone): Generator<ResourceRecord | null, void, void> {
  yield zone.soa
  yield* zone.records()
  yield zone.soa
}
