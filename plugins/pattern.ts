// Patterns as Corefiles write them: Go's regular expressions (RE2 syntax), matched in time linear in the text by the package re2js, so
// that no name a client sends can hang a thread. On the way of a query they decide in rewrite, template, errors, log and view.
// re2js is a port of Go's engine; this file closes the distance that is left: group names may repeat, unmatched groups are '',
// error texts are Go's to the byte, and the compiled size is bounded.

import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js'

/** Linear time still means size times length: this many instructions cost about 0.1 s on a 255-byte name at the worst. */
const INSTRUCTIONS_MAX = 20_000

/** A pattern that does not compile; `message` is Go's: "error parsing regexp: missing closing ): `(`". */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** The leftmost match in a text, as Go prefers alternatives. */
export interface Match {
  /** Where the match starts, in UTF-16 units. */
  readonly index: number
  /** Group 0 is the whole match; a group that took no part is ''. */
  readonly groups: readonly string[]
  /** The named groups; of groups with one name the last counts. */
  readonly named: ReadonlyMap<string, string>
}

/** A compiled pattern; unanchored, as Go's MatchString and FindStringSubmatch are. */
export interface Pattern {
  /** The text it was compiled from. */
  readonly source: string
  /** The number of groups, group 0 not counted. */
  readonly groupCount: number
  /** The name of each group by number, '' where it has none; element 0 is ''. */
  readonly groupNames: readonly string[]
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean
  /** The leftmost match, or null. */
  exec(text: string): Match | null
}

/** Compiles Go's syntax; throws PatternError. Callers limit the length of the text themselves (CoreDNS: 10,000 bytes). */
export function compilePattern(source: string): Pattern {
  const { plain, names } = separateNames(source)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(plain)
  } catch (error) {
    throw describe(error, source, names)
  }
  if (compiled.programSize() > INSTRUCTIONS_MAX) throw tooLarge(source)
  const groupCount = compiled.groupCount()
  const groupNames = nameGroups(compiled, names)
  return {
    source,
    groupCount,
    groupNames,
    test: (text) => compiled.test(text),
    exec(text) {
      const matcher = compiled.matcher(text)
      if (!matcher.find()) return null
      const groups: string[] = []
      const named = new Map<string, string>()
      for (let number = 0; number <= groupCount; number++) {
        const group = matcher.group(number) ?? ''
        groups.push(group)
        const name = groupNames[number]
        if (name) named.set(name, group)
      }
      return { index: matcher.start(0), groups, named }
    },
  }
}

/** A group name that was replaced because an earlier group has it too: the name in `plain` and the one in the source. */
type Renamed = ReadonlyMap<string, string>

/** re2js refuses a second group of one name, Go takes it: later ones get a name that the source does not contain. */
function separateNames(source: string): { plain: string; names: Renamed } {
  const seen = new Set<string>()
  const names = new Map<string, string>()
  let plain = ''
  for (let at = 0; at < source.length; ) {
    const length = unitLength(source, at)
    const unit = source.slice(at, at + length)
    const name = /^\(\?P?<(\w+)>$/.exec(unit)?.[1]
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name)
      plain += unit
    } else {
      let fresh = `${name}_${names.size}`
      while (source.includes(fresh)) fresh += '_'
      names.set(fresh, name)
      plain += unit.replace(`<${name}>`, `<${fresh}>`)
    }
    at += length
  }
  return { plain, names }
}

/** The length of what starts at `at`: an escape, a quoted run, a class, the head of a named group, or one character. */
function unitLength(source: string, at: number): number {
  if (source[at] === '\\') {
    if (source[at + 1] !== 'Q') return 2
    const end = source.indexOf('\\E', at + 2)
    return (end < 0 ? source.length : end + 2) - at
  }
  if (source[at] === '[') {
    // A bracket that comes first, or ends a [:name:] inside, does not end the class.
    const sticky = /\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]/sy
    sticky.lastIndex = at
    return sticky.exec(source)?.[0].length ?? 1
  }
  if (source[at] === '(') {
    const sticky = /\(\?P?<\w+>/y
    sticky.lastIndex = at
    return sticky.exec(source)?.[0].length ?? 1
  }
  return 1
}

function nameGroups(compiled: RE2JS, names: Renamed): string[] {
  const found = new Array<string>(compiled.groupCount() + 1).fill('')
  for (const [name, number] of Object.entries(compiled.namedGroups())) found[number] = names.get(name) ?? name
  return found
}

function tooLarge(source: string): PatternError {
  return new PatternError(`error parsing regexp: expression too large: \`${source}\``)
}

/** Go's text for an error of re2js: the reason, and the piece of the source that it is about, even where that is empty. */
function describe(error: unknown, source: string, names: Renamed): PatternError {
  if (error instanceof RE2JSSyntaxException) {
    const reason = error.getDescription()
    let piece = error.getPattern()
    if (piece === null) piece = reason.startsWith('trailing backslash') ? '' : source
    for (const [fresh, name] of names) piece = piece.replaceAll(fresh, name)
    // The start of a named group that ends right there is, to Go, no named group yet.
    if (piece === '(?P<') return new PatternError('error parsing regexp: invalid or unsupported Perl syntax: `(?P`')
    if (piece === '(?<') return new PatternError('error parsing regexp: invalid or unsupported Perl syntax: `(?<`')
    return new PatternError(`error parsing regexp: ${reason}: \`${piece}\``)
  }
  // The compiler's own limits, and a stack that nesting exhausted.
  if (error instanceof RE2JSException || error instanceof RangeError) return tooLarge(source)
  throw error
}
