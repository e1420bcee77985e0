// The table that a person reads: a row for each server, a column for each rate, in Markdown so that it can stand in a README.

import { rateReached, shareTolerance } from './limits.ts'
import type { Measurement, Result } from './measure.ts'
import type { Scenario } from './scenarios.ts'

/** A scenario's title, its table and its notes. */
export function formatScenario(scenario: Scenario, results: readonly Result[]): string {
  const rates = [...(results[0]?.byRate.keys() ?? [])]
  const heading = [
    'server',
    'answers from',
    ...rates.map((rate) => (rate === 0 ? 'saturation' : `${rate.toLocaleString('en')} q/s`)),
    'most q/s',
    'core used',
    'lost',
    'MB',
  ]
  const rows = results.map((result) => rowOf(result, rates))
  return [
    `**${scenario.title}** (\`${scenario.name}\`); CPU of the server in µs a query: median (least–most)`,
    '',
    ...align(heading, rows, 2),
    ...notesOf(scenario, results),
    '',
  ].join('\n')
}

function rowOf({ rival, source, byRate }: Result, rates: readonly number[]): string[] {
  const all = [...byRate.values()].flat()
  const saturated = byRate.get(0) ?? []
  return [
    rival.name,
    source,
    ...rates.map((rate) => cost(byRate.get(rate) ?? [], rate)),
    saturated.length === 0 ? '' : Math.round(median(saturated.map(answeredRate))).toLocaleString('en'),
    saturated.length === 0
      ? ''
      : `${Math.round(100 * median(saturated.map(({ cpuSeconds, report }) => cpuSeconds / report.seconds)))} %`,
    String(all.reduce((sum, { report }) => sum + report.lost, 0)),
    String(Math.round(Math.max(0, ...all.map(({ memoryBytes }) => memoryBytes)) / 1e6)),
  ]
}

/** `4.4 (4.2–4.7)`; a star marks a rate that was not reached. */
function cost(measurements: readonly Measurement[], rate: number): string {
  if (measurements.length === 0) return ''
  const micros = measurements.map(microsPerQuery)
  const star =
    rate > 0 && measurements.some((measurement) => answeredRate(measurement) < rateReached * rate) ? ' *' : ''
  return `${median(micros).toFixed(1)} (${Math.min(...micros).toFixed(1)}–${Math.max(...micros).toFixed(1)})${star}`
}

/** CPU time for each answer, in microseconds; Infinity if there was none. */
export const microsPerQuery = ({ cpuSeconds, report }: Measurement): number =>
  report.answered === 0 ? Number.POSITIVE_INFINITY : (cpuSeconds * 1e6) / report.answered

const answeredRate = ({ report }: Measurement): number => (report.seconds === 0 ? 0 : report.answered / report.seconds)

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

function notesOf(scenario: Scenario, results: readonly Result[]): string[] {
  const wrong = results.flatMap(({ rival, byRate }) => {
    const codes = wrongCodes(scenario, [...byRate.values()].flat())
    return codes === '' ? [] : [`WRONG ANSWERS from ${rival.name}: ${codes}.`]
  })
  const missed = results.some(({ byRate }) => [...byRate].some(([rate, list]) => cost(list, rate).endsWith('*')))
  const notes = [...wrong, ...(missed ? ['\\* fewer were answered than that.'] : [])]
  return notes.length === 0 ? [] : ['', ...notes]
}

/** The shares of response codes if they are not what the scenario expects; otherwise ''. */
export function wrongCodes({ rcodes }: Pick<Scenario, 'rcodes'>, measurements: readonly Measurement[]): string {
  const counts = new Map<string, number>()
  for (const { report } of measurements) {
    for (const [code, count] of Object.entries(report.rcodes)) counts.set(code, (counts.get(code) ?? 0) + count)
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const share = (code: string): number => (total === 0 ? 0 : (counts.get(code) ?? 0) / total)
  const codes = [...new Set([...counts.keys(), ...Object.keys(rcodes)])]
  if (codes.every((code) => Math.abs(share(code) - (rcodes[code] ?? 0)) <= shareTolerance)) return ''
  return codes
    .map((code) => `${code} ${(100 * share(code)).toFixed(1)} %, not ${100 * (rcodes[code] ?? 0)} %`)
    .join('; ')
}

/** Rows with columns of equal width; those behind the first `texts` are numbers and stand to the right. */
export function align(heading: readonly string[], rows: readonly (readonly string[])[], texts: number): string[] {
  const widths = heading.map((_, column) =>
    Math.max(3, ...[heading, ...rows].map((cells) => cells[column]?.length ?? 0)),
  )
  const isText = (column: number): boolean => column < texts
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (isText(column) ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(heading), rule, ...rows.map(line)]
}
