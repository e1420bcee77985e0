// The service that serves the zone files of a folder, in the main thread.
//
//   event ─┐
//   poll ──┴► list the folder ─► new ─► read ─► batch
//                           ├─► known ─► changed? ─► read ─► batch
//                           └─► gone ─► batch

import { stat } from 'node:fs/promises'
import type { FSWatcher } from 'chokidar'
import { ConfigError } from '../directive.ts'
import { codeOf, fileReason } from '../file-reason.ts'
import { quote } from '../number.ts'
import { compilePattern } from '../pattern.ts'
import { defineService, type RunningService, type ServiceContext, type Timer } from '../plugin.ts'
import { ZoneFile } from '../zone-file.ts'
import { OpenError } from '../zone-file-text.ts'
import { settledMs } from './limits.ts'
import { listZones, type ZonePlace } from './zone-list.ts'

/** What the service is asked for. */
export interface DirectoryOptions {
  /** The folder as messages name it, and to open. */
  readonly shown: string
  readonly path: string
  readonly pattern: string
  readonly template: string
  /** Milliseconds between looks; 0: only at the start. */
  readonly reloadMs: number
  /** The beginning of an error about the folder. */
  readonly place: string
}

/** Zones that are new or changed, and those that are gone (null). */
export interface DirectoryBatch {
  readonly zones: readonly { readonly origin: string; readonly records: Uint8Array | null }[]
}

/** Posts a DirectoryBatch of all zones at the start, then of what changes. */
export const zoneDirectory = defineService<DirectoryOptions>({
  async start(options, context) {
    const directory = new ZoneDirectory(options, context)
    await directory.start()
    return directory
  },
})

interface KnownZone {
  readonly place: ZonePlace
  readonly file: ZoneFile
}

class ZoneDirectory implements RunningService {
  readonly #options: DirectoryOptions
  readonly #context: ServiceContext
  readonly #list: () => ReturnType<typeof listZones>
  /** By origin. */
  readonly #zones = new Map<string, KnownZone>()
  /** What is wrong at the moment: said once. */
  #complaints = new Set<string>()
  #complained = new Set<string>()
  #timer: Timer | null = null
  #watcher: FSWatcher | null = null
  #looking: Promise<void> | null = null
  #lookAgain = false
  #stopped = false

  constructor(options: DirectoryOptions, context: ServiceContext) {
    this.#options = options
    this.#context = context
    const { path, shown, template } = options
    const pattern = compilePattern(options.pattern)
    this.#list = () => listZones({ path, shown, pattern, template })
  }

  async start(): Promise<void> {
    const { path, shown, place, reloadMs } = this.#options
    try {
      await stat(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        throw new ConfigError(`${place}Unable to access root path '${shown}': stat ${shown}: ${fileReason(error)}`)
    }
    await this.refresh()
    if (reloadMs <= 0) return
    this.#pollLater()
    await this.#watchEvents()
    // It may have changed before it was watched.
    void this.refresh()
  }

  /** Who joins is loading a Corefile: then changes are wanted that were held back for their serials. */
  snapshot(): DirectoryBatch {
    for (const { file } of this.#zones.values()) file.letThrough()
    return {
      zones: [...this.#zones].map(([origin, { file }]) => ({ origin, records: file.zones?.[0]?.records ?? null })),
    }
  }

  /** Looks now; resolves when what there is has been read. One look at a time. */
  refresh(): Promise<void> {
    this.#lookAgain = this.#looking !== null
    this.#looking ??= this.#lookUntilSettled().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#watcher?.close()
    for (const { file } of this.#zones.values()) await file.stop()
  }

  #pollLater(): void {
    this.#timer = this.#context.clock.after(this.#options.reloadMs, () => {
      void this.refresh()
      this.#pollLater()
    })
  }

  async #watchEvents(): Promise<void> {
    // Loaded when the first folder is watched: a Corefile without files does without it.
    const { watch } = await import('chokidar')
    const awaitWriteFinish = { stabilityThreshold: settledMs, pollInterval: 10 }
    const watcher = watch(this.#options.path, { ignoreInitial: true, awaitWriteFinish })
    this.#watcher = watcher
    watcher.on('all', () => void this.refresh())
    await new Promise<void>((done) => {
      watcher.once('ready', done)
      watcher.on('error', (error) => {
        this.#context.log.warning(`Failed to watch ${quote(this.#options.shown)}: ${fileReason(error)}`)
        done()
      })
    })
  }

  async #lookUntilSettled(): Promise<void> {
    do {
      this.#lookAgain = false
      await this.#look()
    } while (this.#lookAgain && !this.#stopped)
  }

  async #look(): Promise<void> {
    this.#complained = this.#complaints
    this.#complaints = new Set()
    const { zones, problems } = await this.#list()
    for (const problem of problems) this.#complain(problem)
    // What could not be looked at is not known to be gone.
    if (!zones) return
    for (const [origin, place] of zones) {
      if (this.#stopped) return
      const known = this.#zones.get(origin)
      if (known?.place.path === place.path) await known.file.refresh()
      else await this.#add(origin, place, known)
    }
    for (const [origin, { file }] of this.#zones) {
      if (zones.has(origin)) continue
      this.#zones.delete(origin)
      await file.stop()
      this.#context.publish({ zones: [{ origin, records: null }] } satisfies DirectoryBatch)
      this.#context.log.info(`Deleting zone \`${origin}'`)
    }
  }

  /** A zone that is new, or `known` from another file, which stays until this one can be read. */
  async #add(origin: string, place: ZonePlace, known: KnownZone | undefined): Promise<void> {
    const { clock, log, metrics, publish } = this.#context
    const file = new ZoneFile(
      { ...place, origins: [origin], reloadMs: 0, byMtime: false },
      {
        ...{ plugin: 'auto', clock, log, metrics },
        serve: ([zone]) => publish({ zones: [{ origin, records: zone!.records }] } satisfies DirectoryBatch),
      },
    )
    try {
      await file.read()
    } catch (error) {
      if (!(error instanceof Error)) throw error
      if (error instanceof OpenError) this.#complain(`Opening ${place.shown} failed: ${error.message}`)
      else this.#complain(`Parse zone \`${origin}': ${error.message}`)
      return
    }
    await known?.file.stop()
    this.#zones.set(origin, { place, file })
    publish({ zones: [{ origin, records: file.zones![0]!.records }] } satisfies DirectoryBatch)
    log.info(`Inserting zone \`${origin}' from: ${place.shown}`)
  }

  #complain(text: string): void {
    if (!this.#complaints.has(text) && !this.#complained.has(text)) this.#context.log.warning(text)
    this.#complaints.add(text)
  }
}
