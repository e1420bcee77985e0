// Keeps the state of a cluster on disk: reads it at start, writes it in the background when it has changed, now and then, and at the end. Its age counts from when the
// API server last confirmed it, so the file of a quiet cluster is written again before it would be too old.

import type { Clock } from './clock.ts'
import type { SnapshotOptions } from './cluster-options.ts'
import { readSnapshot, writeSnapshot } from './snapshot-file.ts'
import type { ChangeBatch } from './store.ts'

/** What a keeper works with. */
export interface SnapshotKeeperOptions {
  readonly snapshot: SnapshotOptions
  /** Whose state it is; a file of another's is not used. */
  readonly identity: string
  readonly clock: Clock
  /** The shortest time between two writings. */
  readonly everyMs: number
  readonly state: () => ChangeBatch
  /** Until when the state is known to be right, milliseconds since 1970. */
  readonly confirmedAtMs: () => number
  /** Told of each writing, with null or what went wrong. */
  readonly written: (error: unknown) => void
}

/** Reads and writes one snapshot file. */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions
  #dirty = false
  #writtenAt = Number.NEGATIVE_INFINITY
  /** `confirmedAtMs` of what is on disk; 0 before the first writing. */
  #writtenConfirmedMs = 0
  #refresh: { cancel(): void } | null = null
  #timer: { cancel(): void } | null = null
  #writing: Promise<void> | null = null
  #stopped = false

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options
  }

  /** What the file says; null if there is none. */
  async read(): Promise<{ readonly batch: ChangeBatch; readonly ageMs: number } | { readonly problem: string } | null> {
    const { clock, identity, snapshot } = this.#options
    const found = await readSnapshot(snapshot.path, { identity, maxAgeMs: snapshot.maxAgeMs, nowMs: clock.wall() })
    if ('problem' in found) return found.missing ? null : found
    return { batch: found.batch, ageMs: Math.max(0, clock.wall() - found.takenAtMs) }
  }

  /** The state is another one now; it is complete. */
  changed(): void {
    this.#dirty = true
    if (this.#stopped || this.#timer || this.#writing) return
    const { clock, everyMs } = this.#options
    this.#timer = clock.after(Math.max(0, this.#writtenAt + everyMs - clock.now()), () => {
      this.#timer = null
      this.#writing = this.#write().finally(() => {
        this.#writing = null
        if (this.#dirty) this.changed()
      })
    })
  }

  /** Resolves when the last state is on disk. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#refresh?.cancel()
    await this.#writing
    if (this.#dirty || this.#isOlder()) await this.#write()
  }

  /** The file is of this process, and the state has been confirmed since. */
  #isOlder(): boolean {
    return this.#writtenConfirmedMs > 0 && this.#options.confirmedAtMs() > this.#writtenConfirmedMs
  }

  async #write(): Promise<void> {
    const { clock, confirmedAtMs, identity, snapshot, state, written } = this.#options
    this.#dirty = false
    this.#writtenAt = clock.now()
    this.#writtenConfirmedMs = confirmedAtMs()
    this.#refreshLater()
    try {
      await writeSnapshot(snapshot.path, { batch: state(), identity, takenAtMs: this.#writtenConfirmedMs })
      written(null)
    } catch (error) {
      written(error)
    }
  }

  #refreshLater(): void {
    const { clock, everyMs, snapshot } = this.#options
    this.#refresh?.cancel()
    if (this.#stopped || snapshot.maxAgeMs === Number.POSITIVE_INFINITY) return
    this.#refresh = clock.after(Math.max(everyMs, snapshot.maxAgeMs / 4), () => {
      if (this.#isOlder()) this.changed()
      else this.#refreshLater()
    })
  }
}
