// A file that is read again when it changes, with the files that it includes: what the services of file, hosts and loadbalance share. Never on the way of a query.
//
//   chokidar event ─┐
//   poll timer ─────┴► look ► some mark differs ► read ─► changed
//                        └ none does: nothing       └ rejected: failed
//
// Events come at once, but not where a link in the path is pointed elsewhere, as the files of a ConfigMap are swapped: the poll finds that.

import { type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FSWatcher } from 'chokidar'
import { codeOf } from './file-reason.ts'
import type { Clock, Timer } from './plugin.ts'

/** Milliseconds that a file must have been left alone before an event counts, so that half a file is not read. */
const settledMs = 40

/** Which file, and who is told. */
export interface WatchedFileOptions<Contents> {
  readonly clock: Clock
  /** Milliseconds between looks; 0: it is read once and not watched. */
  readonly pollMs: number
  /** Reads it. `marks` gets the mark of every file that is opened, or should have been: taken before it is opened, and even if reading fails. */
  read(marks: Map<string, string>): Promise<Contents>
  /** Takes what was read after a change. */
  changed(contents: Contents): void
  /** Takes what `read` (or `changed`) threw after a change; called again only when a file changes again. */
  failed(error: unknown): void
  /** Events will not come: the system is out of watches. The poll remains. */
  unwatched(error: unknown): void
}

/** Reads and watches one file. */
export class WatchedFile<Contents> {
  readonly #options: WatchedFileOptions<Contents>
  /** What was read last: files by path, with their marks. */
  #marks: ReadonlyMap<string, string> = new Map()
  #timer: Timer | null = null
  #watcher: FSWatcher | null = null
  #looking: Promise<void> | null = null
  #lookAgain = false
  #stopped = false

  constructor(options: WatchedFileOptions<Contents>) {
    this.#options = options
  }

  /** Reads it now, for the start; rejects as `read` does. */
  async read(): Promise<Contents> {
    const marks = new Map<string, string>()
    try {
      return await this.#options.read(marks)
    } finally {
      const old = this.#marks
      this.#marks = marks
      const added = [...marks.keys()].filter((path) => !old.has(path))
      const removed = [...old.keys()].filter((path) => !marks.has(path))
      if (added.length > 0) this.#watcher?.add(added)
      if (removed.length > 0) this.#watcher?.unwatch(removed)
    }
  }

  /** Looks for changes from now on, after `read`; resolves when events are under way. */
  async watch(): Promise<void> {
    if (this.#options.pollMs <= 0) return
    this.#pollLater()
    await this.#watchEvents()
    // It may have changed before it was watched.
    void this.#look()
  }

  /** Nobody is told anything after this. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#watcher?.close()
  }

  #pollLater(): void {
    this.#timer = this.#options.clock.after(this.#options.pollMs, () => {
      void this.#look()
      this.#pollLater()
    })
  }

  async #watchEvents(): Promise<void> {
    // Loaded when the first file is watched: a Corefile without files does without it.
    const { watch } = await import('chokidar')
    const awaitWriteFinish = { stabilityThreshold: settledMs, pollInterval: 10 }
    const watcher = watch([...this.#marks.keys()], { ignoreInitial: true, awaitWriteFinish, depth: 0 })
    this.#watcher = watcher
    watcher.on('all', (event) => {
      if (event === 'add' || event === 'change') void this.#look()
    })
    await new Promise<void>((done) => {
      watcher.once('ready', done)
      watcher.on('error', (error) => {
        this.#options.unwatched(error)
        done()
      })
    })
  }

  /** Looks now, as at a reload of the Corefile; resolves when what there is has been read. */
  refresh(): Promise<void> {
    return this.#look()
  }

  /** Reads it again if it changed; one look at a time. */
  #look(): Promise<void> {
    this.#lookAgain = this.#looking !== null
    this.#looking ??= this.#lookUntilSettled().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  async #lookUntilSettled(): Promise<void> {
    do {
      this.#lookAgain = false
      if (await this.#isChanged()) await this.#readAgain()
    } while (this.#lookAgain && !this.#stopped)
  }

  async #isChanged(): Promise<boolean> {
    for (const [path, mark] of this.#marks) if ((await markOf(path)) !== mark) return true
    return false
  }

  async #readAgain(): Promise<void> {
    try {
      const contents = await this.read()
      if (!this.#stopped) this.#options.changed(contents)
    } catch (error) {
      if (!this.#stopped) this.#options.failed(error)
    }
  }
}

/** A text that changes whenever the file is written, replaced or gone. Never rejects. */
export const markOf = (path: string): Promise<string> => stat(path).then(markOfStats, markOfMissing)

/** The same at once, for what is met in the middle of parsing. Never throws. */
export function markNow(path: string): string {
  try {
    return markOfStats(statSync(path))
  } catch (error) {
    return markOfMissing(error)
  }
}

const markOfStats = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

const markOfMissing = (error: unknown): string => `missing ${codeOf(error)}`
