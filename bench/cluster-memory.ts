// What a cluster costs in memory and time, without sockets and without an API server: `node bench/cluster-memory.ts` prints a table. Each row is a process of its own that
// is sent the objects page by page, as an API server lists them, and holds nothing else.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { batchOf, type Change, type ChangeBatch, changesOf } from '../k8s/object-bytes.ts'
import type { EndpointSliceObject } from '../k8s/objects.ts'
import { type Item, ObjectStore } from '../k8s/store.ts'
import { ClusterIndex } from '../plugins/kubernetes/cluster-index.ts'
import { type ClusterSize, clusterObjects, largeCluster } from './cluster-data.ts'
import { seeded } from './random.ts'
import { align } from './table.ts'

/** What a process holds. */
type Holder = 'store' | 'index'

/** What a process measured. */
interface Figures {
  readonly objects: number
  /** Bytes of the store's records, 0 for an index. */
  readonly bytesHeld: number
  /** More than before the first page, MB. */
  readonly heap: number
  readonly external: number
  readonly resident: number
  /** Milliseconds for everything, and for the longest object. */
  readonly apply: number
  readonly longest: number
  /** Milliseconds for a list of the same once more. */
  readonly relist: number
  /** The most that was ever resident, MB. */
  readonly peak: number
}

type Message =
  | { readonly list: 'first' | 'again'; readonly records: Uint8Array }
  | { readonly change: Uint8Array }
  | 'end'

const pageObjects = 500

/** The server runs with as small a young generation (bin/meridian). */
const flags = ['--expose-gc', '--max-semi-space-size=1']

/** Measures every row and returns the table. */
export async function measureClusterMemory(size: ClusterSize, changes: number): Promise<string> {
  const pods = { ...size, services: 1.5 * size.services, pods: true }
  const rows: string[][] = []
  for (const holder of ['store', 'index'] as const) {
    rows.push(rowOf(`${holder}`, await measure(holder, size, 0)))
    rows.push(rowOf(`${holder}, after ${changes} changes`, await measure(holder, size, changes)))
    rows.push(rowOf(`${holder}, with pods`, await measure(holder, pods, 0)))
  }
  const heading = [
    'held',
    'objects',
    'store MB',
    'heap MB',
    'external',
    'RSS MB',
    'apply ms',
    'longest',
    'relist ms',
    'peak MB',
  ]
  return align(heading, rows, 1).join('\n')
}

const rowOf = (title: string, figures: Figures): string[] => [
  title,
  String(figures.objects),
  ...[figures.bytesHeld / 1e6, figures.heap, figures.external, figures.resident].map((value) => value.toFixed(1)),
  figures.apply.toFixed(0),
  figures.longest.toFixed(2),
  figures.relist.toFixed(0),
  figures.peak.toFixed(0),
]

/** Sends a process the cluster twice, then the changes. */
async function measure(holder: Holder, size: ClusterSize, changes: number): Promise<Figures> {
  const child = fork(fileURLToPath(import.meta.url), [holder], { execArgv: [...flags], serialization: 'advanced' })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)))
  })
  ended.catch(() => {})
  const say = (message: Message): Promise<unknown> => {
    const answer = new Promise((resolve) => child.once('message', resolve))
    child.send(message)
    return Promise.race([answer, ended])
  }
  try {
    for (const list of ['first', 'again'] as const)
      for (const records of pagesOf(clusterChanges(size))) await say({ list, records })
    for (const change of pagesOf(endpointChanges(size, changes))) await say({ change })
    return (await say('end')) as Figures
  } finally {
    child.kill()
  }
}

function* pagesOf(changes: Iterable<Change>): Generator<Uint8Array> {
  const page: Change[] = []
  for (const change of changes) {
    if (page.push(change) < pageObjects) continue
    yield batchOf(page.splice(0), plain).records
  }
  if (page.length > 0) yield batchOf(page, plain).records
}

function* clusterChanges(size: ClusterSize): Generator<Change> {
  for (const object of clusterObjects(size)) yield { object }
}

/** One endpoint after the other gets another address. */
function* endpointChanges(size: ClusterSize, count: number): Generator<Change> {
  if (count === 0) return
  const slices = [...clusterObjects(size)].filter((object) => object.kind === 'EndpointSlice')
  const random = seeded(size.seed)
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random() * slices.length)
    const [, ...kept] = slices[at]!.endpoints
    const endpoint = { ...slices[at]!.endpoints[0]!, address: `10.${i & 127}.${(i >> 7) & 255}.${(i >> 15) & 255}` }
    // Rolling updates come in waves of more and fewer endpoints.
    const endpoints = random() < 0.5 ? [...kept, endpoint] : [...kept.slice(0, size.endpoints / 2), endpoint, endpoint]
    const object: EndpointSliceObject = { ...slices[at]!, endpoints }
    slices[at] = object
    yield { object }
  }
}

const plain = { serial: 1, synced: false, whole: false } as const

// ---- the process that holds it ---------------------------------------------------------------------------------------------------

function hold(holder: Holder): void {
  const store = new ObjectStore({ wall: () => 1_000 })
  const index = new ClusterIndex({ podNames: false, zonal: false })
  const take = holder === 'store' ? putInto(store) : applyTo(index)
  const before = usage()
  const spent = { first: 0, again: 0, longest: 0, objects: 0 }
  process.on('message', (message: Message) => {
    if (message === 'end') {
      const after = usage()
      process.send?.({
        objects: spent.objects,
        bytesHeld: holder === 'store' ? store.bytesHeld : 0,
        heap: after.heap - before.heap,
        external: after.external - before.external,
        resident: after.resident - before.resident,
        apply: spent.first,
        longest: spent.longest,
        relist: spent.again,
        peak: process.resourceUsage().maxRSS / 1024,
      } satisfies Figures)
      return
    }
    const start = performance.now()
    const { objects, longest } = take({ ...plain, records: 'change' in message ? message.change : message.records })
    const list = 'list' in message ? message.list : null
    if (list) spent[list] += performance.now() - start
    if (list === 'first') spent.objects += objects
    spent.longest = Math.max(spent.longest, longest)
    process.send?.('done')
  })
}

type Take = (batch: ChangeBatch) => { objects: number; longest: number }

const putInto =
  (store: ObjectStore): Take =>
  (batch) => {
    const items: Item[] = []
    for (const change of changesOf(batch))
      if ('object' in change)
        items.push({ name: change.object, object: change.object, uid: 'uid', resourceVersion: '1' })
    store.put(items)
    return { objects: items.length, longest: 0 }
  }

const applyTo =
  (index: ClusterIndex): Take =>
  (batch) => {
    let objects = 0
    let longest = 0
    const steps = index.apply(batch)
    for (;;) {
      const start = performance.now()
      const { done } = steps.next()
      longest = Math.max(longest, performance.now() - start)
      if (done) return { objects, longest }
      objects++
    }
  }

/** After a collection that also takes what Node kept from its start (the sources of its type stripping, 4 MB), MB. */
function usage(): { heap: number; external: number; resident: number } {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed / 1e6, external: external / 1e6, resident: rss / 1e6 }
}

if (import.meta.main) {
  const [, , holder] = process.argv
  if (holder === 'store' || holder === 'index') hold(holder)
  else console.log(await measureClusterMemory(largeCluster, 100_000))
}
