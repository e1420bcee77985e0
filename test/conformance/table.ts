// What a person reads after a run: the failures in detail, a row for each suite, and the sum as the last line.
import { isDeepStrictEqual } from 'node:util'
import { isExcused, isRequired, type Requirements } from './requirements.ts'
import type { Failure, SuiteResult } from './suite.ts'

/** Differences shown of one failed case. */
const differencesMax = 8

/** The first `limit` failed cases with their differences; cases of a suite that failed alike, one after the other, are one. */
export function formatFailures(results: readonly SuiteResult[], limit: number): string {
  const entries = results.flatMap(({ name, failures }) => groupsOf(failures).map((group) => ({ name, ...group })))
  const shown = entries
    .slice(0, limit)
    .flatMap(({ name, first: { id, differences, quirk }, others }) => [
      `${name} ${id}${quirk === undefined ? '' : ` (quirk: ${quirk})`}${others > 0 ? ` and ${others} more alike` : ''}`,
      ...differences.slice(0, differencesMax).map((difference) => `    ${difference}`),
      ...(differences.length > differencesMax ? [`    and ${differences.length - differencesMax} more`] : []),
    ])
  return [...shown, ...(entries.length > limit ? [`${entries.length - limit} more failed`] : [])].join('\n')
}

function groupsOf(failures: readonly Failure[]): { first: Failure; others: number }[] {
  const groups: { first: Failure; others: number }[] = []
  for (const failure of failures) {
    const last = groups.at(-1)
    if (last && isDeepStrictEqual(last.first.differences, failure.differences)) last.others++
    else groups.push({ first: failure, others: 0 })
  }
  return groups
}

/** What became of quirk cases: left out, asked, or asked with `compat coredns` in every block. */
export type QuirkColumns = 'skipped' | 'asked' | 'compat'

/** The table; `*` marks the suites that have to pass. Quirks have columns of their own when they were asked; with `compat` those that need not be copied have one more. */
export function formatTable(
  results: readonly SuiteResult[],
  requirements: Requirements,
  quirkColumns: QuirkColumns,
): string {
  const headings = {
    skipped: ['quirks skipped'],
    asked: ['quirks passed', 'failed'],
    compat: ['quirks copied', 'failed', 'left out'],
  }
  const quirkCounts = ({ skipped, quirks, failures }: SuiteResult): number[] => {
    const excused = failures.filter((failure) => isExcused(failure, requirements)).length
    if (quirkColumns === 'skipped') return [skipped]
    if (quirkColumns === 'asked') return [quirks.passed, quirks.failed]
    return [quirks.passed, quirks.failed - excused, excused]
  }
  const row = (result: SuiteResult): string[] => [
    `${isRequired(result.name, requirements) ? '*' : ' '} ${result.name}`,
    String(result.passed - result.quirks.passed),
    String(result.failures.length - result.quirks.failed),
    ...quirkCounts(result).map(String),
    result.missing,
  ]
  const heading = ['  suite', 'passed', 'failed', ...headings[quirkColumns], 'missing']
  const rows = [heading, ...results.map(row)]
  const widths = heading.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  const isNumber = (column: number): boolean => column > 0 && column < heading.length - 1
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const legend = quirkColumns === 'compat' ? '; quirks about AA, TTLs, hosts and OPT are copied, others left out' : ''
  return [...rows.map(line), `  * has to pass whole${legend}`].join('\n')
}

/** `N passed, N failed`: every case that was asked. */
export function formatTotal(results: readonly SuiteResult[]): string {
  const sum = (count: (result: SuiteResult) => number): number => results.reduce((total, one) => total + count(one), 0)
  return `${sum((result) => result.passed)} passed, ${sum((result) => result.failures.length)} failed`
}
