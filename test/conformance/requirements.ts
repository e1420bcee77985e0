// Which suites have to pass whole, which directives have to be there, and which quirks `compat coredns` has to copy.
import { readFileSync } from 'node:fs'
import type { Failure, SuiteResult } from './suite.ts'

export interface Requirements {
  /** Beginnings of suite names. */
  readonly suites: readonly string[]
  readonly builtDirectives: ReadonlySet<string>
  /** Patterns of the reasons of quirks. */
  readonly compatReasons: readonly RegExp[]
}

interface RequirementsFile {
  readonly suites: readonly string[]
  readonly builtDirectives: readonly string[]
  readonly compatReasons: readonly string[]
}

export function readRequirements(file: string): Requirements {
  const { suites, builtDirectives, compatReasons } = JSON.parse(readFileSync(file, 'utf8')) as RequirementsFile
  return {
    suites,
    builtDirectives: new Set(builtDirectives),
    compatReasons: compatReasons.map((pattern) => new RegExp(pattern)),
  }
}

/** True for a suite in which no case may fail. */
export const isRequired = (name: string, { suites }: Requirements): boolean =>
  suites.some((beginning) => name.startsWith(`${beginning}-`))

/** True for a failed quirk that `compat coredns` need not copy. */
export const isExcused = ({ quirk }: Failure, { compatReasons }: Requirements): boolean =>
  quirk !== undefined && !compatReasons.some((pattern) => pattern.test(quirk))

/** How many failures break the requirements: in a required suite all but quirks that need not be copied. */
export function brokenRequirements(results: readonly SuiteResult[], requirements: Requirements): number {
  return results
    .filter((result) => isRequired(result.name, requirements))
    .flatMap((result) => result.failures)
    .filter((failure) => !isExcused(failure, requirements)).length
}
