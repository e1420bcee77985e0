// Asks what a case says and writes what came back in the shape of its `expect`.
import { randomInt } from 'node:crypto'
import type { Ask, ObservedEdns } from './case.ts'
import { askTcp, askUdp, type Route } from './transport.ts'
import { checkReply, signQuery } from './tsig.ts'
import { decodeMessage, type Message, type Question, type ResourceRecord, sectionCounts } from './wire/decode.ts'
import { encodeQuery } from './wire/encode.ts'

/** The server that is asked: where, and the ports that the variables of the Corefile stand for. */
export interface Target {
  readonly address: string
  readonly ports: Readonly<Record<string, number>>
}

/** No reply at all. */
export interface Silence {
  readonly silence: true
}

/** A reply that breaks the format; `reason` says how. */
interface Undecodable {
  readonly undecodable: string
}

/** A reply to a query in fields; a transfer has the records of all its messages in `answer`. */
export interface Reply {
  readonly rcode: string
  readonly opcode: string
  readonly flags: Readonly<Record<string, boolean>>
  readonly question: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  readonly edns?: ObservedEdns
  /** Bytes, of a truncated reply. */
  readonly size?: number
  readonly tsigValid?: boolean
}

/** A reply to raw bytes: its header, and what follows it as far as it can be read. */
export interface RawReply {
  readonly id: number
  /** The 16 bits after the id, hexadecimal. */
  readonly flags: string
  readonly counts: readonly number[]
  readonly undecodable?: true
  readonly rcode?: string
  readonly opcode?: string
  readonly question?: readonly Question[]
  readonly answer?: readonly ResourceRecord[]
}

export type Observation = Silence | Undecodable | Reply

const silence: Silence = { silence: true }

function routeOf(ask: Ask, target: Target, timeoutMs: number): Route {
  const variable = ask.port ?? 'DNS_PORT'
  const port = target.ports[variable]
  if (port === undefined) throw new Error(`no port is called ${variable}`)
  return { address: ask.server ?? target.address, port, source: ask.src, timeoutMs: ask.timeout ?? timeoutMs }
}

/** Sends the bytes of `ask.raw` and reports the header of the reply. */
export async function askRaw(ask: Ask, target: Target): Promise<Silence | RawReply> {
  const message = Buffer.from(ask.raw ?? '', 'hex')
  const route = routeOf(ask, target, 6000)
  const reply =
    ask.transport === 'tcp'
      ? (await askTcp(message, route, { framed: ask.rawStream ?? false }))[0]
      : await askUdp(message, route)
  if (!reply) return silence
  if (reply.length < 12) return { id: -1, flags: `${reply.length} bytes`, counts: [], undecodable: true }
  const header = {
    id: reply.readUInt16BE(0),
    flags: reply.subarray(2, 4).toString('hex'),
    counts: sectionCounts(reply),
  }
  try {
    const { rcode, opcode, question, answer } = decodeMessage(reply)
    return { ...header, rcode, opcode, question, answer }
  } catch {
    return { ...header, undecodable: true }
  }
}

/** Asks one query (signed, or as a transfer, if the case says so). */
export async function askQuery(ask: Ask, target: Target): Promise<Observation> {
  if (!ask.query) throw new Error('a case without a query')
  const id = randomInt(0x10000)
  const plain = encodeQuery(ask.query, id)
  const signed = ask.tsig ? signQuery(plain, ask.tsig, Math.floor(Date.now() / 1000)) : undefined
  const replies = await exchange(signed?.message ?? plain, ask, target)
  const [first] = replies
  if (!first) return silence
  try {
    const messages = replies.map(decodeReply)
    const [head] = messages
    if (!head) return silence
    const mismatch = messages.find((message) => message.id !== id || !message.qr || message.trailing > 0)
    if (mismatch) return { undecodable: misfit(mismatch, id) }
    const tsigValid = ask.tsig && signed ? checkReply(first, ask.tsig, signed.mac) : undefined
    return { ...shape(head, messages), ...(tsigValid === undefined ? {} : { tsigValid }) }
  } catch (fault) {
    return { undecodable: fault instanceof Error ? fault.message : String(fault) }
  }
}

const decodeReply = (reply: Buffer): Message => decodeMessage(reply)

function misfit(message: Message, id: number): string {
  if (message.id !== id) return `id ${message.id} instead of ${id}`
  return message.qr ? `${message.trailing} bytes behind the last record` : 'the QR bit is not set'
}

const isTransfer = (ask: Ask): boolean =>
  ask.transport === 'tcp' && (ask.query?.type === 'AXFR' || ask.query?.type === 'IXFR')

async function exchange(message: Buffer, ask: Ask, target: Target): Promise<readonly Buffer[]> {
  if (isTransfer(ask)) return askTcp(message, routeOf(ask, target, 4000), { complete: transferComplete })
  const route = routeOf(ask, target, 6000)
  if (ask.transport === 'tcp') return askTcp(message, route)
  const reply = await askUdp(message, route)
  return reply ? [reply] : []
}

/** A transfer ends with the SOA it began with (RFC 5936 section 2.2), or at once if it is refused. */
function transferComplete(replies: readonly Buffer[]): boolean {
  try {
    const messages = replies.map(decodeReply)
    const records = messages.flatMap((message) => message.answer)
    const [first] = records
    if (messages[0]?.rcode !== 'NOERROR' || first?.type !== 'SOA') return true
    if (records.length === 1) return messages[0].question[0]?.type === 'IXFR'
    const last = records.at(-1)
    return last?.type === 'SOA' && last.rdata === first.rdata
  } catch {
    return true
  }
}

function shape(head: Message, messages: readonly Message[]): Reply {
  const { aa, tc, ra, ad, rd, cd } = head.flags
  return {
    rcode: head.rcode,
    opcode: head.opcode,
    flags: { aa, tc, ra, ad, rd, cd },
    question: head.question,
    answer: messages.flatMap((message) => message.answer),
    authority: head.authority,
    additional: head.additional,
    ...(head.edns ? { edns: shapeEdns(head.edns) } : {}),
    ...(tc && messages.length === 1 ? { size: head.size } : {}),
  }
}

function shapeEdns(edns: NonNullable<Message['edns']>): ObservedEdns {
  return {
    size: edns.size,
    do: edns.do,
    ...(edns.version === 0 ? {} : { version: edns.version }),
    ...(edns.options.length === 0 ? {} : { options: edns.options }),
  }
}
