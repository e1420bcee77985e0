// Which zones the files of a folder are.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, fileReason } from '../file-reason.ts'
import { quote } from '../number.ts'
import type { Pattern } from '../pattern.ts'
import { directoryEntriesMax } from './limits.ts'
import { originOf } from './origin.ts'

/** Where a zone's file is: as messages name it, and to open. */
export interface ZonePlace {
  readonly shown: string
  readonly path: string
}

/** The folder, and how names of files are read. */
export interface ZoneFolder extends ZonePlace {
  readonly pattern: Pattern
  readonly template: string
}

/** What was found. */
export interface ZoneList {
  /** By origin; null if the folder is there and cannot be read. */
  readonly zones: ReadonlyMap<string, ZonePlace> | null
  readonly problems: readonly string[]
}

/** Looks through the folder and those in it, in the order of names. Never rejects. */
export async function listZones({ shown, path, pattern, template }: ZoneFolder): Promise<ZoneList> {
  const zones = new Map<string, ZonePlace>()
  const problems: string[] = []
  let left = directoryEntriesMax
  const walk = async (folder: ZonePlace): Promise<void> => {
    const entries = await readdir(folder.path, { withFileTypes: true })
    entries.sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)))
    for (const entry of entries) {
      if (left-- <= 0) throw new Error(`more than ${directoryEntriesMax} files`)
      // The folders behind a ConfigMap's links.
      if (entry.name.startsWith('..')) continue
      const place = { shown: join(folder.shown, entry.name), path: join(folder.path, entry.name) }
      if (entry.isDirectory()) await walk(place).catch((error: unknown) => void problems.push(unread(place, error)))
      else if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(place.path)))) add(entry.name, place)
    }
  }
  const add = (name: string, place: ZonePlace): void => {
    const origin = originOf(name, pattern, template)
    if (origin === null) return
    if (origin === 'bad') {
      problems.push(`No zone can be called after ${quote(place.shown)}`)
      return
    }
    const first = zones.get(origin.folded)
    if (!first) zones.set(origin.folded, place)
    else
      problems.push(
        `Multiple zone files match origin ${quote(origin.folded)}: using ${quote(first.shown)} instead of ${quote(place.shown)}`,
      )
  }
  try {
    await walk({ shown, path })
  } catch (error) {
    // A folder that is gone has no zones; one that cannot be read may have them.
    if (codeOf(error) === 'ENOENT') return { zones: new Map(), problems: [`Directory does not exist: ${shown}`] }
    return { zones: null, problems: [...problems, unread({ shown, path }, error)] }
  }
  return { zones, problems }
}

const unread = ({ shown }: ZonePlace, error: unknown): string => `error reading ${shown}: ${fileReason(error)}`

const leadsToFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
