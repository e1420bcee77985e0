// The runs on a cluster, tiny, so that they cannot rot. What they measure here says nothing.

import t from 'tap'
import { type ChurnRound, formatChurn, measureChurn, summary } from './churn.ts'
import { largeCluster } from './cluster-data.ts'
import { type ClusterRun, percentile, withCluster } from './cluster-run.ts'
import { findProgram } from './programs.ts'
import { formatScale, measureScale, type ScaleRound } from './scale.ts'
import { formatVisible, measureVisible, visibleCases } from './visible.ts'

const missing = ['dnsperf', 'taskset'].filter((program) => !findProgram(program))
const options = missing.length > 0 ? { skip: `${missing.join(' and ')} not installed` } : {}

const tinyCluster = { ...largeCluster, services: 20, namespaces: 2 }
const onCluster = <Result>(work: (run: ClusterRun) => Promise<Result>): Promise<Result> =>
  withCluster({ coredns: '', form: 'sources', kubeconfig: '', rounds: 1, size: tinyCluster, progress: () => {} }, work)

t.test('a start on a cluster and a relist are measured', options, async (t) => {
  const result = await onCluster((run) => measureScale(run, 0.2))
  const [[round]] = [...result.values()] as [[ScaleRound]]
  t.ok(round.readySeconds > 0 && round.soon > 0 && round.startPeak >= round.soon * 0.5)
  t.type(round.relistPeak, 'number')
  t.match(formatScale(result), /\| Meridian \|.*\n\n- peak during the start: .* at most 1\.30/)
})

t.test('answers while endpoints change are measured', options, async (t) => {
  const churn = { size: tinyCluster, rate: 500, changes: 50, seconds: 0.5, warmupSeconds: 0.2 }
  const result = await onCluster((run) => measureChurn(run, churn))
  const [[round]] = [...result.values()] as [[ChurnRound]]
  t.ok(round.asked > 0 && round.changes > 0 && round.microsPerQuery > 0)
  t.ok(round.latency.p50 > 0 && round.latency.p50 <= round.latency.most)
  t.match(formatChurn(result), '| Meridian |')
})

t.test('each kind of change is seen, and measured from the API server’s word on', options, async (t) => {
  const results = await onCluster((run) => measureVisible(run, 1))
  t.equal(results.length, 2 * visibleCases.length)
  for (const { what, ms } of results) t.ok(ms.length === 1 && ms[0]! >= 0, what.name)
  t.match(formatVisible(results), /highest p99 of Meridian: [\d.]+ ms; at most 50/)
})

t.test('percentiles are values that were seen', async (t) => {
  t.equal(percentile([3, 1, 2], 0.5), 2)
  t.equal(percentile([1, 2], 0.99), 2)
  t.ok(Number.isNaN(percentile([], 0.5)))
  t.same(summary('> NOERROR a.test A 0.001000\nQueries sent: 2\n> NXDOMAIN b.test A 0.003000\n'), {
    p50: 1,
    p99: 3,
    p999: 3,
    most: 3,
  })
})
