// What `import NAME` stands for: a snippet defined earlier in the Corefile, or files by path or pattern, as words to put in its place.
// One object a load; it counts expansions and reads each file once.

import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ConfigError, type Token } from '../../plugins/directive.ts'
import type { ImportFiles } from './import-files.ts'
import { tokenize } from './lexer.ts'
import { fileExpansionsMax, snippetExpansionsMax } from './limits.ts'
import { LimitError, type TokenStream } from './token-stream.ts'

export class Imports {
  readonly #files: ImportFiles
  readonly #warn: (text: string) => void
  readonly #snippets = new Map<string, readonly Token[]>()
  readonly #read = new Map<string, readonly Token[]>()
  #snippetExpansions = 0
  #fileExpansions = 0

  constructor(files: ImportFiles, warn: (text: string) => void) {
    this.#files = files
    this.#warn = warn
  }

  isDefined(snippet: string): boolean {
    return this.#snippets.has(snippet)
  }

  define(snippet: string, tokens: readonly Token[]): void {
    this.#snippets.set(snippet, tokens)
  }

  /** The words of the snippet or files that `name` stands for; errors are at the stream's current word, which is the name. */
  resolve(name: string, stream: TokenStream): readonly Token[] {
    const snippet = this.#snippets.get(name)
    if (snippet) {
      if (this.#snippetExpansions++ >= snippetExpansionsMax) throw snippetDepthError(stream)
      return snippet
    }
    // The number is that of snippets in CoreDNS's text, too.
    if (this.#fileExpansions++ >= fileExpansionsMax) {
      throw new LimitError(stream.error(`maximum file import depth (${snippetExpansionsMax}) exceeded`).message)
    }
    return this.#find(name, stream).flatMap((path) => this.#tokensOf(path, stream))
  }

  #find(name: string, stream: TokenStream): readonly string[] {
    // Relative to the file that holds the import, not to the working directory.
    const directory = dirname(resolve(stream.current?.file ?? stream.file))
    const pattern = isAbsolute(name) ? name : join(directory, name)
    const wildcards = (character: string) => pattern.split(character).length - 1
    if (wildcards('*') > 1 || wildcards('?') > 1 || (pattern.includes('[') && pattern.includes(']'))) {
      throw stream.error(`Glob pattern may only contain one wildcard (*), but has others: ${pattern}`)
    }
    let paths: readonly string[]
    try {
      paths = this.#files.find(pattern)
    } catch (error) {
      throw stream.error(`Failed to use import pattern ${name}: ${reasonOf(error)}`)
    }
    if (paths.length === 0) {
      if (!/[*?[\]]/.test(pattern)) throw stream.error(`File to import not found: ${name}`)
      this.#warn(`No files matching import glob pattern: ${name}`)
    }
    return paths
  }

  #tokensOf(path: string, stream: TokenStream): readonly Token[] {
    const known = this.#read.get(path)
    if (known) return known
    let text: string
    try {
      text = this.#files.read(path)
    } catch (error) {
      throw stream.error(`Could not import ${path}: ${reasonOf(error)}`)
    }
    const tokens = tokenize(text, resolve(path))
    this.#read.set(path, tokens)
    return tokens
  }
}

/** The error for snippets that import each other, or themselves, without end. */
export function snippetDepthError(stream: TokenStream): ConfigError {
  return new LimitError(stream.error(`maximum snippet import depth (${snippetExpansionsMax}) exceeded`).message)
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError || !(error instanceof Error)) throw error
  return error.message
}
