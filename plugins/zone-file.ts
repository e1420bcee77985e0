// A zone file that is served and watched, in the main thread: read at the start, then when it changes, for the services of *file* and *auto*. What the serving threads get
// is a zone's records in shared memory.
//
//                        serial differs
//   WatchedFile ► parse ─────────────────► serve
//                   └ bad: log, count, keep the old one

import { quote } from './number.ts'
import type { ServiceContext } from './plugin.ts'
import { WatchedFile } from './watched-file.ts'
import { type ReadZone, readZones, type ZoneSource } from './zone-file-reader.ts'
import { OpenError } from './zone-file-text.ts'

/** A file, and when to read it again. */
export interface ZoneFileOptions extends ZoneSource {
  /** Milliseconds between looks; 0: the file is read once and not watched. */
  readonly reloadMs: number
  /** Any change counts, not only one of the serial. */
  readonly byMtime: boolean
}

/** Whose file it is, and who serves it. */
export interface ZoneFileContext extends Pick<ServiceContext, 'clock' | 'log' | 'metrics'> {
  readonly plugin: string
  /** Takes newer records of each origin, in the order of the options. */
  serve(zones: readonly ReadZone[]): void
}

/** One zone file. */
export class ZoneFile {
  readonly #options: ZoneFileOptions
  readonly #context: ZoneFileContext
  readonly #file: WatchedFile<readonly ReadZone[]>
  #zones: readonly ReadZone[] | null = null
  /** A newer file that was held back because its serial had not changed. */
  #heldBack: readonly ReadZone[] | null = null
  #complaint = ''

  constructor(options: ZoneFileOptions, context: ZoneFileContext) {
    this.#options = options
    this.#context = context
    this.#file = new WatchedFile({
      clock: context.clock,
      pollMs: options.reloadMs,
      read: (marks) => readZones(options, marks),
      changed: (zones) => this.#consider(zones),
      failed: (error) => this.#failed(error),
      unwatched: (error) => this.#complain(`Failed to watch ${quote(options.shown)}: ${describe(error)}`),
    })
  }

  /** What is served of each origin; null while the file could not be read. */
  get zones(): readonly ReadZone[] | null {
    return this.#zones
  }

  /** Reads it, for the start, without `serve`; rejects with OpenError, or ZoneError for what is in it. */
  async read(): Promise<void> {
    this.#zones = await this.#file.read()
    this.#warnOutside()
  }

  /** Looks for changes from now on. */
  watch(): Promise<void> {
    return this.#file.watch()
  }

  /** Looks now; resolves when what has changed is served. */
  refresh(): Promise<void> {
    return this.#file.refresh()
  }

  /** Serves a change that was held back for its serial. */
  letThrough(): void {
    if (this.#heldBack) this.#serve(this.#heldBack)
  }

  stop(): Promise<void> {
    return this.#file.stop()
  }

  /** Serves what was read, unless nothing in it changed or only the serial did not. */
  #consider(zones: readonly ReadZone[]): void {
    const { shown, byMtime } = this.#options
    const old = this.#zones
    this.#complaint = ''
    this.#heldBack = null
    if (old?.every((zone, index) => Buffer.compare(zone.records, zones[index]!.records) === 0)) return
    if (byMtime || !old?.every((zone, index) => zone.serial === zones[index]!.serial)) {
      this.#serve(zones)
      return
    }
    this.#heldBack = zones
    const { serial } = zones[0]!
    this.#complain(`File ${quote(shown)} changed but its SOA serial is still ${serial}: not reloaded, raise the serial`)
  }

  #serve(zones: readonly ReadZone[]): void {
    const { origins, shown } = this.#options
    this.#zones = zones
    this.#heldBack = null
    this.#context.serve(zones)
    for (const [index, origin] of origins.entries()) {
      const { serial } = zones[index]!
      this.#context.log.info(`Successfully reloaded zone ${quote(origin)} in ${quote(shown)} with ${serial} SOA serial`)
    }
    this.#warnOutside()
  }

  #warnOutside(): void {
    const { origins, shown } = this.#options
    for (const [index, zone] of this.#zones?.entries() ?? []) {
      const text = `${zone.outside} records in ${quote(shown)} are outside of zone ${quote(origins[index]!)}: not served`
      if (zone.outside > 0) this.#context.log.warning(text)
    }
  }

  #failed(error: unknown): void {
    const { origins, shown } = this.#options
    const { plugin, metrics, log } = this.#context
    const metric = {
      name: `meridian_${plugin}_reload_failed_total`,
      help: 'Counter of changed zone files that could not be read.',
      labels: ['file'],
    }
    metrics.counter(metric).with(shown).increment()
    const origin = quote(origins[0] ?? '')
    const opening = `Failed to open zone ${origin} in ${quote(shown)}`
    const text = `${error instanceof OpenError ? opening : `Parsing zone ${origin}`}: ${describe(error)}`
    if (text !== this.#complaint) log.error(text)
    this.#complaint = text
  }

  /** Says the same thing once, however often it is found. */
  #complain(text: string): void {
    if (text !== this.#complaint) this.#context.log.warning(text)
    this.#complaint = text
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
