// Files that credentials come from. Each is known by what it was when it was read, so that a change is seen however it was made: Kubernetes swaps mounted files
// by a symbolic link, and time stamps alone may stand still.

import { open, stat } from 'node:fs/promises'
import { getSystemErrorMessage } from 'node:util'
import { credentialsFileMax } from './limits.ts'

/** A file as it was when it was read. */
export interface FileStamp {
  readonly path: string
  /** Differs if the file does; '' for one that could not be read. */
  readonly stamp: string
}

/** A file that can't be read: `open /path: no such file or directory`. */
export class FileError extends Error {
  override readonly name = 'FileError'
  constructor(operation: string, path: string, reason: string) {
    super(`${operation} ${path}: ${reason}`)
  }
}

/** Reads files and remembers what they were. */
export class CredentialFiles {
  readonly #seen = new Map<string, string>()

  /** The text of a file; rejects with FileError. */
  async read(path: string): Promise<string> {
    this.#seen.set(path, '')
    const file = await open(path).catch((error: unknown) => {
      throw new FileError('open', path, reasonOf(error))
    })
    try {
      const status = await file.stat({ bigint: true })
      if (status.size > credentialsFileMax) throw new FileError('read', path, `longer than ${credentialsFileMax} bytes`)
      const text = await file.readFile('utf8')
      this.#seen.set(path, stampText(status))
      return text
    } catch (error) {
      throw error instanceof FileError ? error : new FileError('read', path, reasonOf(error))
    } finally {
      await file.close()
    }
  }

  get stamps(): readonly FileStamp[] {
    return [...this.#seen].map(([path, stamp]) => ({ path, stamp }))
  }
}

/** True if one of the files is no longer what it was. */
export async function haveChanged(files: readonly FileStamp[]): Promise<boolean> {
  const now = await Promise.all(files.map(({ path }) => stat(path, { bigint: true }).then(stampText, () => '')))
  return files.some(({ stamp }, i) => stamp !== now[i])
}

interface FileStatus {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

const stampText = ({ ino, size, mtimeNs, ctimeNs }: FileStatus): string => `${ino} ${size} ${mtimeNs} ${ctimeNs}`

/** Why an operation of the system failed, such as `no such file or directory`. */
export function reasonOf(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException
  if (code === 'EISDIR') return 'is a directory'
  return errno === undefined ? message : getSystemErrorMessage(errno)
}
