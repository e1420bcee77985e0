// Answers a question in one of the plugin's zones: parts of the name -> look-up -> records by type. Whatever it says rests on versions; what it cannot find is a Denial,
// which the layer turns into NXDOMAIN or passes on.

import { Name } from '../../wire/name.ts'
import { soaRdata, txtRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, edeCodes, rcodes, types } from '../../wire/registry.ts'
import { addressOfReverse } from '../../wire/reverse.ts'
import { whenResolved } from '../answered.ts'
import { labelsBelow } from '../external-names.ts'
import type { Answered } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { combine, type Response, respond, reuseWhile, useOnce } from '../response.ts'
import { addressRecords, recordOf, serviceRecords } from '../service-records.ts'
import type { Version } from '../version.ts'
import type { ClusterIndex } from './cluster-index.ts'
import { aliasDepthMax, clusterSchema, multiclusterSchema, schemaTtl, soaTtlMax } from './limits.ts'
import { type Found, Lookup } from './lookup.ts'
import { type NameParts, readNameParts } from './name-parts.ts'
import { isMulticluster, type KubernetesOptions } from './options.ts'
import { Reverse } from './reverse.ts'

/** The name was not found, as far as `depends` stand. */
export class Denial {
  readonly depends: readonly Version[]

  constructor(depends: readonly Version[]) {
    this.depends = depends
  }
}

/** What an Answerer works with. */
export interface AnswererParts {
  readonly options: KubernetesOptions
  readonly index: ClusterIndex
  /** Resolves the target of an alias that leaves the zone. */
  readonly resolve: (query: Query) => Answered
  /** The addresses under which this server is reached, loopback left out. */
  readonly localAddresses: () => readonly Uint8Array[]
}

/** Answers for one `kubernetes` directive. */
export class Answerer {
  readonly #parts: AnswererParts
  readonly #lookup: Lookup
  readonly #reverse: Reverse
  readonly #soas: ReadonlyMap<string, Uint8Array>
  /** The version of the DNS schema that the block's zones follow. */
  readonly #schema: string

  /** Throws NameError if a zone is so long that its own records' names don't fit. */
  constructor(parts: AnswererParts) {
    const { options, index } = parts
    this.#parts = parts
    this.#lookup = new Lookup(options, index)
    this.#reverse = new Reverse(options, index, this.#lookup)
    this.#schema = isMulticluster(options, options.primaryZone) ? multiclusterSchema : clusterSchema
    this.#soas = new Map(options.zones.map((zone) => [zone.key, soaOf(zone, options.ttlSeconds)]))
  }

  /** The response to a query whose name is in `zone` (one of the plugin's), or the denial. */
  answer(query: Query, zone: Name): Answered | Denial {
    const labels = labelsBelow(query.name, zone)
    if (labels.length === 0) return this.#apex(query, zone)
    if (labels.length === 1 && labels[0] === 'dns-version') {
      if (query.type !== types.TXT) return new Denial([])
      return this.#positive([recordOf(query.name, types.TXT, schemaTtl, txtRdata([this.#schema]))], [])
    }
    const reverse = isReverseName(query.name)
    if (labels.at(-1) === 'dns' && labels.length <= 2 && !(reverse && query.type === types.PTR)) {
      if (labels.length === 1) return this.#noData(query, zone, [])
      if (labels[0] === 'ns') return this.#nameServerAddresses(query, zone)
    }
    if (reverse && !isTree(labels)) return this.#pointer(query, zone)
    const parts = this.#read(labels, zone)
    return parts ? this.#forward(query, zone, parts) : new Denial([])
  }

  /** NXDOMAIN or NODATA for a denial; SERVFAIL while nobody knows yet what exists. */
  deny(query: Query, zone: Name, denial: Denial): Response {
    const authority = [this.#soa(query, zone)]
    if (!this.#knowsAll(query.name, zone)) {
      const text = this.#parts.index.synced ? 'objects may not be listed' : 'the cluster is not known yet'
      const ede = [{ code: edeCodes.NOT_READY, text }]
      const reuse = reuseWhile(...denial.depends, this.#parts.index.completion.version)
      return useOnce(respond('kubernetes', { rcode: rcodes.SERVFAIL, aa: true, authority, ede, reuse }))
    }
    // As in CoreDNS: who looks for the zone of a name climbs from NODATA and NXDOMAIN alike.
    if (query.type === types.SOA) return this.#noData(query, zone, denial.depends)
    return respond('kubernetes', {
      rcode: rcodes.NXDOMAIN,
      aa: true,
      authority,
      reuse: reuseWhile(...denial.depends, this.#parts.index.completion.version),
    })
  }

  /** False if the name may exist although it is not in the index. */
  #knowsAll(name: Name, zone: Name): boolean {
    const { index, options } = this.#parts
    if (!index.synced) return false
    if (isMulticluster(options, zone)) return !index.lacks('ServiceImport', 'ImportedSlice')
    return !index.lacks('Pod') || labelsBelow(name, zone).at(-1) !== 'pod'
  }

  /** The name exists and has nothing of the type. */
  #noData(query: Query, zone: Name, depends: readonly Version[]): Response {
    return respond('kubernetes', { aa: true, authority: [this.#soa(query, zone)], reuse: reuseWhile(...depends) })
  }

  #positive(
    answer: readonly ResourceRecord[],
    depends: readonly Version[],
    additional: readonly ResourceRecord[] = [],
  ): Response {
    return respond('kubernetes', { aa: true, answer, additional, reuse: reuseWhile(...depends) })
  }

  /** The SOA record of the zone, its owner spelled as in the question. */
  #soa(query: Query, zone: Name): ResourceRecord {
    const { options, index } = this.#parts
    const owner = query.name.suffix(query.name.labelCount - zone.labelCount)
    const ttl = Math.min(options.ttlSeconds, soaTtlMax)
    return new ResourceRecord(owner, types.SOA, classes.IN, ttl, this.#soas.get(zone.key)!, 0, index.serial)
  }

  // ---- the zone itself -------------------------------------------------------------------------------------------------------------

  #apex(query: Query, zone: Name): Response {
    if (query.type === types.SOA) return this.#positive([this.#soa(query, zone)], [])
    if (query.type !== types.NS) return this.#noData(query, zone, [])
    const { servers, depends } = this.#reverse.servers(zone, this.#parts.localAddresses())
    if (servers.length === 0) return this.#noData(query, zone, depends)
    const { ttlSeconds } = this.#parts.options
    const names = new Map(servers.map(({ name }) => [name.key, name]))
    const records = [...names.values()].map((name) => recordOf(query.name, types.NS, ttlSeconds, name.wire))
    const glue = [...names.values()].flatMap((name) => {
      const candidates = servers.flatMap(({ name: owner, octets }) => (owner.equals(name) ? [{ octets }] : []))
      return [types.A, types.AAAA].flatMap((type) => addressRecords(name, type, ttlSeconds, candidates))
    })
    return this.#positive(records, depends, glue)
  }

  #nameServerAddresses(query: Query, zone: Name): Response {
    const { servers, depends } = this.#reverse.servers(zone, this.#parts.localAddresses())
    const candidates = servers.map(({ octets }) => ({ octets }))
    const { ttlSeconds } = this.#parts.options
    const wanted = query.type === types.A || query.type === types.AAAA
    const records = wanted ? addressRecords(query.name, query.type, ttlSeconds, candidates) : []
    return records.length > 0 ? this.#positive(records, depends) : this.#noData(query, zone, depends)
  }

  // ---- reverse zones ---------------------------------------------------------------------------------------------------------------

  // Only PTR is known here; for other types the name is left to whoever else has the zone, as CoreDNS does. A SOA query is how zones are found, so it is told
  // that a name exists where it does.
  #pointer(query: Query, zone: Name): Answered | Denial {
    if (query.type !== types.PTR && query.type !== types.SOA) return new Denial([])
    const address = addressOf(query.name)
    if (address === null) return new Denial([])
    const { names, nameless, depends } = this.#reverse.namesOf(address)
    if (names.length === 0 && !nameless) return new Denial(depends)
    if (query.type === types.SOA) return this.#noData(query, zone, depends)
    // CoreDNS sends nothing where an endpoint's name cannot be built (a slice imported from another cluster).
    if (names.length === 0) return null
    const { ttlSeconds } = this.#parts.options
    return this.#positive(
      names.map((name) => recordOf(query.name, types.PTR, ttlSeconds, name.wire)),
      depends,
    )
  }

  // ---- Services and pods -----------------------------------------------------------------------------------------------------------

  #forward(query: Query, zone: Name, parts: NameParts): Answered | Denial {
    const found = this.#find(parts, zone)
    if (!found.exists) return new Denial(found.depends)
    // CoreDNS denies TXT for `pod` and for namespaces; `svc`, like the zone, is too much to hide from caches that apply RFC 8020.
    if (
      found.bare &&
      query.type === types.TXT &&
      (parts.tree === 'pod' || parts.namespace !== '') &&
      parts.endpoint === ''
    )
      return new Denial(found.depends)
    if (found.target) return this.#alias(query, zone, found)
    const { ttlSeconds } = this.#parts.options
    if (query.type === types.A || query.type === types.AAAA) {
      const records = addressRecords(query.name, query.type, ttlSeconds, found.candidates)
      if (records.length > 0) return this.#positive(records, found.depends)
    } else if (query.type === types.SRV) {
      const { answer, additional } = serviceRecords(found.candidates, {
        owner: query.name,
        service: found.owner,
        zone,
        ttlSeconds,
        addressTtlSeconds: ttlSeconds,
        otherPorts: 0,
      })
      if (answer.length > 0) return this.#positive(answer, found.depends, additional)
    }
    return this.#noData(query, zone, found.depends)
  }

  #read(labels: readonly string[], zone: Name): NameParts | null {
    const { options } = this.#parts
    return readNameParts(labels, { zonal: options.zonal, multicluster: isMulticluster(options, zone) })
  }

  #find(parts: NameParts, zone: Name): Found {
    return this.#lookup.find(parts, isMulticluster(this.#parts.options, zone))
  }

  /** An ExternalName: its CNAME, followed for addresses. An alias inside the zone that leads to no address is left out, as CoreDNS does. */
  #alias(query: Query, zone: Name, found: Found): Answered {
    const { ttlSeconds } = this.#parts.options
    const depends = [...found.depends]
    const chain: ResourceRecord[] = []
    const seen = new Set<string>()
    let owner = query.name
    let target = found.target!
    for (;;) {
      if (owner.isSubdomainOf(target) || seen.has(target.key) || chain.length > aliasDepthMax) break
      seen.add(target.key)
      chain.push(recordOf(owner, types.CNAME, ttlSeconds, target.wire))
      if (query.type === types.CNAME) return this.#positive(chain, depends)
      if (query.type !== types.A && query.type !== types.AAAA) break
      if (!target.isSubdomainOf(zone)) return this.#follow(query, target, this.#positive(chain, depends))
      const next = this.#lookUpTarget(target, zone)
      depends.push(...(next?.depends ?? []))
      if (next?.target) {
        owner = target
        target = next.target
        continue
      }
      if (next && !next.exists && !this.#knowsAll(target, zone)) return this.deny(query, zone, new Denial(depends))
      const addresses = addressRecords(target, query.type, ttlSeconds, next?.candidates ?? [])
      if (addresses.length > 0) return this.#positive([...chain, ...addresses], depends)
      break
    }
    return this.#noData(query, zone, depends)
  }

  #lookUpTarget(target: Name, zone: Name): Found | null {
    const parts = this.#read(labelsBelow(target, zone), zone)
    return parts && parts.tree !== '' ? this.#find(parts, zone) : null
  }

  /** The target's own response decides nothing but the records: CoreDNS answers NOERROR with the alias whatever became of it. */
  #follow(query: Query, target: Name, alias: Response): Answered {
    return whenResolved(this.#parts.resolve(amendQuery(query, { name: target })), (response) =>
      combine(alias, response, { rcode: rcodes.NOERROR, tc: response.tc, authority: [], additional: [], error: null }),
    )
  }
}

const isTree = (labels: readonly string[]): boolean =>
  labels.length === 1 && (labels[0] === 'svc' || labels[0] === 'pod')

/** The address that a reverse name stands for. Of up to three nibbles too many, CoreDNS takes no notice. */
function addressOf(name: Name): string | null {
  const extra = name.labelCount - ipv6Labels
  return addressOfReverse((extra > 0 && extra < 4 ? name.suffix(extra) : name).folded)
}

/** Labels of a whole name below ip6.arpa. */
const ipv6Labels = 34

const reverseRoots = ['in-addr.arpa.', 'ip6.arpa.'].map((root) => Name.parse(root))

const isReverseName = (name: Name): boolean =>
  name.labelCount > 2 && reverseRoots.some((root) => name.isSubdomainOf(root))

/** The rdata of a zone's SOA record, with serial 0. */
export function soaOf(zone: Name, ttlSeconds: number): Uint8Array {
  return soaRdata({
    mname: Name.fromLabels(['ns', 'dns'], zone),
    rname: Name.fromLabels(['hostmaster'], zone),
    serial: 0,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttlSeconds,
  })
}
