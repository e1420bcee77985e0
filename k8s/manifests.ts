// A cluster described by files: one manifest file, or a folder of them (*.yaml, *.yml, *.json; not its subfolders). They are watched: an edit is news within
// milliseconds, and a slow poll sees what file events miss.
//
// Trouble never takes anything away: while a file cannot be read, or a document of it is wrong, all that the file said before and does not say now still counts.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type FSWatcher, watch } from 'chokidar'
import type { Decoded } from './decoder.ts'
import { manifestBytesMax, manifestPollMs, manifestSettleMs, manifestSliceMs } from './limits.ts'
import { type ManifestFile, manifestSteps } from './manifest-file.ts'
import { keyOf, type Trim } from './objects.ts'

/** What a ManifestSource needs. */
export interface ManifestOptions {
  /** A file or a folder. */
  readonly path: string
  /** What is left out of objects; nothing if not given. */
  readonly trim?: Trim
  /** Calls `task` after the delay; a clock of the caller's. */
  readonly after: (delayMs: number, task: () => void) => { cancel(): void }
  /** Takes every object that the files hold now. */
  readonly changed: (objects: readonly Decoded[]) => void
  /** Takes what could not be read, with its place; called again only when the file changes. */
  readonly problem: (text: string) => void
}

interface KnownFile {
  readonly signature: string
  readonly objects: readonly Decoded[]
}

/** Reads and watches manifests. */
export class ManifestSource {
  readonly #options: ManifestOptions
  #files = new Map<string, KnownFile>()
  #scan: Promise<void> | null = null
  #again = false
  /** The next scan is that of the poll. */
  #polled = false
  #watcher: FSWatcher | null = null
  #poll: { cancel(): void } | null = null
  #stopped = false
  /** What the files hold has been handed over at least once, be it nothing. */
  #handed = false
  #trouble = ''

  constructor(options: ManifestOptions) {
    this.#options = options
  }

  /** Reads everything once and hands it over, then watches. Rejects (ENOENT, EACCES, …) if the path itself cannot be read. */
  async start(): Promise<void> {
    await stat(this.#options.path)
    if (this.#stopped) return
    this.#watcher = watch(this.#options.path, {
      ignoreInitial: true,
      depth: 0,
      awaitWriteFinish: { stabilityThreshold: manifestSettleMs, pollInterval: manifestSettleMs / 2 },
    })
    this.#watcher.on('all', () => this.#look())
    // What is written before the watcher knows the files is no event.
    this.#watcher.on('ready', () => this.#look())
    // Events are a shortcut; without them (too many watches) the poll remains.
    this.#watcher.on('error', (error) => this.#options.problem(`watching ${this.#options.path}: ${String(error)}`))
    await this.#look()
    this.#pollLater()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#poll?.cancel()
    await this.#watcher?.close()
    await this.#scan
  }

  #pollLater(): void {
    if (this.#stopped) return
    this.#poll = this.#options.after(manifestPollMs, () => {
      this.#polled = true
      void this.#look().then(() => this.#pollLater())
    })
  }

  /** Scans now, or once more after the scan that runs. */
  #look(): Promise<void> {
    this.#again = true
    this.#scan ??= this.#scanWhileAsked()
    return this.#scan
  }

  async #scanWhileAsked(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      await this.#scanOnce()
    }
    this.#scan = null
  }

  async #scanOnce(): Promise<void> {
    const { path, changed, problem } = this.#options
    const polled = this.#polled
    this.#polled = false
    try {
      const names = await listFiles(path)
      const files = new Map<string, KnownFile>()
      for (const name of names) files.set(name, await this.#read(name, this.#files.get(name), polled))
      this.#trouble = ''
      const differs = files.size !== this.#files.size || names.some((name) => files.get(name) !== this.#files.get(name))
      this.#files = files
      if ((!differs && this.#handed) || this.#stopped) return
      this.#handed = true
      changed(merged(files.values()))
    } catch (error) {
      const text = errorText(error)
      if (text !== this.#trouble) problem(text)
      this.#trouble = text
    }
  }

  /** The file's state now; `before` itself if nothing changed. */
  async #read(file: string, before: KnownFile | undefined, polled: boolean): Promise<KnownFile> {
    const { problem } = this.#options
    let signature = ''
    try {
      const found = await stat(file)
      signature = `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`
      if (before?.signature === signature) return before
      // Writers that empty a file before they fill it: it is believed to be empty if two polls in a row find it so. Events may come any moment.
      if (found.size === 0 && before && before.objects.length > 0 && !(polled && before.signature === 'emptied'))
        return polled ? { signature: 'emptied', objects: before.objects } : before
      // A pipe would be read for ever.
      if (!found.isFile()) throw new Error(`${file}: not a regular file`)
      if (found.size > manifestBytesMax) throw new Error(`${file}: larger than ${manifestBytesMax} bytes`)
      const { objects, faults } = await parseInSlices(file, await readFile(file, 'utf8'), this.#options.trim)
      for (const fault of faults) problem(fault)
      return {
        signature,
        objects: faults.length === 0 ? objects : merged([{ objects: before?.objects ?? [] }, { objects }]),
      }
    } catch (error) {
      if (before?.signature === `unread ${signature}`) return before
      problem(errorText(error))
      return { signature: `unread ${signature}`, objects: before?.objects ?? [] }
    }
  }
}

async function parseInSlices(file: string, text: string, trim: Trim | undefined): Promise<ManifestFile> {
  const steps = manifestSteps(file, text, trim)
  let sliceEnd = performance.now() + manifestSliceMs
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value
    if (performance.now() < sliceEnd) continue
    await nextTurn()
    sliceEnd = performance.now() + manifestSliceMs
  }
}

/** Objects of several files; of two descriptions of one object the later counts. */
function merged(files: Iterable<{ readonly objects: readonly Decoded[] }>): Decoded[] {
  const found = new Map<string, Decoded>()
  for (const { objects } of files) {
    for (const decoded of objects) if (decoded.object) found.set(keyOf(decoded.object), decoded)
  }
  return [...found.values()]
}

async function listFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name))
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
