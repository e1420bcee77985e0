import t from 'tap'
import type { Measurement, Result } from './measure.ts'
import { makeScenarios } from './scenarios.ts'
import { align, formatScenario, median, wrongCodes } from './table.ts'

const [service] = makeScenarios({ names: 10, lines: 10, unseenLines: 10 })

function measured(
  answered: number,
  cpuSeconds: number,
  rcodes: Record<string, number> = { NOERROR: answered },
): Measurement {
  return { report: { sent: answered, answered, lost: 0, seconds: 2, rcodes }, cpuSeconds, memoryBytes: 50e6 }
}

const result = (byRate: [number, Measurement[]][]): Result => ({
  rival: {
    name: 'Example',
    version: '1',
    blocks: ['cluster'],
    setup: () => t.bailout('nothing is started here') as never,
  },
  source: 'zone',
  byRate: new Map(byRate),
})

t.test('the median is the middle one, or between the two in the middle', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
})

t.test('a row shows CPU time per answer, what was reached, and what it took', async (t) => {
  const text = formatScenario(service!, [
    result([
      [0, [measured(200_000, 1), measured(100_000, 1), measured(100_000, 2)]],
      [1000, [measured(2_000, 0.06)]],
    ]),
  ])
  t.match(text, /\| server +\| answers from +\| +saturation +\| +1,000 q\/s +\| most q\/s \|/)
  t.match(
    text,
    /\| Example \| zone +\| 10\.0 \(5\.0–20\.0\) \| 30\.0 \(30\.0–30\.0\) \| +50,000 \| +50 % \| +0 \| +50 \|/,
  )
  t.notMatch(text, /WRONG|\*$/m)
})

t.test('a rate that was not reached has a star', async (t) => {
  const text = formatScenario(service!, [result([[10_000, [measured(12_000, 1)]]])])
  t.match(text, /83\.3 \(83\.3–83\.3\) \*/)
  t.match(text, /fewer were answered/)
})

t.test('no answer at all is infinitely dear', async (t) => {
  t.match(formatScenario(service!, [result([[0, [measured(0, 1, {})]]])]), /Infinity/)
})

t.test('wrong answers are told, small deviations of a mix are not', async (t) => {
  const mix = { rcodes: { NOERROR: 0.6, NXDOMAIN: 0.4 } }
  t.equal(wrongCodes(mix, [measured(100, 1, { NOERROR: 59, NXDOMAIN: 41 })]), '')
  t.equal(
    wrongCodes(mix, [measured(100, 1, { REFUSED: 100 })]),
    'REFUSED 100.0 %, not 0 %; NOERROR 0.0 %, not 60 %; NXDOMAIN 0.0 %, not 40 %',
  )
  t.match(
    formatScenario(service!, [result([[0, [measured(100, 1, { SERVFAIL: 100 })]]])]),
    /WRONG ANSWERS from Example: SERVFAIL 100/,
  )
})

t.test('columns are as wide as their widest cell', async (t) => {
  t.same(align(['a', 'long heading'], [['text', '1']], 1), [
    '| a    | long heading |',
    '| ---- | -----------: |',
    '| text |            1 |',
  ])
})
