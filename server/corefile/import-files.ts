// The files behind `import`: finding them by a pattern and reading them. The parser gets this as a parameter, so tests need no files.
// A pattern is a path in which `*` stands for any characters of one name (a leading dot too), `?` for one, `\x` for x itself.

import { closeSync, constants, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { fileBytesMax, pathLengthMax } from './limits.ts'

const pieceBytes = 64 * 1024

/** Where imports come from. */
export interface ImportFiles {
  /** The paths that match an absolute pattern, sorted; an Error whose message is the reason if it is no pattern. */
  find(pattern: string): readonly string[]
  /** The text of a file; an Error whose message is the reason if it cannot be had. */
  read(path: string): string
}

/** The file system. */
export const importFiles: ImportFiles = { find: findFiles, read: readImport }

function findFiles(pattern: string): string[] {
  if (pattern.length > pathLengthMax) return []
  if (isMalformed(pattern)) throw new Error('syntax error in pattern')
  if (!/[*?[\\]/.test(pattern)) return exists(pattern) ? [pattern] : []
  return matchPath(pattern)
}

/** A bracket that never closes, or a backslash with nothing behind it. */
function isMalformed(pattern: string): boolean {
  const plain = pattern.replaceAll(/\\./gs, '')
  return plain.includes('[') || plain.endsWith('\\')
}

/** Directories are matched first, then the names in each of them. */
function matchPath(pattern: string): string[] {
  const parent = dirname(pattern)
  const parents = /[*?\\]/.test(parent) && parent !== pattern ? matchPath(parent) : [parent]
  const name = namePattern(pattern.slice(parent.length).replace(/^\/+/, ''))
  return parents.flatMap((directory) =>
    namesIn(directory)
      .filter((candidate) => name.test(candidate))
      .map((candidate) => join(directory, candidate)),
  )
}

function namePattern(text: string): RegExp {
  const source = text.replaceAll(/\\(.)|[*?]|[^\\*?]+/gs, (part, escaped?: string) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    return RegExp.escape(escaped ?? part)
  })
  return new RegExp(`^${source}$`, 'su')
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  } catch {
    return [] // no directory, or one that is not ours to read: nothing matches there
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

function readImport(path: string): string {
  let descriptor: number
  try {
    if (statSync(path).isDirectory()) throw new Error('is a directory')
    // Without waiting: a named pipe that nobody writes to must not stop the load.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw isSystemError(error) ? new Error(`open ${path}: ${systemReason(error)}`) : error
  }
  try {
    return readBounded(descriptor)
  } catch (error) {
    throw isSystemError(error) ? new Error(`read ${path}: ${systemReason(error)}`) : error
  } finally {
    closeSync(descriptor)
  }
}

/** In pieces, because the size that the system tells is 0 for a device and may be outgrown by a file. */
function readBounded(descriptor: number): string {
  const pieces: Buffer[] = []
  let length = 0
  while (true) {
    const piece = Buffer.allocUnsafe(pieceBytes)
    const count = readSync(descriptor, piece, 0, pieceBytes, null)
    if (count === 0) return Buffer.concat(pieces, length).toString('utf8')
    pieces.push(piece.subarray(0, count))
    length += count
    if (length > fileBytesMax) throw new Error(`file is larger than ${fileBytesMax} bytes`)
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { errno: number } {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
}

function systemReason(error: NodeJS.ErrnoException & { errno: number }): string {
  return error.code === 'ELOOP' ? 'too many levels of symbolic links' : getSystemErrorMessage(error.errno)
}
