// `npm run soak:chaos`: random faults and changes at an API server, and whether every answer stays right, or is right again in time.
//
//   npm run soak:chaos -- --events 1000 --seed 7
//   npm run soak:chaos -- --kubeconfig FILE          changes only, at a real API server; what it needs there it creates, and removes at the end

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ApiServer } from '../support/api-server/api-server.ts'
import { RealApiServer } from '../support/real-api-server.ts'
import { bookmarkEveryMs, type ChaosCluster, type ChaosResult, lateMsMax, runChaos } from './run.ts'

/** What CoreDNS's Corefiles say: EKS, k3s and AKS, then kubeadm. */
const caches = ['cache 30', 'cache 30 {\n disable success cluster.local\n disable denial cluster.local\n }']

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    kubeconfig: { type: 'string' },
    patient: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const events = Number(values.events)
console.log(`chaos: ${events} faults and changes, seed ${seed}`)

const { cluster, close } = values.kubeconfig === undefined ? await fakeCluster() : realCluster(values.kubeconfig)
try {
  const result = await runChaos(cluster, {
    seed,
    events,
    patient: values.patient,
    cache: caches[seed & 1]!,
    progress: (text) => console.log(`  ${text}`),
  })
  process.exitCode = tell(result) ? 0 : 1
} finally {
  await close()
}

interface Opened {
  readonly cluster: ChaosCluster
  readonly close: () => Promise<void>
}

/** The seed also decides what the API server speaks. */
async function fakeCluster(): Promise<Opened> {
  const api = await ApiServer.start({ bookmarkEveryMs, watchList: (seed & 2) === 0, protobuf: (seed & 4) === 0 })
  const cluster: ChaosCluster = {
    access: `endpoint ${api.url}`,
    rules: { lenient: true },
    faults: api.faults,
    objects: (plural) => api.objects(plural),
    put: (objects) => api.put(objects),
    delete: (plural, namespace, name) => api.delete(plural, namespace, name),
  }
  return { cluster, close: () => api.close() }
}

function realCluster(kubeconfig: string): Opened {
  const api = new RealApiServer(resolve(kubeconfig))
  const cluster: ChaosCluster = {
    access: `kubeconfig ${api.kubeconfig}`,
    rules: { lenient: false },
    faults: null,
    objects: (plural) => api.objects(plural),
    put: (objects) => api.put(objects),
    delete: (plural, namespace, name) => api.delete(plural, namespace, name),
  }
  return { cluster, close: () => api.clean() }
}

/** Prints what came of it; true if that is good. */
function tell({ judge, faults, changes, quietSeconds, counted }: ChaosResult): boolean {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .sort()
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')
  console.log(`faults: ${list(faults)}`)
  console.log(`changes: ${list(changes)}`)
  console.log(`the server counted: ${counted.join(', ')}`)
  console.log(
    `${quietSeconds} quiet seconds, ${judge.compared} answers compared, ${judge.late} of them an earlier state's`,
  )
  const { worst } = judge
  console.log(
    worst
      ? `the latest was ${Math.round(worst.ms)} ms late (${lateMsMax} allowed): ${worst.question} was ${worst.got} and not ${worst.expected}`
      : 'none was late',
  )
  for (const text of judge.complaints) console.log(`  ${text}`)
  const good = judge.complaintCount === 0
  console.log(
    good
      ? 'good: every answer was right in time'
      : `FAILED: ${judge.complaintCount} complaints; --seed ${seed} repeats it`,
  )
  return good
}
