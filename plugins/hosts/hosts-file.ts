// The services that read hosts files, in the main thread. `file` reads at the start, then when the file changes (events, and a look every `reload`), and posts the
// entries in shared memory. `access` is what the load of a Corefile has to say about the path.

import { readFile, stat as statFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ConfigError } from '../directive.ts'
import { codeOf, fileReason } from '../file-reason.ts'
import { quote } from '../number.ts'
import { defineService, type RunningService, type ServiceContext } from '../plugin.ts'
import { markOf, WatchedFile } from '../watched-file.ts'
import { collectEntries, type HostEntries } from './host-lines.ts'

/** Which file, and when to look at it. */
export interface HostsFileOptions {
  readonly path: string
  /** Milliseconds between looks; 0: it is read once and not watched. */
  readonly reloadMs: number
}

/** The file as it was read last; null while it could not be read. */
export interface HostsBatch {
  readonly entries: Uint8Array | null
  /** When the file had been changed, in seconds since 1970. */
  readonly changedSeconds: number
}

const fileBytesMax = 256 * 1024 * 1024
/** Milliseconds of parsing before other work gets its turn. */
const sliceMs = 1

/** Says at the load what is wrong with a path; only one that cannot even be looked at stops the load. */
export const access = defineService<{ path: string; place: string }>({
  async start({ path, place }, context) {
    try {
      if ((await statFile(path)).isDirectory()) context.log.warning(`Hosts file ${quote(path)} is a directory`)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        throw new ConfigError(`${place}unable to access hosts file '${path}': stat ${path}: ${fileReason(error)}`)
      }
      context.log.warning(`File does not exist: ${path}`)
    }
    return { snapshot: () => undefined, stop: () => {} }
  },
})

export const file = defineService<HostsFileOptions>({
  async start(options, context) {
    const hostsFile = new HostsFile(options, context)
    await hostsFile.start()
    return hostsFile
  },
})

/** What was read. */
interface Contents {
  readonly entries: HostEntries
  readonly changedSeconds: number
}

class HostsFile implements RunningService {
  readonly #path: string
  readonly #context: ServiceContext
  readonly #file: WatchedFile<Contents>
  #batch: HostsBatch = { entries: null, changedSeconds: 0 }
  #complaint = ''

  constructor({ path, reloadMs }: HostsFileOptions, context: ServiceContext) {
    this.#path = path
    this.#context = context
    this.#file = new WatchedFile({
      clock: context.clock,
      pollMs: reloadMs,
      read: (marks) => readHosts(path, marks),
      changed: (contents) => this.#serve(contents),
      failed: (error) => this.#failed(error),
      unwatched: (error) => this.#complain(`Failed to watch hosts file ${quote(path)}: ${fileReason(error)}`),
    })
  }

  async start(): Promise<void> {
    try {
      this.#serve(await this.#file.read())
    } catch (error) {
      this.#failed(error)
    }
    await this.#file.watch()
  }

  snapshot(): HostsBatch {
    return this.#batch
  }

  refresh(): Promise<void> {
    return this.#file.refresh()
  }

  stop(): Promise<void> {
    return this.#file.stop()
  }

  #serve({ entries, changedSeconds }: Contents): void {
    this.#complaint = ''
    this.#batch = { entries: entries.bytes, changedSeconds }
    this.#context.publish(this.#batch)
    this.#report(entries)
  }

  #report({ skipped, firstSkipped }: HostEntries): void {
    const { metrics, log } = this.#context
    metrics
      .gauge({
        name: 'coredns_hosts_reload_timestamp_seconds',
        help: 'The timestamp of the last reload of hosts file.',
        merge: 'max',
      })
      .with()
      .set(this.#batch.changedSeconds)
    if (!firstSkipped) return
    const counter = {
      name: 'meridian_hosts_skipped_lines_total',
      help: 'Counter of lines of hosts files that were no host entries.',
      labels: ['hostsfile'],
    }
    metrics.counter(counter).with(this.#path).increment(skipped)
    const others = skipped > 1 ? ` (and ${skipped - 1} more)` : ''
    log.warning(`Hosts file ${quote(this.#path)}: skipped line ${firstSkipped.line}: ${firstSkipped.reason}${others}`)
  }

  // What was read before stays. A file that was never there is `access`'s to tell.
  #failed(error: unknown): void {
    const path = quote(this.#path)
    if (codeOf(error) !== 'ENOENT') this.#complain(`Failed to read hosts file ${path}: ${fileReason(error)}`)
    else if (this.#batch.entries) this.#complain(`Hosts file ${path} disappeared: what was read stays`)
  }

  /** Says and counts the same thing once, however often it is found. */
  #complain(text: string): void {
    if (text === this.#complaint) return
    this.#complaint = text
    this.#context.log.warning(text)
    const counter = {
      name: 'meridian_hosts_reload_failed_total',
      help: 'Counter of hosts files that could not be read.',
      labels: ['hostsfile'],
    }
    this.#context.metrics.counter(counter).with(this.#path).increment()
  }
}

/** Reads it in slices: the thread that does it may also answer queries. */
async function readHosts(path: string, marks: Map<string, string>): Promise<Contents> {
  marks.set(path, await markOf(path))
  const stats = await statFile(path)
  // A device or pipe would be read for ever.
  if (!stats.isFile()) throw new Error('not a regular file')
  if (stats.size > fileBytesMax) throw new Error(`larger than ${fileBytesMax} octets`)
  const steps = collectEntries(await readFile(path, 'latin1'))
  for (let end = performance.now() + sliceMs; ; ) {
    const step = steps.next()
    if (step.done) return { entries: step.value, changedSeconds: stats.mtimeMs / 1000 }
    if (performance.now() < end) continue
    await nextTurn()
    end = performance.now() + sliceMs
  }
}
