// `hosts`: names and addresses from a file and from the Corefile.
//
//   PTR ─► names of the address ─► none: next plugin
//   A, AAAA ─► addresses
//   else, or none ─► listed: NODATA │ not listed: fallthrough, or NXDOMAIN

import { Name, NameError } from '../../wire/name.ts'
import { nameRdata, soaRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, edeCodes, rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Handler, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { depend, fail, type Response, respond, reuseWhile } from '../response.ts'
import { longestZone } from '../zones.ts'
import { type HostsConfig, parseHosts } from './config.ts'
import { entriesOf } from './host-lines.ts'
import type { HostTable } from './host-table.ts'
import { access, file, type HostsBatch } from './hosts-file.ts'
import { ServedHosts } from './served-hosts.ts'

const systemFile = '/etc/hosts'
/** The longest that "there is no such name" may be remembered, in seconds. */
const negativeTtlSecondsMax = 30

export const hosts = definePlugin({
  name: 'hosts',
  setup(directive, host) {
    const config = parseHosts(directive, host.block.zones)
    const path = config.file === null ? systemFile : host.path(config.file)
    const inline = entriesOf(config.inline)
    if (inline.firstSkipped) host.log.warning(`Skipped line in the Corefile: ${inline.firstSkipped.reason}`)
    const served = new ServedHosts({ path, inline: inline.bytes, limits: config, host })
    if (config.file !== null) host.service('access', { path, place: config.place }, () => {})
    host.service<HostsBatch>('file', { path, reloadMs: config.reloadMs }, (batch) => served.receive(batch))
    const answerer = new HostsAnswerer(config, served, host)
    return (next) => (query) => answerer.answer(query, next)
  },
  services: { access, file },
})

class HostsAnswerer {
  readonly #config: HostsConfig
  readonly #served: ServedHosts
  readonly #host: Host

  constructor(config: HostsConfig, served: ServedHosts, host: Host) {
    this.#config = config
    this.#served = served
    this.#host = host
  }

  answer(query: Query, next: Handler): Answered {
    const { name, type } = query
    const { zones, fallthrough, fallthroughUnsupported } = this.#config
    const zone = longestZone(zones, name)
    if (type === types.PTR) return this.#pointers(query, zone, next)
    // Names without a zone around them cannot be transferred.
    if (!zone || type === types.AXFR || type === types.IXFR) return next(query)
    if (type === types.A) {
      const records = this.#addresses(query, 'v4')
      if (records.length > 0) return this.#positive(records)
    } else if (type === types.AAAA) {
      const records = this.#addresses(query, 'v6')
      if (records.length > 0) return this.#positive(records)
    } else if (fallthroughUnsupported && fallthrough.through(name)) return next(query)
    if (this.#tables.some((table) => table.lists(name))) return this.#negative(rcodes.NOERROR, zone, name)
    // The SOA that denials carry is made up: who asks for the zone's own is told by the zone's owner, or nobody.
    if (type === types.SOA && name.equals(zone)) return this.#passOn(query, next)
    return fallthrough.through(name) ? this.#passOn(query, next) : this.#missing(query, zone)
  }

  get #tables(): readonly HostTable[] {
    return this.#served.tables
  }

  /** That we have nothing is data too: the next plugin's answer stands no longer than it. */
  #passOn(query: Query, next: Handler): Answered {
    const { version } = this.#served
    return whenAnswered(next(query), (response) => depend(response, [version]))
  }

  #pointers(query: Query, zone: Name | null, next: Handler): Answered {
    const { name } = query
    const names = this.#tables.flatMap((table) => table.names(name))
    if (names.length > 0) {
      const { ttlSeconds } = this.#config
      return this.#positive(
        names.map((host) => new ResourceRecord(name, types.PTR, classes.IN, ttlSeconds, nameRdata(host))),
      )
    }
    // With nobody behind it, this plugin is the one who knows.
    if (!next.last || !zone || this.#host.block.settings.compat) return this.#passOn(query, next)
    const listed = this.#tables.some((table) => table.lists(name))
    return listed ? this.#negative(rcodes.NOERROR, zone, name) : this.#missing(query, zone)
  }

  #addresses({ name }: Query, family: 'v4' | 'v6'): ResourceRecord[] {
    const type = family === 'v4' ? types.A : types.AAAA
    const { ttlSeconds } = this.#config
    return this.#tables
      .flatMap((table) => table.addresses(name, family))
      .map((address) => new ResourceRecord(name, type, classes.IN, ttlSeconds, address))
  }

  #positive(answer: readonly ResourceRecord[]): Response {
    return respond('hosts', { aa: true, answer, reuse: reuseWhile(this.#served.version) })
  }

  /** A name without addresses that no other plugin is asked for. */
  #missing({ name }: Query, zone: Name): Response {
    if (this.#host.block.settings.compat) return fail(rcodes.SERVFAIL)
    if (!this.#served.isRead) {
      const text = 'the hosts file has not been read'
      return fail(rcodes.SERVFAIL, text, [{ code: edeCodes.NOT_READY, text }])
    }
    const exists = name.equals(zone) || this.#tables.some((table) => table.hasOtherwise(name))
    return this.#negative(exists ? rcodes.NOERROR : rcodes.NXDOMAIN, zone, name)
  }

  // Where names are passed on, the zone and its SOA are another plugin's.
  #negative(rcode: number, zone: Name, name: Name): Response {
    const isShared = this.#config.fallthrough.through(name)
    const authority = isShared || this.#host.block.settings.compat ? [] : [this.#soa(zone)]
    return respond('hosts', { rcode, aa: true, authority, reuse: reuseWhile(this.#served.version) })
  }

  /** Hosts files know no zones; this stands for one, so that a denial has a lifetime (RFC 2308 5). */
  #soa(zone: Name): ResourceRecord {
    const ttl = Math.min(this.#config.ttlSeconds, negativeTtlSecondsMax)
    const rdata = soaRdata({
      mname: below(zone, 'ns', 'dns'),
      rname: below(zone, 'hostmaster'),
      serial: this.#served.serial,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    })
    return new ResourceRecord(zone, types.SOA, classes.IN, ttl, rdata)
  }
}

/** A name below the zone; the zone's own where that would be too long. */
function below(zone: Name, ...labels: string[]): Name {
  try {
    return Name.fromLabels(labels, zone)
  } catch (error) {
    if (error instanceof NameError) return zone
    throw error
  }
}
