// What the upstream of the suites says: a pure function of the queried name (its first label), of the address that was asked and
// of how often the question has been seen. The labels are part of the format of the cases; README.md lists them.
import type { Message } from './wire/decode.ts'
import { counted8, encodeName, encodeRecord, u16, u32 } from './wire/encode.ts'
import { rcodeNumber } from './wire/registry.ts'
import { parseAddress } from './wire/text.ts'

/** A reply before it is encoded; the records are bytes. */
export interface UpstreamReply {
  rcode: number
  aa: boolean
  ra: boolean
  ad: boolean
  tc: boolean
  answer: Buffer[]
  authority: Buffer[]
  additional: Buffer[]
  /** Another question than the one that was asked. */
  question?: { readonly name: string; readonly type: string }
}

/** A query as the upstream sees it. */
export interface UpstreamQuery {
  readonly message: Message
  readonly name: string
  readonly type: string
  readonly transport: 'udp' | 'tcp'
  /** The last octet of the address that was asked, 1 to 8. */
  readonly host: number
  /** Which query for this name and type it is, from 1. */
  readonly occurrence: number
}

const strings = (...texts: string[]): Buffer =>
  Buffer.concat(texts.map((text) => counted8(Buffer.from(text, 'latin1'))))

const record = (name: string, type: string, ttl: number, ...rdata: Buffer[]): Buffer =>
  encodeRecord({ name, type, ttl, rdata: Buffer.concat(rdata) })

function soa(name: string, ttl: number, minimum: number): Buffer {
  // The SOA of the root is malformed, each name has a byte too many: the cases were recorded with it, and a server that passes on
  // what it cannot read would be wrong.
  const below = (label: string): Buffer =>
    name === '.' ? Buffer.concat([encodeName(`${label}.`), Buffer.of(0)]) : encodeName(`${label}.${name}`)
  const timers = [7, 3600, 600, 86400, minimum].map(u32)
  return record(name, 'SOA', ttl, below('ns1'), below('admin'), ...timers)
}

const emptyReply = (): UpstreamReply => ({
  rcode: 0,
  aa: false,
  ra: true,
  ad: false,
  tc: false,
  answer: [],
  authority: [],
  additional: [],
})

/** The reply to a query, or null for none. Addresses 3 to 8 have one answer for everything. */
export function upstreamReply(query: UpstreamQuery): UpstreamReply | null {
  const [first = '', ...others] = query.name.toLowerCase().split('.')
  const scene = new Scene(query, others.join('.') || '.')
  if (query.host === 3) return scene.failed('SERVFAIL')
  if (query.host === 4) return scene.failed('REFUSED')
  if (query.host === 5) return scene.denied('NXDOMAIN', 60, 30)
  if (query.host === 6) return null
  if (query.host === 7 && query.transport === 'udp') return { ...emptyReply(), tc: true }
  if (query.host === 8) return scene.denied('NOERROR', 60, 30)
  // HINFO is what a server's health check may ask with names of its own
  if (query.type === 'HINFO' && scene.parent !== 'hinfo.test.') return scene.denied('NXDOMAIN', 5, 5)
  for (const [pattern, behaviour] of behaviours) {
    const match = pattern.exec(first)
    if (match) return behaviour(scene, ...match.slice(1))
  }
  const isReverse = /\.(in-addr|ip6)\.arpa\.$/.test(query.name.toLowerCase())
  return isReverse && query.type === 'PTR' ? scene.records(60) : scene.denied('NXDOMAIN', 60, 30)
}

type Behaviour = (scene: Scene, ...parameters: string[]) => UpstreamReply | null

/** First labels and what they do; the groups are the numbers in the label. */
const behaviours: readonly (readonly [RegExp, Behaviour])[] = [
  [/^id$/, (scene) => scene.with({ answer: [record(scene.name, 'TXT', 60, strings(`127.0.0.${scene.query.host}`))] })],
  [/^echo$/, (scene) => scene.with({ answer: [record(scene.name, 'TXT', 60, strings(...received(scene.query)))] })],
  [/^t(\d+)$/, (scene, ttl) => scene.records(Number(ttl))],
  [/^m(\d+)-(\d+)$/, (scene, count, ttl) => scene.records(Number(ttl), { count: Number(count) })],
  [/^big(\d+)$/, (scene, count) => scene.records(60, { count: Number(count) })],
  [/^nx(\d+)-(\d+)$/, (scene, ttl, minimum) => scene.denied('NXDOMAIN', Number(ttl), Number(minimum))],
  [/^nd(\d+)-(\d+)$/, (scene, ttl, minimum) => scene.denied('NOERROR', Number(ttl), Number(minimum))],
  [/^nxnosoa$/, (scene) => scene.failed('NXDOMAIN')],
  [/^empty$/, (scene) => scene.with({})],
  [/^(servfail|refused|formerr|notimp|yxdomain)$/, (scene, rcode = '') => scene.failed(rcode.toUpperCase())],
  [/^drop$/, () => null],
  [/^cn(\d+)-(.+)$/, (scene, ttl, target) => scene.alias(Number(ttl), target ?? '')],
  [/^cnx(\d+)$/, (scene, ttl) => scene.alias(Number(ttl), 'nowhere')],
  [/^seq(\d+)$/, (scene, ttl) => scene.records(Number(ttl), { octet: scene.query.occurrence & 255 })],
  [/^flaky(\d+)$/, (scene, ttl) => (scene.isFirst ? scene.records(Number(ttl)) : scene.failed('SERVFAIL'))],
  [/^lame(\d+)$/, (scene, ttl) => (scene.isFirst ? scene.records(Number(ttl)) : null)],
  [/^late(\d+)$/, (scene, ttl) => (scene.isFirst ? scene.failed('SERVFAIL') : scene.records(Number(ttl)))],
  [/^gone(\d+)$/, (scene, ttl) => (scene.isFirst ? scene.records(Number(ttl)) : scene.denied('NXDOMAIN', 60, 30))],
  [/^v4only(\d+)$/, (scene, ttl) => scene.only('A', Number(ttl))],
  [/^v6only(\d+)$/, (scene, ttl) => scene.only('AAAA', Number(ttl))],
  [
    /^mix(\d+)-(\d+)$/,
    (scene, ttl, other) => ({ ...scene.referral(Number(other)), answer: scene.data(Number(ttl), { count: 2 }) }),
  ],
  [/^ad(\d+)$/, (scene, ttl) => ({ ...scene.records(Number(ttl)), ad: true })],
  [/^ra0(\d+)$/, (scene, ttl) => ({ ...scene.records(Number(ttl)), ra: false })],
  [/^aa(\d+)$/, (scene, ttl) => ({ ...scene.records(Number(ttl)), aa: true })],
  [/^ref(\d+)$/, (scene, ttl) => scene.referral(Number(ttl))],
  [/^wrongq$/, (scene) => scene.misleading(`other.${scene.parent}`, scene.type)],
  [/^wrongtype$/, (scene) => scene.misleading(scene.name, 'TXT')],
]

/** The strings of `echo`: what arrived here. */
function received({ message, name, transport }: UpstreamQuery): string[] {
  const { flags, edns } = message
  const bit = (flag: boolean): number => (flag ? 1 : 0)
  const options = edns?.options.map((option) => `${option.code}:${option.data}`) ?? []
  return [
    `name=${name}`,
    `transport=${transport}`,
    `class=${message.question[0]?.class}`,
    `rd=${bit(flags.rd)} ad=${bit(flags.ad)} cd=${bit(flags.cd)}`,
    edns ? `edns=${edns.size} do=${bit(edns.do)}` : 'edns=none',
    `options=${options.join(',')}`,
  ]
}

interface DataOptions {
  readonly name?: string
  readonly type?: string
  readonly count?: number
  /** The last octet of an address, instead of the number of the record. */
  readonly octet?: number
}

/** One query, and the replies that can be made for it. */
class Scene {
  readonly query: UpstreamQuery
  /** The name without its first label. */
  readonly parent: string

  constructor(query: UpstreamQuery, parent: string) {
    this.query = query
    this.parent = parent
  }

  get name(): string {
    return this.query.name
  }

  get type(): string {
    return this.query.type
  }

  get isFirst(): boolean {
    return this.query.occurrence === 1
  }

  with(parts: Partial<UpstreamReply>): UpstreamReply {
    return { ...emptyReply(), ...parts }
  }

  failed(rcode: string): UpstreamReply {
    return this.with({ rcode: rcodeNumber(rcode) })
  }

  denied(rcode: string, ttl: number, minimum: number): UpstreamReply {
    return this.with({ rcode: rcodeNumber(rcode), authority: [soa(this.parent, ttl, minimum)] })
  }

  records(ttl: number, options: DataOptions = {}): UpstreamReply {
    return this.with({ answer: this.data(ttl, options) })
  }

  only(type: string, ttl: number): UpstreamReply {
    return this.type === type ? this.records(ttl) : this.denied('NOERROR', 60, 30)
  }

  /** A CNAME to `label` under the same parent, with what `t` and `nx` labels say there. */
  alias(ttl: number, label: string): UpstreamReply {
    const name = `${label}.${this.parent}`
    const answer = [record(this.name, 'CNAME', ttl, encodeName(name))]
    if (this.type === 'CNAME') return this.with({ answer })
    const [, targetTtl] = /^t(\d+)$/.exec(label) ?? []
    if (targetTtl !== undefined) return this.with({ answer: [...answer, ...this.data(Number(targetTtl), { name })] })
    const [, soaTtl, minimum] = /^nx(\d+)-(\d+)$/.exec(label) ?? []
    return soaTtl === undefined
      ? this.with({ answer })
      : { ...this.denied('NXDOMAIN', Number(soaTtl), Number(minimum)), answer }
  }

  referral(ttl: number): UpstreamReply {
    const server = `ns1.${this.parent}`
    return this.with({
      authority: [record(this.parent, 'NS', ttl, encodeName(server))],
      additional: [record(server, 'A', ttl, parseAddress('192.0.2.1'))],
    })
  }

  /** The answer to another question. */
  misleading(name: string, type: string): UpstreamReply {
    return { ...this.records(60, { name, type }), question: { name, type } }
  }

  /** `count` records of the queried type, numbered from 1; none of a type that has no data here. */
  data(ttl: number, { name = this.name, type = this.type, count = 1, octet }: DataOptions = {}): Buffer[] {
    const network = this.query.host === 2 ? [198, 51, 100] : [203, 0, 113]
    const single = type === 'SOA' || type === 'CNAME' || type === 'DNAME'
    return Array.from({ length: single ? Math.min(count, 1) : count }, (_, index) => index + 1).flatMap((number) => {
      if (type === 'SOA') return [soa(name, ttl, 60)]
      const rdata = rdataOf(type, { name, ttl, network, number, count, octet })
      return rdata ? [record(name, type, ttl, rdata)] : []
    })
  }
}

interface Item {
  readonly name: string
  readonly ttl: number
  readonly network: readonly number[]
  readonly number: number
  readonly count: number
  readonly octet: number | undefined
}

function rdataOf(type: string, { name, ttl, network, number, count, octet }: Item): Buffer | undefined {
  if (type === 'A') return Buffer.from([...network, octet ?? number])
  if (type === 'AAAA') return parseAddress(`2001:db8:${(network[2] ?? 0).toString(16)}::${number.toString(16)}`)
  if (type === 'MX') return Buffer.concat([u16(10 * number), encodeName(`mail${number}.${name}`)])
  if (type === 'SRV') {
    return Buffer.concat([u16(1), u16(10 * number), u16(5000 + number), encodeName(`srv${number}.${name}`)])
  }
  if (type === 'TXT') return strings(`text ${number} of ${count}`, 'two')
  if (type === 'PTR') return encodeName(`host${number}.reverse.test.`)
  if (type === 'NS') return encodeName(`ns${number}.${name}`)
  if (type === 'NAPTR') {
    return Buffer.concat([u16(100), u16(10 * number), strings('S', 'SIP+D2U', ''), encodeName(`_sip._udp.${name}`)])
  }
  if (type === 'CNAME') return encodeName(`t${ttl}.alias.${name}`)
  if (type === 'DNAME') return encodeName(`moved.${name}`)
  return undefined
}
