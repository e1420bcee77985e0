// Corefile text -> words. The first step when a configuration is loaded: lexer, parser, keys; then the plugins' setup.
//
//   forward . "a b"   # why        three words; a quote is special only as the first character of a word
//
// Words are separated by white space as Unicode has it; a carriage return is no character at all, so it does not separate. `\"` is the
// only escape, inside quotes. A comment starts at any `#` outside quotes. When it is glued to a word (`errors#all`) only the characters
// up to the next white space are skipped: that is what CoreDNS does, so a file means the same here.

import type { Token } from '../../plugins/directive.ts'

const byteOrderMark = '\ufeff'
const whiteSpace = /[\u0085\p{White_Space}]/u

/** The words of `text`, each with the line it starts in (from 1); never fails: an unclosed quote ends with the text. */
export function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = []
  let at = text.startsWith(byteOrderMark) ? 1 : 0
  let line = 1
  while (at < text.length) {
    const character = text[at]!
    if (character === '"') {
      const quoted = readQuoted(text, at + 1)
      // An empty pair of quotes is a word; one that is cut off before its first character is not.
      if (quoted.closed || quoted.text !== '') tokens.push({ text: quoted.text, file, line })
      line += quoted.newlines
      at = quoted.end
    } else if (character === '#') {
      at = endOfLine(text, at)
    } else if (whiteSpace.test(character)) {
      if (character === '\n') line++
      at++
    } else {
      const word = readWord(text, at)
      tokens.push({ text: word.text, file, line })
      at = word.end
    }
  }
  return tokens
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  return newline < 0 ? text.length : newline
}

/** A bare word from `start`; `end` is the white space after it, or after the comment that is glued to it. */
function readWord(text: string, start: number): { text: string; end: number } {
  let word = ''
  let inComment = false
  let at = start
  for (; at < text.length; at++) {
    const character = text[at]!
    if (character === '\r') continue
    if (whiteSpace.test(character)) break
    if (character === '#') inComment = true
    if (!inComment) word += character
  }
  return { text: word, end: at }
}

/** A quoted word, `start` being the character after the quote. */
function readQuoted(text: string, start: number): { text: string; end: number; closed: boolean; newlines: number } {
  let word = ''
  let newlines = 0
  for (let at = start; at < text.length; at++) {
    let character = text[at]!
    if (character === '"') return { text: word, end: at + 1, closed: true, newlines }
    if (character === '\\') {
      at++
      if (at === text.length) break
      character = text[at]!
      if (character !== '"') word += '\\'
    }
    if (character === '\n') newlines++
    word += character
  }
  return { text: word, end: text.length, closed: false, newlines }
}
