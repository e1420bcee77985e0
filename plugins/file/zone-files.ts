// The service that watches zone files, in the main thread: each is read at the start, then when it changes (events, and a look every `reload`). What the serving
// threads get is a zone's records in shared memory.
//
//                        serial differs
//   WatchedFile ► parse ─────────────────► batch to every thread
//                   └ bad: log, count, keep the old one

import { ZoneError } from '../../zones/zone.ts'
import { ConfigError } from '../directive.ts'
import { formatDuration } from '../duration.ts'
import { quote } from '../number.ts'
import { defineService, type RunningService, type ServiceContext } from '../plugin.ts'
import { WatchedFile } from '../watched-file.ts'
import { type ReadZone, readZones, type ZoneSource } from './zone-reader.ts'
import { OpenError } from './zone-text.ts'

/** What the service is asked for: a file, and when to read it again. */
export interface ZoneFileOptions extends ZoneSource {
  /** Milliseconds between looks; 0: the file is read once and not watched. */
  readonly reloadMs: number
  /** Any change counts, not only one of the serial. */
  readonly byMtime: boolean
}

/** The records of each origin, in the order of the options; null while the file could not be read. */
export interface ZoneBatch {
  readonly zones: readonly Uint8Array[] | null
}

/** The service: one instance for each file, whatever blocks and threads ask for it. */
export const zoneFiles = defineService<ZoneFileOptions>({
  async start(options, context) {
    const zoneFile = new ZoneFile(options, context)
    await zoneFile.start()
    return zoneFile
  },
})

class ZoneFile implements RunningService {
  readonly #options: ZoneFileOptions
  readonly #context: ServiceContext
  readonly #file: WatchedFile<readonly ReadZone[]>
  #zones: readonly ReadZone[] | null = null
  /** A newer file that was held back because its serial had not changed. */
  #heldBack: readonly ReadZone[] | null = null
  #complaint = ''

  constructor(options: ZoneFileOptions, context: ServiceContext) {
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

  async start(): Promise<void> {
    const { reloadMs } = this.#options
    try {
      this.#zones = await this.#file.read()
    } catch (error) {
      if (error instanceof ZoneError) throw new ConfigError(error.message)
      if (!(error instanceof OpenError)) throw error
      if (reloadMs <= 0) throw new ConfigError(`plugin/file: ${error.message}`)
      this.#context.log.warning(`Failed to open ${quote(error.message)}: trying again in ${formatDuration(reloadMs)}`)
    }
    this.#warnOutside()
    await this.#file.watch()
  }

  /** Who joins is loading a Corefile: then a change is wanted that was held back for its serial. */
  snapshot(): ZoneBatch {
    if (this.#heldBack) this.#serve(this.#heldBack)
    return this.#batch()
  }

  refresh(): Promise<void> {
    return this.#file.refresh()
  }

  stop(): Promise<void> {
    return this.#file.stop()
  }

  #batch(): ZoneBatch {
    return { zones: this.#zones?.map((zone) => zone.records) ?? null }
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
    this.#context.publish(this.#batch())
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
    const metric = {
      name: 'meridian_file_reload_failed_total',
      help: 'Counter of changed zone files that could not be read.',
      labels: ['file'],
    }
    this.#context.metrics.counter(metric).with(shown).increment()
    const origin = quote(origins[0] ?? '')
    const opening = `Failed to open zone ${origin} in ${quote(shown)}`
    const text = `${error instanceof OpenError ? opening : `Parsing zone ${origin}`}: ${describe(error)}`
    if (text !== this.#complaint) this.#context.log.error(text)
    this.#complaint = text
  }

  /** Says the same thing once, however often it is found. */
  #complain(text: string): void {
    if (text !== this.#complaint) this.#context.log.warning(text)
    this.#complaint = text
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
