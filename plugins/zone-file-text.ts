// Opens zone files for the services of *file* and *auto*, with the words for what goes wrong. `shown` is the path as messages name it, `path` the one to open.

import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { zoneFileBytesMax } from '../zones/limits.ts'
import { codeOf, fileReason } from './file-reason.ts'

/** A file that could not be opened; `message` is `open FILE: REASON`. */
export class OpenError extends Error {
  /** It is there, but as a directory: waiting for it is no use. */
  get isDirectory(): boolean {
    return codeOf(this.cause) === 'EISDIR'
  }
}

const openError = (shown: string, error: unknown): OpenError =>
  new OpenError(`open ${shown}: ${fileReason(error)}`, { cause: error })

/** The octets of a file as characters; rejects with OpenError. */
export async function readText(shown: string, path: string): Promise<string> {
  try {
    check(await stat(path))
    return await readFile(path, 'latin1')
  } catch (error) {
    throw openError(shown, error)
  }
}

/** The same at once, for `$INCLUDE`: it is met in the middle of parsing, and what is included is small. Throws OpenError. */
export function readIncluded(shown: string, path: string): string {
  try {
    check(statSync(path))
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw openError(shown, error)
  }
}

/** A device or pipe would be read for ever. */
function check(stats: Stats): void {
  if (stats.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
  if (!stats.isFile()) throw new Error('not a regular file')
  if (stats.size > zoneFileBytesMax) throw new Error(`larger than ${zoneFileBytesMax} octets`)
}
