// Answers a question in one of the zones: the zone itself, its name server, and everything else from what the cluster offers. Whatever it says rests on versions; what
// it cannot find is a Denial, which the layer turns into NXDOMAIN or passes on.

import { Name } from '../../wire/name.ts'
import { soaRdata, srvRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, edeCodes, rcodes, types } from '../../wire/registry.ts'
import { addressOfReverse } from '../../wire/reverse.ts'
import { whenAnswered, whenResolved } from '../answered.ts'
import { type ExternalAlias, type ExternalFound, type ExternalNames, labelsBelow } from '../external-names.ts'
import type { Answered } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { combine, type Response, respond, reuseWhile, useOnce } from '../response.ts'
import { addressRecords, nameBelow, recordOf, serviceRecords, sharedWeight } from '../service-records.ts'
import type { Version } from '../version.ts'
import type { ExternalOptions } from './options.ts'

/** The name was not found, as far as `depends` stand. */
export class Denial {
  readonly depends: readonly Version[]
  /** False where nobody else can know the name. */
  readonly passes: boolean

  constructor(depends: readonly Version[], passes = true) {
    this.depends = depends
    this.passes = passes
  }
}

/** The records of a zone that stand still. */
export interface ZoneNames {
  readonly soa: Uint8Array
  readonly nameServer: Name
}

/** Answers for one `k8s_external` directive. */
export class ExternalAnswerer {
  /** Where names come from; null until the configuration has started. */
  source: ExternalNames | null = null
  readonly #options: ExternalOptions
  readonly #resolve: (query: Query) => Answered
  readonly #zones: ReadonlyMap<string, ZoneNames>

  /** `resolve` finds what aliases lead to. Throws NameError if a zone is so long that its own records' names don't fit. */
  constructor(options: ExternalOptions, resolve: (query: Query) => Answered) {
    this.#options = options
    this.#resolve = resolve
    this.#zones = new Map(options.zones.map((zone) => [zone.key, namesIn(zone, options)]))
  }

  /** What the plugin itself says about a zone of its own. */
  namesOf(zone: Name): ZoneNames {
    return this.#zones.get(zone.key)!
  }

  /** The response to a query whose name is in `zone` (one of the plugin's), or the denial. */
  answer(query: Query, zone: Name): Answered | Denial {
    const { source } = this
    if (!source) return new Denial([])
    const labels = labelsBelow(query.name, zone)
    if (labels.length === 0) return this.#apex(query, zone, source)
    const { apex, headless } = this.#options
    const below = labels.length - apex.length
    if (below >= 0 && apex.every((label, index) => labels[below + index] === label))
      return this.#belowApex(query, zone, labels.slice(0, below))
    const address = query.type === types.PTR ? addressOfReverse(query.name.folded) : null
    if (address !== null) return this.#pointer(query, zone, address)
    const found = source.find(labels, headless)
    if (!found.exists) return new Denial(found.depends)
    return this.#records(query, zone, found)
  }

  /** NXDOMAIN; SERVFAIL while nobody knows yet what exists. */
  deny(query: Query, zone: Name, denial: Denial): Response {
    const authority = [this.#soa(query, zone)]
    const reuse = reuseWhile(...this.reasons(denial))
    if (denial.passes && !this.source?.synced) {
      const ede = [{ code: edeCodes.NOT_READY, text: 'the cluster is not known yet' }]
      return useOnce(respond('k8s_external', { rcode: rcodes.SERVFAIL, aa: true, authority, ede, reuse }))
    }
    return respond('k8s_external', { rcode: rcodes.NXDOMAIN, aa: true, authority, reuse })
  }

  /** What a denial rests on. */
  reasons({ depends }: Denial): readonly Version[] {
    return !this.source || this.source.synced ? depends : [...depends, this.source.completion]
  }

  #noData(query: Query, zone: Name, depends: readonly Version[]): Response {
    return respond('k8s_external', { aa: true, authority: [this.#soa(query, zone)], reuse: reuseWhile(...depends) })
  }

  #positive(
    answer: readonly ResourceRecord[],
    depends: readonly Version[],
    additional: readonly ResourceRecord[] = [],
  ): Response {
    return respond('k8s_external', { aa: true, answer, additional, reuse: reuseWhile(...depends) })
  }

  /** The SOA record of the zone, its owner spelled as in the question. */
  #soa(query: Query, zone: Name): ResourceRecord {
    const owner = query.name.suffix(query.name.labelCount - zone.labelCount)
    const { soa } = this.namesOf(zone)
    return new ResourceRecord(
      owner,
      types.SOA,
      classes.IN,
      this.#options.ttlSeconds,
      soa,
      0,
      this.source?.serial ?? null,
    )
  }

  // ---- the zone itself -------------------------------------------------------------------------------------------------------------

  #apex(query: Query, zone: Name, source: ExternalNames): Response {
    if (query.type === types.SOA) return this.#positive([this.#soa(query, zone)], [])
    if (query.type !== types.NS) return this.#noData(query, zone, [])
    const { nameServer } = this.namesOf(zone)
    const { ttlSeconds, headless } = this.#options
    const { addresses, depends } = source.serverAddresses(headless)
    const candidates = addresses.map((octets) => ({ octets }))
    const glue = [types.A, types.AAAA].flatMap((type) => addressRecords(nameServer, type, ttlSeconds, candidates))
    return this.#positive([recordOf(query.name, types.NS, ttlSeconds, nameServer.wire)], depends, glue)
  }

  /** `dns.ZONE`, which only has `ns1.dns.ZONE` below it, the zone's name server. */
  #belowApex(query: Query, zone: Name, labels: readonly string[]): Response | Denial {
    if (labels.length === 0) return this.#noData(query, zone, [])
    if (labels.length > 1 || labels[0] !== nameServerLabel) return new Denial([], false)
    const { ttlSeconds, headless } = this.#options
    const { addresses, depends } = this.source!.serverAddresses(headless)
    const wanted = query.type === types.A || query.type === types.AAAA
    const candidates = wanted ? addresses.map((octets) => ({ octets })) : []
    const records = addressRecords(query.name, query.type, ttlSeconds, candidates)
    return records.length > 0 ? this.#positive(records, depends) : this.#noData(query, zone, depends)
  }

  // ---- what the cluster offers -----------------------------------------------------------------------------------------------------

  #pointer(query: Query, zone: Name, address: string): Response | Denial {
    const { names, depends } = this.source!.namesOf(address)
    const { primaryZone, ttlSeconds } = this.#options
    const targets = names.flatMap((labels) => nameBelow(primaryZone ?? zone, labels) ?? [])
    if (targets.length === 0) return new Denial(depends)
    return this.#positive(
      targets.map((target) => recordOf(query.name, types.PTR, ttlSeconds, target.wire)),
      depends,
    )
  }

  #records(query: Query, zone: Name, found: ExternalFound): Answered {
    const { candidates, aliases, depends } = found
    if (query.type === types.SRV) return this.#services(query, zone, found)
    const isAddress = query.type === types.A || query.type === types.AAAA
    const records = isAddress ? addressRecords(query.name, query.type, this.#options.ttlSeconds, candidates) : []
    if (records.length > 0) return this.#positive(records, depends)
    // Beside an alias no other record may stand (RFC 1034 3.6.2), so it is one only where there is no address, and of several the first.
    const alias = candidates.length === 0 ? aliases[0] : undefined
    if (!alias || !(isAddress || query.type === types.CNAME)) return this.#noData(query, zone, depends)
    const response = this.#positive(
      [recordOf(query.name, types.CNAME, this.source!.ttlSeconds, alias.target.wire)],
      depends,
    )
    return isAddress ? this.#follow(query, alias.target, response) : response
  }

  #services(query: Query, zone: Name, { candidates, aliases, service, depends }: ExternalFound): Answered {
    const { ttlSeconds } = this.source!
    const otherPorts = aliases.reduce((sum, { ports }) => sum + ports.length, 0)
    const names = {
      owner: query.name,
      service,
      zone,
      ttlSeconds,
      addressTtlSeconds: this.#options.ttlSeconds,
      otherPorts,
    }
    const { answer, additional } = serviceRecords(candidates, names)
    const weight = sharedWeight(candidates.reduce((sum, { ports }) => sum + ports.length, otherPorts))
    const toAliases = aliasRecords(query.name, ttlSeconds, weight, aliases)
    const all = [...answer, ...toAliases]
    if (all.length === 0) return this.#noData(query, zone, depends)
    const targets = toAliases.length === 0 ? [] : aliases.map(({ target }) => target)
    return this.#withAddresses(query, targets, this.#positive(all, depends, additional))
  }

  /** The addresses of aliases beside their SRV records. */
  #withAddresses(query: Query, targets: readonly Name[], services: Response): Answered {
    let answered: Answered = services
    for (const target of targets) {
      for (const type of [types.A, types.AAAA]) {
        answered = whenAnswered(answered, (before) =>
          whenResolved(this.#resolve(amendQuery(query, { name: target, type })), (response) =>
            combine(before, response, {
              rcode: rcodes.NOERROR,
              answer: before.answer,
              authority: [],
              additional: [...before.additional, ...response.answer],
              error: null,
            }),
          ),
        )
      }
    }
    return answered
  }

  /** The target's own response decides nothing but the records: CoreDNS answers NOERROR with the alias whatever became of it. */
  #follow(query: Query, target: Name, alias: Response): Answered {
    return whenResolved(this.#resolve(amendQuery(query, { name: target })), (response) =>
      combine(alias, response, { rcode: rcodes.NOERROR, tc: response.tc, authority: [], additional: [], error: null }),
    )
  }
}

/** The zone's name server is this label below the apex option's. */
const nameServerLabel = 'ns1'

function aliasRecords(owner: Name, ttl: number, weight: number, aliases: readonly ExternalAlias[]): ResourceRecord[] {
  const records = new Map<string, ResourceRecord>()
  for (const { target, ports } of aliases) {
    for (const port of ports) {
      if (port === -1) continue
      records.set(
        `${port}/${target.key}`,
        recordOf(owner, types.SRV, ttl, srvRdata({ priority: 0, weight, port, target })),
      )
    }
  }
  return [...records.values()]
}

function namesIn(zone: Name, { apex, ttlSeconds }: ExternalOptions): ZoneNames {
  const nameServer = Name.fromLabels([nameServerLabel, ...apex], zone)
  const soa = soaRdata({
    mname: nameServer,
    rname: Name.fromLabels(['hostmaster', ...apex], zone),
    serial: 0,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttlSeconds,
  })
  return { soa, nameServer }
}
