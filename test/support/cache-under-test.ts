// For the tests of *cache*: a cache above scripted replies, in the hands of a test's clock, without a server around it.

import { AnswerCache } from '../../plugins/cache/answer-cache.ts'
import { parseCache } from '../../plugins/cache/config.ts'
import { Directive, type Token } from '../../plugins/directive.ts'
import type { Answered, BlockSettings, Clock, Host } from '../../plugins/plugin.ts'
import type { Query } from '../../plugins/query.ts'
import { fail, type Response, respond } from '../../plugins/response.ts'
import { Name } from '../../wire/name.ts'
import { formatRecord, parseRecord } from '../../wire/presentation.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { rcodeName, rcodes } from '../../wire/registry.ts'
import { queryOf } from './query.ts'

/** A reply from below in presentation format; an rcode alone, or null for no answer at all (all upstreams are down). */
export type Reply =
  | (Partial<Omit<Response, 'answer' | 'authority' | 'additional' | 'rcode'>> & {
      readonly rcode?: keyof typeof rcodes
      readonly answer?: readonly string[]
      readonly authority?: readonly string[]
      readonly additional?: readonly string[]
    })
  | keyof typeof rcodes
  | null

/** How a question is asked. */
export interface AskOptions {
  readonly do?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly rd?: boolean
}

/** The tokens of a directive as the Corefile parser makes them. */
export function directiveOf(text: string): Directive {
  const tokens = text
    .split('\n')
    .flatMap((line, index): Token[] =>
      [...line.matchAll(/\S+/g)].map(([word]) => ({ text: word, file: 'Corefile', line: index + 1 })),
    )
  return new Directive('cache', 'Corefile', tokens)
}

/** The response to `question` that a reply in text stands for. */
export function responseOf(reply: Exclude<Reply, null>): Response {
  if (typeof reply === 'string') return respond('forward', { rcode: rcodes[reply] })
  const { rcode = 'NOERROR', answer = [], authority = [], additional = [], ...rest } = reply
  return respond('forward', {
    ...rest,
    rcode: rcodes[rcode],
    answer: answer.map(record),
    authority: authority.map(record),
    additional: additional.map(record),
  })
}

const record = (text: string): ResourceRecord => parseRecord(text)

/** A cache over replies: the nth question for a name gets the nth reply, the last one again and again. */
export class CacheUnderTest {
  readonly below = new Map<string, readonly Reply[]>()
  readonly asked: Query[] = []
  readonly errors: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #clock: Clock
  readonly #cache: AnswerCache
  /** Milliseconds that a reply from below takes; 0 is at once. */
  delayMs = 0

  constructor(clock: Clock, directive: string, settings: { readonly compat?: boolean } = {}) {
    this.#clock = clock
    const host = this.#host(settings.compat ?? false)
    this.#cache = new AnswerCache(parseCache(directiveOf(directive), host.block.zones), host)
  }

  /** The response as it comes out of the cache; null is silence. */
  answer(question: string, options: AskOptions = {}): Answered {
    const { do: dnssecOk, ...flags } = options
    const edns = dnssecOk ? { udpSize: 1232, version: 0, do: true, z: 0, extendedRcode: 0, options: [] } : null
    const query = queryOf(question, { ...flags, edns })
    const next = (below: Query): Answered => this.#next(below)
    return this.#cache.takes(query) ? this.#cache.answer(query, next) : next(query)
  }

  /** The response as text: rcode and header bits, then records with their TTLs as a client would see them now. */
  async ask(question: string, options: AskOptions = {}): Promise<string[]> {
    return this.text(await this.answer(question, options))
  }

  /** A response as `ask` shows it. */
  text(response: Response | null): string[] {
    if (!response) return ['silence']
    const now = this.#clock.now()
    const section = (records: readonly ResourceRecord[], letter: string): string[] =>
      records.map((one) => `${letter}${formatRecord(one.withTtl(one.ttlAt(now)))}`)
    const flags = [response.aa ? ' aa' : '', response.ad ? ' ad' : ''].join('')
    return [
      rcodeName(response.rcode) + flags,
      ...section(response.answer, ''),
      ...section(response.authority, 'N '),
      ...section(response.additional, 'E '),
      ...response.ede.map(({ code }) => `EDE ${code}`),
    ]
  }

  /** How often something was asked below: `'www.example.'`. */
  count(name: string): number {
    return this.asked.filter((query) => query.name.folded === name).length
  }

  /** The value of a metric, such as `hits_total success`. */
  metric(series: string): number {
    return this.#counts.get(series) ?? 0
  }

  #next(query: Query): Answered {
    this.asked.push(query)
    const replies = this.below.get(query.name.folded) ?? ['REFUSED']
    const reply = replies[Math.min(this.count(query.name.folded), replies.length) - 1]!
    const response = reply === null ? fail(rcodes.SERVFAIL, 'no healthy proxies') : responseOf(reply)
    if (this.delayMs === 0) return response
    return new Promise((resolve) => this.#clock.after(this.delayMs, () => resolve(response)))
  }

  #series(name: string, add: (by: number, before: number) => number) {
    return (...labels: readonly string[]) => {
      const type = labels.length === 4 ? ` ${labels[1]}` : ''
      const key = name.replace('coredns_cache_', '') + type
      const change = (by: number): void => void this.#counts.set(key, add(by, this.metric(key)))
      return { increment: (by = 1) => change(by), set: (value: number) => change(value) }
    }
  }

  #host(compat: boolean): Host {
    const sum = (by: number, before: number): number => before + by
    const last = (by: number): number => by
    const unused = (): never => {
      throw new Error('the cache has no use for this')
    }
    return {
      block: {
        zones: [Name.root],
        key: '.',
        settings: { compat, view: '' } as BlockSettings,
        servers: [],
        has: () => false,
      },
      clock: this.#clock,
      threads: 1,
      random: () => 0.5,
      log: {
        debug: unused,
        info: unused,
        warning: unused,
        line: unused,
        error: (text) => void this.errors.push(text),
      },
      metrics: {
        counter: ({ name }) => ({ with: this.#series(name, sum), reset: unused }),
        gauge: ({ name }) => ({ with: this.#series(name, last), reset: unused }),
        histogram: unused,
      },
      path: unused,
      onStart: unused,
      onStop: unused,
      onReady: unused,
      observe: unused,
      offerMetadata: unused,
      offer: unused,
      offered: unused,
      resolve: unused,
      service: unused,
      inPieces: unused,
    }
  }
}
