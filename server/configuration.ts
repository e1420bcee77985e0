// A Corefile as it was read: parsed blocks, plain data that can be posted to every serving thread, and the hash that tells a changed file from the same one.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../plugins/directive.ts'
import { type CorefileSource, defaultCorefile, parseCorefile, type ServerBlock } from './corefile/parser.ts'

/** What stays the same over reloads. */
export interface ConfigurationSource {
  /** Path of the Corefile; 'stdin' reads it from there; '' takes `Corefile` in the working directory if there is one. */
  readonly file: string
  /** All of standard input; asked again at each reload, so it must remember. Default: nothing comes. */
  readonly stdin?: () => Promise<string>
  /** The port of keys that name none (`-dns.port`). */
  readonly port: number
  /** `--manifests`: stands in for the API server of every `kubernetes` block; '' if not given. */
  readonly manifests: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Names of all directives, built or not. */
  readonly directives: ReadonlySet<string>
}

/** One read Corefile. */
export interface Configuration {
  readonly file: string
  readonly blocks: readonly ServerBlock[]
  readonly port: number
  readonly manifests: string
  /** SHA-512 (hex) of the parsed blocks, line numbers included: what CoreDNS compares. */
  readonly hash: string
  readonly warnings: readonly string[]
}

/** Reads and parses the Corefile; throws ConfigError with CoreDNS's text. */
export async function loadConfiguration(source: ConfigurationSource): Promise<Configuration> {
  const corefile = await readSource(source)
  const warnings: string[] = []
  const parse = (text: CorefileSource): ServerBlock[] =>
    parseCorefile(text, {
      directives: source.directives,
      environment: source.environment,
      warn: (warning) => warnings.push(warning),
    })
  const parsed = parse(corefile)
  const blocks = parsed.length > 0 ? parsed : parse(defaultCorefile(source.port))
  return { file: corefile.file, blocks, port: source.port, manifests: source.manifests, hash: hashOf(blocks), warnings }
}

async function readSource({ file, stdin }: ConfigurationSource): Promise<CorefileSource> {
  if (file === 'stdin') return { text: (await stdin?.()) ?? '', file }
  try {
    return { text: await readFile(file === '' ? 'Corefile' : file, 'utf8'), file: file === '' ? 'Corefile' : file }
  } catch (error) {
    if (file === '' && codeOf(error) === 'ENOENT') return { text: '', file: 'Corefile' }
    throw unreadable(file === '' ? 'Corefile' : file, error)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

/** The error for a Corefile that could not be read. */
export const unreadable = (file: string, error: unknown): ConfigError =>
  new ConfigError(`loading Caddyfile via flag: open ${file}: ${reasons.get(codeOf(error)) ?? String(error)}`)

const reasons = new Map([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'is a directory'],
])

/** Opens a stream and reads it to its end the first time it is asked, and remembers: what a pipe brought cannot be read again at a reload. */
export function readOnce(open: () => AsyncIterable<Uint8Array>): () => Promise<string> {
  let text: Promise<string> | null = null
  const read = async (): Promise<string> => {
    const parts: Uint8Array[] = []
    for await (const part of open()) parts.push(part)
    return Buffer.concat(parts).toString('utf8')
  }
  return () => {
    text ??= read()
    return text
  }
}

function hashOf(blocks: readonly ServerBlock[]): string {
  const plain = blocks.map((block) => ({ keys: block.keys, directives: [...block.directives] }))
  return createHash('sha512').update(JSON.stringify(plain)).digest('hex')
}
