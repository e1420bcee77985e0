// The format of the recorded cases (suites/NN-name/cases.jsonl, one case a line), and of suite.json. README.md explains it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Question, ResourceRecord } from './wire/decode.ts'
import type { QueryFields } from './wire/encode.ts'

/** The key that a query is signed with. */
export interface TsigKey {
  readonly name: string
  /** Base 64. */
  readonly secret: string
  readonly algorithm: string
  readonly fudge?: number
  /** Seconds by which the clock of the signer is wrong. */
  readonly skew?: number
  readonly badSig?: boolean
}

/** One thing to send: a query in fields, or the bytes of one. */
export interface Ask {
  readonly transport: 'udp' | 'tcp'
  readonly query?: QueryFields
  /** Hexadecimal. */
  readonly raw?: string
  /** On TCP `raw` holds its own length. */
  readonly rawStream?: boolean
  readonly src?: string
  readonly server?: string
  /** The variable that holds the port. */
  readonly port?: string
  /** Milliseconds. */
  readonly timeout?: number
  readonly tsig?: TsigKey
}

/** A section as expected: records, or not compared, or (of a truncated reply) the records that may be in it. */
export type ExpectedSection =
  | readonly ResourceRecord[]
  | 'unchecked'
  | { readonly count?: number; readonly subsetOf: readonly string[] }

/** The EDNS part of a reply; `version` and `options` are absent when they are 0 and empty. */
export interface ObservedEdns {
  readonly size: number
  readonly do: boolean
  readonly version?: number
  readonly options?: readonly { readonly code: number; readonly data: string }[]
}

/** What a query is expected to get; `size` is there for truncated replies only. */
export interface Expectation {
  readonly silence?: boolean
  readonly rcode: string
  readonly opcode?: string
  readonly flags: Readonly<Record<string, boolean>>
  readonly question: readonly Question[]
  readonly answer?: ExpectedSection
  readonly authority?: ExpectedSection
  readonly additional?: ExpectedSection
  readonly edns?: ObservedEdns
  readonly size?: number
  readonly tsigValid?: boolean
}

/** How a reply is compared. */
export interface Comparison {
  readonly order?: 'any' | 'exact'
  readonly ttl?: 'exact' | 'max' | 'near'
  /** A pattern of owner names whose records are left out. */
  readonly ignore?: string
  /** The most bytes a truncated reply may have. */
  readonly limit?: number
  readonly size?: number
}

/** A part of a sequence: a wait, something done to the surroundings, or something asked. */
export interface Step extends Partial<Ask>, Comparison {
  /** Seconds. */
  readonly sleep?: number
  readonly upstream?: 'reset' | 'down' | 'up'
  readonly counts?: readonly string[]
  readonly writeFile?: string
  readonly text?: string
  readonly removeFile?: string
  readonly http?: string
  readonly path?: string
  readonly repeat?: number
  readonly expect?: unknown
}

/** One line of cases.jsonl, the suite of refused Corefiles aside. */
export interface Case extends Partial<Ask>, Comparison {
  readonly id: string
  readonly steps?: readonly Step[]
  readonly serial?: boolean
  readonly parallel?: boolean
  readonly quirk?: boolean
  readonly quirkOnly?: readonly string[]
  readonly reason?: string
  readonly expect?: unknown
}

/** One line of a suite of kind `bad`: a Corefile, whether it is refused, and the last line of the message. */
export interface CorefileCase {
  readonly id: string
  readonly file: string
  readonly refused: boolean
  readonly error?: string
}

/** suite.json. */
interface SuiteDescription {
  readonly title: string
  readonly env?: Readonly<Record<string, string>>
  readonly cluster?: boolean
  readonly kind?: 'bad' | 'both'
  /** Queries that may be under way at once. */
  readonly parallel?: number
  /** A query that tells when the server has read the cluster. */
  readonly probe?: QueryFields & { readonly rcode?: string; readonly answers?: boolean }
}

/** A folder of suites/ and what its suite.json says. */
export interface Suite extends SuiteDescription {
  readonly name: string
  readonly directory: string
}

/** The suites below `root` whose name matches, in order of their names. */
export function findSuites(root: string, pattern: RegExp): Suite[] {
  return readdirSync(root)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => {
      const directory = join(root, name)
      const description = JSON.parse(readFileSync(join(directory, 'suite.json'), 'utf8')) as SuiteDescription
      return { ...description, name, directory }
    })
}

/** The lines of a suite's cases.jsonl: `Case`, or `CorefileCase` in a suite of kind `bad`. */
export function readCases<T extends Case | CorefileCase>(suite: Suite): T[] {
  const lines = readFileSync(join(suite.directory, 'cases.jsonl'), 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}
