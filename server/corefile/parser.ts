// Corefile -> server blocks: which words belong to which directive of which block. What the words mean is for keys.ts (the keys) and the
// plugins' setup (the rest). Runs at start, at reload and in `meridian check`, in the text of CoreDNS's errors.
//
//   a.test, b.test {          keys, up to the end of the line; a comma at a key's end lets them go on in the next line
//       cache 30 {            a directive: its line and what stands in braces after it
//           success 1000
//       }
//       import common         replaced by the words of a snippet or file
//   }
//   (common) {                a snippet: to be defined before it is used
//       errors
//   }
//
// Braces count only as words of their own. A file with one block may leave out the block's braces.

import { ConfigError, type Token } from '../../plugins/directive.ts'
import { type Environment, substitute } from './environment.ts'
import { type ImportFiles, importFiles } from './import-files.ts'
import { Imports, snippetDepthError } from './imports.ts'
import { tokenize } from './lexer.ts'
import { problemsMax } from './limits.ts'
import { LimitError, TokenStream } from './token-stream.ts'

/** A Corefile's text; `file` is its path as errors name it, and what the paths of its imports are relative to. */
export interface CorefileSource {
  readonly text: string
  readonly file: string
}

/** The keys of a block and, by directive, the words of all its occurrences in file order; each occurrence starts with its name. */
export interface ServerBlock {
  readonly keys: readonly Token[]
  readonly directives: ReadonlyMap<string, readonly Token[]>
}

export interface CorefileOptions {
  /** The directives that exist, built or not. */
  readonly directives: { has(name: string): boolean }
  readonly environment: Environment
  /** Called with what CoreDNS logs as `[WARNING] TEXT`. */
  readonly warn: (text: string) => void
  /** Default: the file system. */
  readonly files?: ImportFiles
}

/** The server blocks of a Corefile, none if it is empty (see `defaultCorefile`); throws the ConfigError that CoreDNS stops with. */
export function parseCorefile(source: CorefileSource, options: CorefileOptions): ServerBlock[] {
  return new Parser(source, options, null).parse()
}

/** The server blocks as far as they can be read, and every problem; the first is what parseCorefile throws. For checking a file. */
export function parseAll(
  source: CorefileSource,
  options: CorefileOptions,
): { blocks: ServerBlock[]; problems: readonly ConfigError[] } {
  const problems: ConfigError[] = []
  return { blocks: new Parser(source, options, problems).parse(), problems }
}

/** What is served when there is no Corefile, or an empty one; `port` is that of `-dns.port`. */
export function defaultCorefile(port: number): CorefileSource {
  return { text: `.:${port} {\nwhoami\nlog\n}\n`, file: 'Corefile' }
}

class Parser {
  readonly #stream: TokenStream
  readonly #imports: Imports
  readonly #options: CorefileOptions
  /** Where problems go; null if the first one ends the load. */
  readonly #problems: ConfigError[] | null

  constructor(source: CorefileSource, options: CorefileOptions, problems: ConfigError[] | null) {
    this.#stream = new TokenStream(tokenize(source.text, source.file), source.file)
    this.#imports = new Imports(options.files ?? importFiles, options.warn)
    this.#options = options
    this.#problems = problems
  }

  parse(): ServerBlock[] {
    const blocks: ServerBlock[] = []
    try {
      while (this.#stream.advance()) {
        const block = this.#block()
        // A block without keys serves nothing; CoreDNS leaves it out, too.
        if (block && block.keys.length > 0) blocks.push(block)
      }
    } catch (error) {
      if (this.#problems === null || !(error instanceof ConfigError)) throw error
      this.#problems.push(error)
    }
    return blocks
  }

  /** Ends the load with `error`, or notes it and goes on: the caller has a way to. */
  #report(error: ConfigError): void {
    if (this.#problems === null || this.#problems.length >= problemsMax - 1) throw error
    this.#problems.push(error)
  }

  /** The block whose first key is the current word; null for a snippet. */
  #block(): ServerBlock | null {
    const { keys, atEnd } = this.#keys()
    const directives = new Map<string, Token[]>()
    if (atEnd) return { keys, directives }
    const name = /^\((.*)\)$/s.exec(keys.length === 1 ? keys[0]!.text : '')?.[1]
    if (name !== undefined) {
      this.#snippet(name)
      return null
    }
    const braced = this.#stream.text === '{'
    this.#directives(directives, braced)
    const last: string = this.#stream.text
    if (braced && last !== '}') this.#report(this.#stream.syntaxError('}'))
    return { keys, directives }
  }

  /** The keys from the current word on. Leaves the current word on the first one of the body, or the file's last if it ends here. */
  #keys(): { keys: Token[]; atEnd: boolean } {
    const stream = this.#stream
    const keys: Token[] = []
    let afterComma = false
    while (true) {
      const token = stream.current!
      let text = substitute(token, this.#options.environment)
      if (text === 'import' && stream.atLineStart) {
        this.#import()
        if (stream.advance()) continue
        // Nothing was imported and nothing follows: there is no word, so no line, to point at.
        if (afterComma) this.#report(new ConfigError(`${stream.file}:0 - Error during parsing: Unexpected EOF`))
        return { keys, atEnd: true }
      }
      if (text === '{') {
        if (afterComma) {
          this.#report(stream.error("Expected another address but had '{' - check for extra comma"))
        }
        return { keys, atEnd: false }
      }
      if (text !== '') {
        afterComma = text.endsWith(',')
        if (afterComma) text = text.slice(0, -1)
        keys.push({ ...token, text })
      }
      if (!stream.advance()) {
        if (afterComma) this.#report(stream.error('Unexpected EOF'))
        return { keys, atEnd: true }
      }
      if (!afterComma && stream.atLineStart) return { keys, atEnd: false }
    }
  }

  /** Keeps the words up to the brace that closes the snippet. */
  #snippet(name: string): void {
    const stream = this.#stream
    if (this.#imports.isDefined(name)) {
      this.#report(stream.error(`redeclaration of previously declared snippet ${name}`))
    }
    if (stream.text !== '{') throw stream.syntaxError('{')
    const tokens: Token[] = []
    let importsItself = false
    for (let depth = 1; ; ) {
      if (!stream.advance()) {
        this.#report(stream.syntaxError('}'))
        return
      }
      const token = stream.current!
      if (token.text === '}' && --depth === 0) break
      if (token.text === '{') depth++
      const argument = stream.peek()
      if (token.text === 'import' && argument && startsLineOf(tokens, token)) {
        importsItself ||= argument.text !== '}' && substitute(argument, this.#options.environment) === name
      }
      tokens.push(token)
    }
    // Only the plain case can be seen here; longer circles end at the limit of expansions.
    if (importsItself) this.#report(snippetDepthError(stream))
    if (!this.#imports.isDefined(name)) this.#imports.define(name, importsItself ? [] : tokens)
  }

  /** Reads directives until a closing brace or the end; if `braced`, the current word is the opening one, otherwise the first directive. */
  #directives(directives: Map<string, Token[]>, braced: boolean): void {
    const stream = this.#stream
    if (braced && !stream.advance()) return
    do {
      if (stream.text === '}') return
      if (stream.text === 'import') this.#import()
      else if (!this.#directive(directives)) return
    } while (stream.advance())
  }

  /** Reads the directive that starts at the current word; false if the block was closed on its line. */
  #directive(directives: Map<string, Token[]>): boolean {
    const stream = this.#stream
    const token = stream.current!
    const name = substitute(token, this.#options.environment)
    const known = this.#options.directives.has(name)
    if (!known) this.#report(stream.error(`Unknown directive '${name}'`))
    const words = directives.get(name) ?? []
    if (known) directives.set(name, words)
    words.push(token)
    let depth = 0
    for (let next = stream.peek(); next; next = stream.peek()) {
      if (next.text === '{') {
        depth++
      } else if (stream.nextStartsLine && depth === 0) {
        return true
      } else if (next.text === '}') {
        if (depth === 0) {
          stream.advance()
          this.#report(stream.error("Unexpected '}' because no matching opening brace"))
          return false
        }
        depth--
      } else if (next.text === 'import' && stream.nextStartsLine) {
        stream.advance()
        this.#import()
        continue
      }
      stream.advance()
      words.push(stream.rewrite(substitute(next, this.#options.environment)))
    }
    if (depth > 0) this.#report(stream.error('Unexpected EOF'))
    return true
  }

  /** Replaces the import that starts at the current word; the current word is then the one before it. */
  #import(): void {
    const stream = this.#stream
    stream.replaceStatement(() => {
      try {
        if (!stream.nextArgument()) throw stream.argumentError()
        const name = substitute(stream.current!, this.#options.environment)
        if (name === '') throw stream.error('Import requires a non-empty filepath')
        if (stream.nextArgument()) throw stream.error('Import takes only one argument (glob pattern or file)')
        return this.#imports.resolve(name, stream)
      } catch (error) {
        if (!(error instanceof ConfigError) || error instanceof LimitError) throw error
        this.#report(error)
        while (stream.nextArgument());
        return []
      }
    })
  }
}

/** True when `token`, which follows `tokens`, is in another line than the last of them starts in. */
function startsLineOf(tokens: readonly Token[], token: Token): boolean {
  const last = tokens.at(-1)
  return last === undefined || last.file !== token.file || last.line !== token.line
}
