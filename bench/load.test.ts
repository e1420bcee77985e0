import t from 'tap'
import { parseReport } from './load.ts'

const report = `DNS Performance Testing Tool
Version 2.10.0

Statistics:

  Queries sent:         36140
  Queries completed:    36134 (99.98%)
  Queries lost:         6 (0.02%)

  Response codes:       NOERROR 36000 (99.63%), NXDOMAIN 134 (0.37%)
  Average packet size:  request 40, response 92
  Run time (s):         0.500742
  Queries per second:   72160.913205
`

t.test('the statistics of dnsperf are read', async (t) => {
  t.same(parseReport(report), {
    sent: 36_140,
    answered: 36_134,
    lost: 6,
    seconds: 0.500742,
    rcodes: { NOERROR: 36_000, NXDOMAIN: 134 },
  })
})

t.test('a run without an answer has no response codes', async (t) => {
  const silent = report.replace(/completed:.*/, 'completed:    0 (0.00%)').replace(/Response codes:.*\n/, '\n')
  t.same(parseReport(silent)?.rcodes, {})
  t.equal(parseReport(silent)?.answered, 0)
})

t.test('output without statistics is no report', async (t) => {
  t.equal(parseReport('Error: unable to open file'), null)
})
