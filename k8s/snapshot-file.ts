// The last known state of the cluster on disk, from which a restarted server answers until it has listed. A file is whole or is not used: it is written beside its
// place and renamed, and a checksum over all of it is the last thing that it says.
//
//   magic and version (8) │ length of the head (4) │ head: JSON │ records of the batch │ SHA-256 of everything before (32)

import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { snapshotBytesMax, snapshotLeftoverMs } from './limits.ts'
import type { ChangeBatch } from './object-bytes.ts'

/** What a snapshot file says. */
export interface Snapshot {
  readonly batch: ChangeBatch
  /** Of which cluster, and trimmed by which options: a file of another identity is refused. */
  readonly identity: string
  /** Milliseconds since 1970. */
  readonly takenAtMs: number
}

/** Why there is no snapshot to be had. */
export interface NoSnapshot {
  readonly problem: string
  /** There is no file: nothing is wrong at a first start. */
  readonly missing: boolean
}

interface Head {
  readonly identity: string
  readonly takenAtMs: number
  readonly serial: number
}

/** Replaces the file at `path`, readable by its owner only. Rejects (ENOENT, ENOSPC, EROFS, …) with the old file as it was; the last of several writers at once wins. */
export async function writeSnapshot(path: string, { batch, identity, takenAtMs }: Snapshot): Promise<void> {
  const head = Buffer.from(JSON.stringify({ identity, takenAtMs, serial: batch.serial } satisfies Head))
  const start = Buffer.alloc(startBytes)
  start.write(magic, 'latin1')
  start.writeUInt32BE(head.length, magic.length)
  const parts = [start, head, batch.records]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  const temporary = join(dirname(path), temporaryName(path, randomUUID()))
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      // Each part goes to its end: `writev` may stop early.
      for (const part of [...parts, hash.digest()]) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
  await removeLeftovers(path, takenAtMs)
}

/** Reads the file at `path`; whatever is wrong with it becomes a problem, with the path in it. The batch is whole and not synced. */
export async function readSnapshot(
  path: string,
  { identity, maxAgeMs, nowMs }: { readonly identity: string; readonly maxAgeMs: number; readonly nowMs: number },
): Promise<Pick<Snapshot, 'batch' | 'takenAtMs'> | NoSnapshot> {
  const no = (problem: string): NoSnapshot => ({ problem: `${path}: ${problem}`, missing: false })
  let bytes: Buffer
  try {
    const read = await readRegular(path)
    if (typeof read === 'string') return no(read)
    bytes = read
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { problem: code === undefined ? `${path}: ${message}` : message, missing: code === 'ENOENT' }
  }
  const opened = openSnapshot(bytes)
  if (typeof opened === 'string') return no(opened)
  const { head, records } = opened
  if (head.identity !== identity) return no('is of another cluster or other options')
  const ageMs = nowMs - head.takenAtMs
  if (ageMs > maxAgeMs) return no(`is ${Math.round(ageMs / 1000)} s old, older than ${Math.round(maxAgeMs / 1000)} s`)
  return { batch: { records, serial: head.serial, synced: false, whole: true }, takenAtMs: head.takenAtMs }
}

/** The file's bytes, or what is wrong with it. */
async function readRegular(path: string): Promise<Buffer | string> {
  // A pipe would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await file.stat()
    if (!found.isFile()) return 'is no regular file'
    if (found.size > snapshotBytesMax) return `is larger than ${snapshotBytesMax} bytes`
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** The parts of a snapshot, or what is wrong with it. */
function openSnapshot(bytes: Buffer): { head: Head; records: Uint8Array } | string {
  if (bytes.toString('latin1', 0, magic.length - 1) !== magic.slice(0, -1)) return 'is no snapshot'
  if (bytes.toString('latin1', 0, magic.length) !== magic) return 'is a snapshot of another version'
  const end = bytes.length - digestBytes
  if (end < startBytes) return 'ends early'
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest()
  if (!digest.equals(bytes.subarray(end))) return 'is damaged: its checksum is another'
  const recordsStart = startBytes + bytes.readUInt32BE(magic.length)
  if (recordsStart > end) return 'is damaged: its head is too long'
  try {
    const head: unknown = JSON.parse(bytes.toString('utf8', startBytes, recordsStart))
    if (!isHead(head)) return 'is damaged: its head says too little'
    return { head, records: new Uint8Array(bytes.subarray(recordsStart, end)) }
  } catch {
    return 'is damaged: its head is no JSON'
  }
}

function isHead(head: unknown): head is Head {
  if (typeof head !== 'object' || head === null) return false
  const { identity, takenAtMs, serial } = head as Record<keyof Head, unknown>
  return typeof identity === 'string' && Number.isFinite(takenAtMs) && Number.isSafeInteger(serial)
}

/** Makes the rename last. Some file systems cannot: then the old file may come back after a power cut. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path)
    await folder.sync().finally(() => folder.close())
  } catch {}
}

/** Removes what writers that died have left behind. */
async function removeLeftovers(path: string, nowMs: number): Promise<void> {
  const folder = dirname(path)
  const [before, after] = temporaryName(path, ' ').split(' ') as [string, string]
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(before) && each.endsWith(after))) {
    const file = join(folder, name)
    const found = await stat(file).catch(() => null)
    if (found && nowMs - found.mtimeMs > snapshotLeftoverMs) await unlink(file).catch(() => {})
  }
}

const temporaryName = (path: string, unique: string): string => `.${basename(path)}.${unique}.tmp`

/** The last character is the format's version. */
const magic = 'meridia1'
const startBytes = magic.length + 4
const digestBytes = 32
