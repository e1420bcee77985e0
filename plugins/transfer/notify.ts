// The service that tells secondaries of new serials (RFC 1996): once a process, however many serving threads see the change. A NOTIFY names no serial, so one that has
// not been sent yet also tells of all that came after it.
//
//   thread ─ Changed ─┐
//   thread ─ Changed ─┴► known serial? ─ no ─► waiting: zone × secondary ─ notifiesAtOnce ─► up to 3 tries ─► accepted, or a warning

import { isFault } from '../../wire/fault.ts'
import { decodeMessage, encodeMessage, flagBits } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { classes, opcodes, rcodeName, rcodes, types } from '../../wire/registry.ts'
import { quote } from '../number.ts'
import { defineService, type RunningService, type ServiceContext, type Timer } from '../plugin.ts'
import type { Secondary } from './config.ts'
import { notifiesAtOnce, notifiesWaitingMax, notifyTriesMax, notifyTryMs } from './limits.ts'
import { type Exchange, type OpenExchange, openUdp } from './notify-exchange.ts'

/** Whom a service tells. */
export interface NotifyOptions {
  readonly secondaries: readonly Secondary[]
  /** The address it is sent from; null: whichever the system chooses. */
  readonly source: string | null
}

/** What a serving thread says: a zone of a server block has this serial now. */
export interface Changed {
  readonly block: string
  readonly zone: string
  readonly serial: number
}

/** The service; one for all rules with the same secondaries. */
export const notify = defineService<NotifyOptions>({
  start: (options, context) => new Notifier(options, context, openUdp),
})

interface Notice {
  readonly zone: string
  readonly secondary: Secondary
}

/** Sends the notices of one set of secondaries. */
class Notifier implements RunningService {
  readonly #options: NotifyOptions
  readonly #context: ServiceContext
  readonly #open: OpenExchange
  /** The last serial told, by block and zone. */
  readonly #serials = new Map<string, number>()
  readonly #waiting = new Map<string, Notice>()
  readonly #underWay = new Set<Exchange>()
  #stopped = false

  constructor(options: NotifyOptions, context: ServiceContext, open: OpenExchange) {
    this.#options = options
    this.#context = context
    this.#open = open
  }

  snapshot(): undefined {
    return undefined
  }

  receive(message: object): void {
    const { block, zone, serial } = message as Changed
    const key = `${block} ${zone}`
    if (this.#serials.get(key) === serial) return
    this.#serials.set(key, serial)
    for (const secondary of this.#options.secondaries) this.#wait({ zone, secondary })
    this.#start()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.clear()
    for (const exchange of this.#underWay) exchange.close()
  }

  #wait(notice: Notice): void {
    const { zone, secondary } = notice
    const key = `${zone} ${labelOf(secondary)}`
    if (!this.#waiting.has(key) && this.#waiting.size >= notifiesWaitingMax) {
      this.#failed(notice, 'too many are waiting')
      return
    }
    this.#waiting.set(key, notice)
  }

  #start(): void {
    for (const [key, notice] of this.#waiting) {
      if (this.#underWay.size >= notifiesAtOnce) return
      this.#waiting.delete(key)
      this.#tell(notice)
    }
  }

  #tell(notice: Notice): void {
    const { clock } = this.#context
    const exchange = this.#open({ ...notice.secondary, source: this.#options.source })
    const query = notification(notice.zone, Math.floor(this.#context.random() * 0x10000))
    let tries = 0
    // The last reason counts: a secondary that was away may be back, one that refuses may not.
    let reason = quote('i/o timeout')
    let timer: Timer | null = null
    const over = (failure: string | null): void => {
      timer?.cancel()
      exchange.close()
      if (!this.#underWay.delete(exchange) || this.#stopped) return
      if (failure === null) this.#count('accepted')
      else this.#failed(notice, failure)
      this.#start()
    }
    const attempt = (): void => {
      if (this.#stopped) return
      if (tries++ >= notifyTriesMax) {
        over(reason)
        return
      }
      timer = clock.after(notifyTryMs, attempt)
      exchange.send(query)
    }
    exchange.heard = (reply) => {
      const rcode = rcodeOf(reply, query)
      if (rcode === null) return
      if (rcode === rcodes.NOERROR) over(null)
      else reason = `rcode was ${quote(rcodeName(rcode))}`
    }
    exchange.failed = (error) => {
      reason = quote(error.message)
    }
    this.#underWay.add(exchange)
    attempt()
  }

  #failed({ zone, secondary }: Notice, reason: string): void {
    this.#count('failed')
    this.#context.log.warning(
      `notify for zone ${quote(zone)} was not accepted by ${quote(labelOf(secondary))}: ${reason}`,
    )
  }

  #count(result: 'accepted' | 'failed'): void {
    const spec = {
      name: 'meridian_transfer_notify_total',
      help: 'Counter of NOTIFYs, by whether the secondary accepted one.',
      labels: ['result'],
    }
    this.#context.metrics.counter(spec).with(result).increment()
  }
}

const labelOf = ({ address, port }: Secondary): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** RFC 1996 3.6: the question is the zone's SOA. Which serial it has the secondary asks itself. */
function notification(zone: string, id: number): Uint8Array {
  return encodeMessage({
    id,
    flags: flagBits.aa,
    opcode: opcodes.NOTIFY,
    rcode: rcodes.NOERROR,
    questions: [{ name: Name.parse(zone), type: types.SOA, class: classes.IN }],
    answer: [],
    authority: [],
    additional: [],
    edns: null,
  })
}

/** The rcode of a reply; null for what is no reply to `query` (RFC 1996 3.8). */
function rcodeOf(reply: Uint8Array, query: Uint8Array): number | null {
  const message = decodeMessage(reply)
  if (isFault(message) || (message.flags & flagBits.qr) === 0) return null
  if (message.opcode !== opcodes.NOTIFY || reply[0] !== query[0] || reply[1] !== query[1]) return null
  return message.rcode
}
