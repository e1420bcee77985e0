// The words of a Corefile as the parser reads them, with imports spliced in.
//
//   Corefile   . { errors  import x  cache 30 }      an import puts its words on the stack;
//   x                     ^ log  whoami              when they are used up, the words after the import follow
//
// `current` is where the parser stands and what an error names; `previous` is the word before it in the spliced order, which decides
// whether `current` starts a line. At the end of the file `current` stays on the last word.

import { ConfigError, type Token } from '../../plugins/directive.ts'
import { tokensMax } from './limits.ts'

interface Frame {
  readonly tokens: readonly Token[]
  next: number
}

/** A Corefile past one of the limits: the parser stops there even when it collects problems. */
export class LimitError extends ConfigError {}

export class TokenStream {
  /** The file that an error names before the first word. */
  readonly file: string
  readonly #frames: Frame[]
  #current: Token | undefined
  #previous: Token | undefined
  #taken = 0

  constructor(tokens: readonly Token[], file: string) {
    this.file = file
    this.#frames = [{ tokens, next: 0 }]
  }

  get current(): Token | undefined {
    return this.#current
  }

  get text(): string {
    return this.#current?.text ?? ''
  }

  /** The word after `current`. */
  peek(): Token | undefined {
    this.#dropUsedUp()
    const frame = this.#frames.at(-1)
    return frame?.tokens[frame.next]
  }

  #dropUsedUp(): void {
    for (let frame = this.#frames.at(-1); frame && frame.next >= frame.tokens.length; frame = this.#frames.at(-1)) {
      this.#frames.pop()
    }
  }

  /** Moves to the next word; false, and no move, when there is none. */
  advance(): boolean {
    const token = this.peek()
    if (!token) return false
    this.#frames.at(-1)!.next++
    this.#previous = this.#current
    this.#current = token
    if (++this.#taken > tokensMax) throw new LimitError(this.error(`more than ${tokensMax} words`).message)
    return true
  }

  /** Gives `current` another text, which errors and line counts see from now on, and returns it. */
  rewrite(text: string): Token {
    const { file, line } = this.#current!
    this.#current = { text, file, line }
    return this.#current
  }

  /** True when `current` starts a line. */
  get atLineStart(): boolean {
    return this.#current !== undefined && startsLine(this.#previous, this.#current)
  }

  /** True when the next word starts a line. */
  get nextStartsLine(): boolean {
    const token = this.peek()
    return token !== undefined && startsLine(this.#current, token)
  }

  /** Moves to the next word if it is an argument: in the same file and on the line where `current` ends. */
  nextArgument(): boolean {
    const token = this.peek()
    if (!this.#current || !token) return false
    if (this.#current.file !== token.file || lastLine(this.#current) !== token.line) return false
    return this.advance()
  }

  /**
   * Reads an import: with `current` on its first word, `resolve` takes the others and gives the words to put in place of all of them.
   * Afterwards `current` is the word before the import, and the next one is the first that was put in.
   */
  replaceStatement(resolve: () => readonly Token[]): void {
    const before = this.#previous
    const tokens = resolve()
    // Without frames that have nothing left, a file that ends by importing itself needs no stack.
    this.#dropUsedUp()
    this.#frames.push({ tokens, next: 0 })
    this.#current = before
    this.#previous = undefined
  }

  /** `FILE:LINE - Error during parsing: REASON` at `current`. */
  error(reason: string): ConfigError {
    return new ConfigError(`${this.#place()} - Error during parsing: ${reason}`)
  }

  /** `FILE:LINE - Syntax error: Unexpected token 'CURRENT', expecting 'EXPECTED'`. */
  syntaxError(expected: string): ConfigError {
    return new ConfigError(`${this.#place()} - Syntax error: Unexpected token '${this.text}', expecting '${expected}'`)
  }

  /** The error for a missing argument after `current`. */
  argumentError(): ConfigError {
    return this.error(`Wrong argument count or unexpected line ending after '${this.text}'`)
  }

  #place(): string {
    return `${this.#current?.file ?? this.file}:${this.#current?.line ?? 0}`
  }
}

/** The line in which a word ends: a quoted one may hold newlines. */
function lastLine(token: Token): number {
  return token.text.includes('\n') ? token.line + token.text.split('\n').length - 1 : token.line
}

function startsLine(previous: Token | undefined, token: Token): boolean {
  return previous === undefined || previous.file !== token.file || lastLine(previous) < token.line
}
