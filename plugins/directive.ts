// One directive of a server block as a plugin's setup reads it: the tokens of all its occurrences in the block, in one list, with a
// cursor over them. The parser (server/corefile) makes it; the rules about lines and braces are those of the Corefile (Caddy's
// dispenser), because error texts name the token that the cursor stands on.

/** A word of a Corefile: `text` after quotes and environment variables, and where it starts. */
export interface Token {
  readonly text: string
  readonly file: string
  readonly line: number
}

/** A Corefile that cannot be loaded; `message` is what CoreDNS prints for it, with file and line where there are any. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Newlines inside a (quoted) token; the next token on the same line starts that much further down. */
function newlinesIn(token: Token): number {
  let count = 0
  for (const character of token.text) if (character === '\n') count++
  return count
}

/** The tokens of one directive and a cursor; a new Directive stands before the first token. */
export class Directive {
  readonly name: string
  /** The file the error text names when there is no token to point at. */
  readonly file: string
  readonly #tokens: readonly Token[]
  #cursor = -1
  #nesting = 0

  constructor(name: string, file: string, tokens: readonly Token[]) {
    this.name = name
    this.file = file
    this.#tokens = tokens
  }

  /** Every token, in order: the words of each occurrence start with the directive's name. */
  get tokens(): readonly Token[] {
    return this.#tokens
  }

  /** The text under the cursor, '' before the first token and after the last. */
  get value(): string {
    return this.#tokens[this.#cursor]?.text ?? ''
  }

  /** The token under the cursor. */
  get token(): Token | undefined {
    return this.#tokens[this.#cursor]
  }

  /** The line that an error here names. */
  get line(): number {
    return this.#tokens[this.#cursor]?.line ?? 0
  }

  /** Moves to the next token; false when there is none. The loop over a directive's occurrences is `while (directive.next())`. */
  next(): boolean {
    if (this.#cursor >= this.#tokens.length - 1) return false
    this.#cursor++
    return true
  }

  /** Moves to the next token if it is on the same line. An opening brace counts: check `value` or use remainingArguments. */
  nextArgument(): boolean {
    if (this.#cursor < 0) {
      this.#cursor++
      return true
    }
    const current = this.#tokens[this.#cursor]
    const following = this.#tokens[this.#cursor + 1]
    if (!current || !following || !sameLine(current, following)) return false
    this.#cursor++
    return true
  }

  /** Moves to the next token if it starts a new line. */
  nextLine(): boolean {
    if (this.#cursor < 0) {
      this.#cursor++
      return true
    }
    const current = this.#tokens[this.#cursor]
    const following = this.#tokens[this.#cursor + 1]
    if (!current || !following || sameLine(current, following)) return false
    this.#cursor++
    return true
  }

  /** Steps through a `{ … }` block after the arguments: `while (directive.nextBlock())` stands on the first word of each line. */
  nextBlock(): boolean {
    if (this.#nesting > 0) {
      if (!this.next()) return false
      if (this.#standsOn('}')) {
        this.#nesting--
        return false
      }
      return true
    }
    if (!this.nextArgument()) return false
    if (!this.#standsOn('{')) {
      this.#cursor--
      return false
    }
    if (!this.next() || this.#standsOn('}')) return false
    this.#nesting++
    return true
  }

  #standsOn(text: string): boolean {
    return this.value === text
  }

  /** The arguments left on this line, the cursor on the last of them; an opening brace ends them and is left for nextBlock. */
  remainingArguments(): string[] {
    const found: string[] = []
    while (this.nextArgument()) {
      if (this.value === '{') {
        this.#cursor--
        break
      }
      found.push(this.value)
    }
    return found
  }

  /** An error at the cursor: `FILE:LINE - Error during parsing: REASON`. */
  error(reason: string): ConfigError {
    const token = this.#tokens[this.#cursor]
    return new ConfigError(`${token?.file ?? this.file}:${token?.line ?? 0} - Error during parsing: ${reason}`)
  }

  /** The error for too few or too many arguments, naming the token under the cursor. */
  argumentError(): ConfigError {
    if (this.value === '{') return this.error("Unexpected token '{', expecting argument")
    return this.error(`Wrong argument count or unexpected line ending after '${this.value}'`)
  }

  /** `FILE:LINE - Syntax error: Unexpected token 'X', expecting 'EXPECTED'`. */
  syntaxError(expected: string): ConfigError {
    const token = this.#tokens[this.#cursor]
    return new ConfigError(
      `${token?.file ?? this.file}:${token?.line ?? 0} - Syntax error: Unexpected token '${this.value}', expecting '${expected}'`,
    )
  }
}

function sameLine(current: Token, following: Token): boolean {
  return current.file === following.file && current.line + newlinesIn(current) === following.line
}
