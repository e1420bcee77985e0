// One chaos run: a real server on an API server, faults and changes one after another, and all the time questions.
//
//   seed ─► faults, changes ─► API server ─► watch ─► bin/meridian ◄── questions ── askers
//                   └────────► oracle ─► expectations ─► judge ◄────── answers ───────┘
//
// After some events all faults are lifted and nothing happens for a second. Then every single answer must be right.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, Faults } from '../support/api-server/faults.ts'
import type { KubernetesObject } from '../support/api-server/kubernetes-object.ts'
import { httpGet } from '../support/http.ts'
import { seededRandom } from '../support/questions.ts'
import { WatchedServer } from '../support/watched-server.ts'
import { Asker } from './asker.ts'
import { Judge } from './judge.ts'
import { type ClusterObjects, Oracle, outsideAddress } from './oracle.ts'
import { beginning, questions, type Rules, type Step, Universe } from './universe.ts'

/** A cluster that can be written to. Where there are no faults, nothing goes wrong but reloads. */
export interface ChaosCluster extends ClusterObjects {
  /** What *kubernetes* says of the way to it. */
  readonly access: string
  readonly rules: Rules
  readonly faults: Faults | null
  put(objects: readonly KubernetesObject[]): unknown
  delete(plural: string, namespace: string, name: string): unknown
}

/** What a run does. */
export interface ChaosOptions {
  readonly seed: number
  /** Faults and changes in all. */
  readonly events: number
  /** The directive, with its block. */
  readonly cache: string
  /** The server keeps the bounds that it has in production, which is too long for this: to see that a run can fail. */
  readonly patient: boolean
  readonly progress: (text: string) => void
}

/** What came of it. */
export interface ChaosResult {
  readonly judge: Judge
  /** How often each fault and each change was. */
  readonly faults: ReadonlyMap<string, number>
  readonly changes: ReadonlyMap<string, number>
  readonly quietSeconds: number
  /** What the server counted of its watch: `api_errors_total silent 12`. */
  readonly counted: readonly string[]
}

/**
 * How long a late answer may stay, in milliseconds: a watch that has frozen is cut after 400, one that lost an event is found out by a check within 350; then comes a list.
 * The rest is for answers that are delayed by 300 on top, twice, and for a machine that has other things to do.
 */
export const lateMsMax = 1_500
const quietMs = 1_000
/** Bookmarks must come more often than the server's bound on silence. */
export const bookmarkEveryMs = 100

const faultShare = 0.4
const reloadShare = 0.05
const faultsAtOnce = 2
const faultMsMax = 500
const pauseMsMax = 60
const quietAfterMin = 8
const quietAfterMax = 16
/** Askers for what must never be wrong, and for the rest. */
const askers = { certain: 2, changing: 2 }
const questionsAtOnce = 8

/** While these last, nobody can be told anything new. */
const withholding = /^(refuseConnections|expireTokens|freeze \{|wrongShape)/

const shortTiming = new URL('./short-timing.ts', import.meta.url).href

const corefile = (access: string, cache: string): string => `
.:PORT {
    bind 127.0.0.1
    errors
    prometheus 127.0.0.1:PORT1
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        ${access}
        apiserver_qps 1000
        apiserver_burst 1000
    }
    ${cache}
    template IN A example.org {
        answer "{{ .Name }} 60 IN A ${outsideAddress}"
    }
    template IN AAAA example.org {
        rcode NOERROR
    }
}
`

/** Runs it. Rejects if the server does not start, or ends. */
export async function runChaos(cluster: ChaosCluster, options: ChaosOptions): Promise<ChaosResult> {
  await cluster.put(beginning)
  const server = await WatchedServer.start({
    corefile: corefile(cluster.access, options.cache),
    environment: options.patient ? {} : { NODE_OPTIONS: `--import ${shortTiming}` },
  })
  const run = new ChaosRun(cluster, server, options)
  try {
    return await run.run()
  } finally {
    cluster.faults?.lift()
    await server.close()
  }
}

class ChaosRun {
  readonly #cluster: ChaosCluster
  readonly #server: WatchedServer
  readonly #options: ChaosOptions
  readonly #random: () => number
  readonly #universe: Universe
  readonly #judge = new Judge(questions, lateMsMax)
  readonly #active = new Set<Promise<void>>()
  readonly #faults = new Map<string, number>()
  readonly #changes = new Map<string, number>()
  #quietSeconds = 0
  #over = false

  constructor(cluster: ChaosCluster, server: WatchedServer, options: ChaosOptions) {
    this.#cluster = cluster
    this.#server = server
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#universe = new Universe(this.#random, cluster.rules)
  }

  async run(): Promise<ChaosResult> {
    const asker = await Asker.connect(this.#server.port)
    this.#expect(performance.now())
    try {
      await this.#everythingIsRight(asker)
      const asking = this.#askAllTheTime(asker)
      try {
        await this.#happen(asker)
      } finally {
        this.#over = true
        await asking
      }
      for (const line of this.#server.faults) this.#judge.complain(`the log tells of a bug: ${line}`)
      return {
        judge: this.#judge,
        faults: this.#faults,
        changes: this.#changes,
        quietSeconds: this.#quietSeconds,
        counted: await this.#counted(),
      }
    } finally {
      asker.close()
    }
  }

  // ---- what happens --------------------------------------------------------------------------------------------------------------

  async #happen(asker: Asker): Promise<void> {
    const { events, progress } = this.#options
    for (let event = 1, quietAt = 0; event <= events; event++) {
      if (this.#server.code !== undefined) throw new Error(`the server ended:\n${this.#server.tail.join('\n')}`)
      if (this.#random() < faultShare) await this.#fault()
      else await this.#change()
      await sleep(this.#random() * pauseMsMax)
      if (event % 100 === 0)
        progress(`${event} events, ${this.#judge.compared} answers, ${this.#judge.complaintCount} complaints`)
      if (event < quietAt && event < events) continue
      if (quietAt > 0) await this.#quiet(asker)
      quietAt = event + quietAfterMin + Math.floor(this.#random() * (quietAfterMax - quietAfterMin))
    }
  }

  async #fault(): Promise<void> {
    const { faults } = this.#cluster
    if (!faults || this.#random() < reloadShare) {
      count(this.#faults, 'reload')
      this.#server.signal('SIGUSR1')
      return
    }
    if (this.#active.size >= faultsAtOnce) await Promise.race(this.#active)
    const fault = faults.strike(this.#random)
    count(this.#faults, nameOf(fault))
    const ending = this.#last(fault, this.#random() * faultMsMax).finally(() => this.#active.delete(ending))
    this.#active.add(ending)
  }

  async #last(fault: Fault, ms: number): Promise<void> {
    const withholds = withholding.test(fault.name)
    if (withholds) this.#judge.withhold()
    await sleep(ms)
    fault.lift()
    if (withholds) this.#judge.release()
  }

  async #change(): Promise<void> {
    const change = this.#universe.change(this.#cluster)
    if (!change) return
    count(this.#changes, change.what)
    for (const step of change.steps) {
      const from = performance.now()
      await this.#take(step)
      this.#expect(from)
    }
  }

  async #take(step: Step): Promise<void> {
    if ('put' in step) await this.#cluster.put([step.put])
    else await this.#cluster.delete(...step.remove)
  }

  #expect(from: number): void {
    const oracle = new Oracle(this.#cluster)
    this.#judge.expect((question) => oracle.answer(question), from, performance.now())
  }

  // ---- what is asked -------------------------------------------------------------------------------------------------------------

  async #quiet(asker: Asker): Promise<void> {
    await Promise.all(this.#active)
    // Faults that wait for a request that has not come yet end here too.
    this.#cluster.faults?.lift()
    await sleep(quietMs)
    this.#quietSeconds++
    await this.#everythingIsRight(asker)
  }

  async #everythingIsRight(asker: Asker): Promise<void> {
    for (const question of all) {
      const heard = await this.#ask(asker, question)
      if (heard !== null && !this.#judge.isRight(question, heard))
        this.#judge.complain(`${question} is ${heard} and not ${this.#judge.expected(question)} after a quiet second`)
    }
  }

  async #askAllTheTime(asker: Asker): Promise<void> {
    const certain = [...questions.still, ...questions.steady]
    const loops = [
      ...Array.from({ length: askers.certain }, () => certain),
      ...Array.from({ length: askers.changing }, () => questions.changing),
    ]
    await Promise.all(loops.map((asked, loop) => this.#askInTurn(asker, asked, loop)))
  }

  async #askInTurn(asker: Asker, asked: readonly string[], loop: number): Promise<void> {
    for (let next = Math.floor((loop * asked.length) / 3); !this.#over; ) {
      const some = Array.from({ length: questionsAtOnce }, () => asked[next++ % asked.length]!)
      await Promise.all(some.map((question) => this.#ask(asker, question)))
      await sleep(1)
    }
  }

  async #ask(asker: Asker, question: string): Promise<string | null> {
    const heard = await asker.ask(question)
    if (heard) this.#judge.heard(question, heard.answer, heard.sentAt, heard.receivedAt)
    else this.#judge.complain(`${question} was not answered`)
    return heard?.answer ?? null
  }

  async #counted(): Promise<string[]> {
    const { body } = await httpGet(`http://127.0.0.1:${this.#server.ports[1]}/metrics`)
    const sums = new Map<string, number>()
    for (const [, name = '', labels = '', value = ''] of body.matchAll(
      /^meridian_kubernetes_(api_errors|lists|consistency_checks|undecodable)_total(?:\{(.*)\})? (\d+)$/gm,
    )) {
      const label = /(?:kind|reason|result)="(\w+)"/.exec(labels)?.[1] ?? ''
      const key = `${name} ${label}`.trim()
      sums.set(key, (sums.get(key) ?? 0) + Number(value))
    }
    return [...sums].map(([name, sum]) => `${name} ${sum}`).sort()
  }
}

const all = [...questions.still, ...questions.steady, ...questions.changing]

const nameOf = ({ name }: Fault): string => name.replace(/ \{.*/, '')

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
