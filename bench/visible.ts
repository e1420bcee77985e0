// `npm run bench:visible`: how long after the API server has said yes to a change the answers are right, while the name is asked all the time, beside CoreDNS.
//
//   asked every 2 ms:   old old old old old old new new
//   API server:                 request ─► 201  ├──┘
//                                          └────┘ what is measured

import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordType } from 'dns-packet'
import { ApiWriter } from './api-writer.ts'
import { Asker, type Reply } from './asker.ts'
import { type KubernetesObject, largeCluster } from './cluster-data.ts'
import {
  type ClusterRun,
  commonUsage,
  describeRun,
  percentile,
  positive,
  printProgress,
  readOptions,
  withCluster,
} from './cluster-run.ts'
import { type ClusterRival, ClusterServer, caches } from './cluster-servers.ts'
import { syncMsMax } from './limits.ts'
import { align } from './table.ts'

/** One thing that changes, and what is asked from before to after. `n` tells one time from another. */
export interface VisibleCase {
  readonly name: string
  before(n: number): readonly KubernetesObject[]
  /** What is written, and how; the last of them is the change that must be seen. */
  change(n: number): readonly (readonly [verb: 'create' | 'replace' | 'remove', object: KubernetesObject])[]
  readonly question: (n: number) => { readonly name: string; readonly type: RecordType }
  /** The answer's text (asker.ts) once it is right. */
  readonly right: (n: number) => string
}

const usage = `npm run bench:visible -- [options]
${commonUsage} (200; CoreDNS: 3, all at once, because most of them wait for its cache)`

const namespace = 'team-0'
const domain = `${namespace}.svc.cluster.local`
/** Where no Service of the cluster is: 10.100.0.0/16 and 10.101.0.0/16. */
const addressOf = (n: number, network = 100): string => `10.${network}.${n >> 8}.${n & 255}`

const service = (name: string, spec: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
})

const withAddress = (name: string, address: string, port = 80): KubernetesObject =>
  service(name, {
    type: 'ClusterIP',
    clusterIP: address,
    clusterIPs: [address],
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  })

const alias = (name: string, externalName: string): KubernetesObject =>
  service(name, { type: 'ExternalName', externalName })

const slice = (name: string, n: number, secondIsReady: boolean): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  endpoints: [
    { addresses: [addressOf(n, 200)], conditions: { ready: true } },
    { addresses: [addressOf(n, 201)], conditions: { ready: secondIsReady } },
  ],
})

const addressQuestion =
  (prefix: string) =>
  (n: number): { name: string; type: RecordType } => ({ name: `${prefix}-${n}.${domain}`, type: 'A' })

/** Everything that the issue names. */
export const visibleCases: readonly VisibleCase[] = [
  {
    name: 'Service created',
    before: () => [],
    change: (n) => [['create', withAddress(`created-${n}`, addressOf(n))]],
    question: addressQuestion('created'),
    right: (n) => `NOERROR, A ${addressOf(n)}`,
  },
  {
    name: 'Service created, PTR of its address',
    before: () => [],
    change: (n) => [['create', withAddress(`reverse-${n}`, addressOf(n))]],
    question: (n) => ({ name: `${addressOf(n).split('.').reverse().join('.')}.in-addr.arpa`, type: 'PTR' }),
    right: (n) => `NOERROR, PTR reverse-${n}.${domain}`,
  },
  {
    name: 'Service created that an ExternalName leads to',
    before: (n) => [alias(`alias-${n}`, `target-${n}.${domain}`)],
    change: (n) => [['create', withAddress(`target-${n}`, addressOf(n))]],
    question: addressQuestion('alias'),
    right: (n) => `NOERROR, A ${addressOf(n)}, CNAME target-${n}.${domain}`,
  },
  {
    name: 'Service’s port changed, SRV',
    before: (n) => [withAddress(`ported-${n}`, addressOf(n))],
    change: (n) => [['replace', withAddress(`ported-${n}`, addressOf(n), 81)]],
    question: (n) => ({ name: `_http._tcp.ported-${n}.${domain}`, type: 'SRV' }),
    right: (n) => `NOERROR, SRV 81 ported-${n}.${domain}`,
  },
  {
    // The API server lets nobody change it in place.
    name: 'Service made anew with another ClusterIP',
    before: (n) => [withAddress(`moved-${n}`, addressOf(n))],
    change: (n) => [
      ['remove', withAddress(`moved-${n}`, addressOf(n))],
      ['create', withAddress(`moved-${n}`, addressOf(n, 101))],
    ],
    question: addressQuestion('moved'),
    right: (n) => `NOERROR, A ${addressOf(n, 101)}`,
  },
  {
    name: 'Service deleted',
    before: (n) => [withAddress(`deleted-${n}`, addressOf(n))],
    change: (n) => [['remove', withAddress(`deleted-${n}`, addressOf(n))]],
    question: addressQuestion('deleted'),
    right: () => 'NXDOMAIN',
  },
  {
    name: 'ExternalName became a ClusterIP',
    before: (n) => [alias(`retyped-${n}`, `missing.${domain}`)],
    change: (n) => [['replace', withAddress(`retyped-${n}`, addressOf(n))]],
    question: addressQuestion('retyped'),
    right: (n) => `NOERROR, A ${addressOf(n)}`,
  },
  {
    name: 'endpoint turned not-ready, headless',
    before: (n) => [
      service(`headless-${n}`, { clusterIP: 'None', clusterIPs: ['None'] }),
      slice(`headless-${n}`, n, true),
    ],
    change: (n) => [['replace', slice(`headless-${n}`, n, false)]],
    question: addressQuestion('headless'),
    right: (n) => `NOERROR, A ${addressOf(n, 200)}`,
  },
]

/** Milliseconds from the API server's word to the right answer. */
export type VisibleResult = readonly {
  readonly rival: ClusterRival
  readonly cache: keyof typeof caches
  readonly what: VisibleCase
  readonly ms: readonly number[]
}[]

/** How often a name is asked, in milliseconds; and how long before the change it is, so that every cache holds what was true then. */
const askEveryMs = 2
const askBeforeMs = 30
/** From writing what there is before the change to the first question, in milliseconds. */
const settleMs = 100

/** Measures every case `rounds` times under each cache; CoreDNS `slowRounds` times. */
export async function measureVisible(run: ClusterRun, slowRounds: number): Promise<VisibleResult> {
  const writer = new ApiWriter(run.api.kubeconfig)
  const results: VisibleResult[number][] = []
  try {
    await writer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    let first = 1
    for (const rival of run.rivals) {
      for (const cache of ['plain', 'kubeadm'] as const) {
        const server = await ClusterServer.start(rival, {
          folder: run.folder,
          access: run.api.lines,
          plugins: caches[cache],
        })
        try {
          await server.ready()
          const asker = await Asker.connect(server.port)
          const quick = rival === run.rivals[0]
          const count = quick ? run.rounds : slowRounds
          run.progress(`${rival.name}, ${cache}: ${visibleCases.length} changes, ${count} times each`)
          const numbers = Array.from({ length: count }, (_, index) => first + index)
          const measured = quick ? oneByOne : allAtOnce
          results.push(...(await measured(numbers, { asker, writer })).map((result) => ({ rival, cache, ...result })))
          first += count
          asker.close()
        } finally {
          await server.stop()
        }
      }
    }
  } finally {
    writer.close()
  }
  return results
}

interface Tools {
  readonly asker: Asker
  readonly writer: ApiWriter
}

type Measured = { readonly what: VisibleCase; readonly ms: readonly number[] }[]

async function oneByOne(numbers: readonly number[], tools: Tools): Promise<Measured> {
  const results: Measured = []
  for (const [index, what] of visibleCases.entries()) {
    const ms: number[] = []
    for (const number of numbers) ms.push(await measureOne(what, number * visibleCases.length + index, tools))
    results.push({ what, ms })
  }
  return results
}

function allAtOnce(numbers: readonly number[], tools: Tools): Promise<Measured> {
  return Promise.all(
    visibleCases.map(async (what, index) => ({
      what,
      ms: await Promise.all(numbers.map((number) => measureOne(what, number * visibleCases.length + index, tools))),
    })),
  )
}

async function measureOne(what: VisibleCase, n: number, { asker, writer }: Tools): Promise<number> {
  const before = what.before(n)
  for (const object of before) await writer.create(object)
  // Whoever asks too early is told by a cache for half a minute that there is nothing.
  if (before.length > 0) await sleep(settleMs)
  const observer = new Observer(asker, what.question(n), what.right(n))
  try {
    await within(observer.wrong)
    await sleep(askBeforeMs)
    if (observer.isRight) throw new Error(`${observer.question} is right before anything changed`)
    let saidAt = Number.NaN
    for (const [verb, object] of what.change(n)) saidAt = (await writer[verb](object))?.atMs ?? Number.NaN
    const seenAt = await within(observer.right)
    if (seenAt === null) throw new Error(`${observer.question} is ${observer.last} and not ${what.right(n)}`)
    return Math.max(0, seenAt - saidAt)
  } finally {
    observer.stop()
    for (const object of [...before, ...what.change(n).map(([, each]) => each)]) await writer.remove(object)
  }
}

const within = <Value>(event: Promise<Value>): Promise<Value | null> =>
  Promise.race([event, sleep(syncMsMax, null, { ref: false })])

/** Asks one question again and again. */
class Observer {
  readonly question: string
  /** The latest answer. */
  last = 'nothing'
  isRight = false
  readonly #wrong = Promise.withResolvers<void>()
  readonly #right = Promise.withResolvers<number>()
  #wasWrong = false
  readonly #timer: NodeJS.Timeout

  constructor(asker: Asker, { name, type }: ReturnType<VisibleCase['question']>, right: string) {
    this.question = `${name} ${type}`
    const hear = ({ text, atMs }: Reply): void => {
      this.last = text
      // What is to be removed is not there yet.
      if (text === right && !this.#wasWrong) return
      this.isRight = text === right
      this.#wasWrong = true
      if (this.isRight) this.#right.resolve(atMs)
      else this.#wrong.resolve()
    }
    this.#timer = setInterval(() => asker.send(name, type, hear), askEveryMs)
  }

  /** Resolves with the first answer that is not right yet. */
  get wrong(): Promise<void> {
    return this.#wrong.promise
  }

  /** When the first right answer after that came. */
  get right(): Promise<number> {
    return this.#right.promise
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** What the issue allows, in milliseconds, for 99 of 100. */
const limitMs = 50

/** The table; Meridian's p99 is held against the limit. */
export function formatVisible(results: VisibleResult): string {
  const heading = ['server', 'cache', 'change', 'times', 'p50 ms', 'p99 ms', 'most ms']
  const rows = results.map(({ rival, cache, what, ms }) => [
    ...[rival.name, cache === 'plain' ? 'cache 30' : 'kubeadm', what.name, String(ms.length)],
    ...[0.5, 0.99, 1].map((share) => percentile(ms, share).toFixed(1)),
  ])
  const own = results.filter(({ rival }) => rival === results[0]?.rival)
  const worst = Math.max(...own.map(({ ms }) => percentile(ms, 0.99)))
  const verdict = `- highest p99 of Meridian: ${worst.toFixed(1)} ms; at most ${limitMs}${worst <= limitMs ? '' : ': MISSED'}`
  return [...align(heading, rows, 3), '', verdict, ''].join('\n')
}

if (import.meta.main) {
  const options = readOptions({}, usage)
  if (options) {
    const size = { ...largeCluster, services: positive('services', options.services) }
    const rounds = positive('rounds', options.rounds ?? '200')
    const table = await withCluster({ ...options, size, rounds, progress: printProgress }, async (run) => {
      const about = `${size.services} Services with ${size.services * size.endpoints} endpoints beside those that change; each name asked every ${askEveryMs} ms from before to after.`
      return `${describeRun(run, [about])}\n${formatVisible(await measureVisible(run, 3))}`
    })
    console.log(table)
  }
}
