// A real `bin/meridian serve` under load, for fuzzing and soaking: its log is looked through for faults instead of kept, its memory can be read, and it ends by its pid.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fillPorts, folderWith, freeDnsPort, meridian } from './command.ts'

/** Lines that no input may cause: bugs that were caught, threads that died, stacks. */
const faultPattern =
  /Recovered from bug|serving thread died|Unhandled|UnhandledPromise|FATAL ERROR|^\s+at .*:\d+:\d+\)?$|\bTypeError\b|\bRangeError\b/

/** How many lines of its log are kept, for a report. */
const tailLines = 40
/** Milliseconds within which it must serve. */
const startMsMax = 20_000

export interface WatchedOptions {
  /** May say PORT, PORT1 …: free ports. */
  readonly corefile: string
  readonly files?: Readonly<Record<string, string>>
  /** Besides this process's. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A running server. */
export class WatchedServer {
  readonly folder: string
  readonly ports: readonly number[]
  readonly pid: number
  /** Lines of its log that matched the pattern of faults; a few at most. */
  readonly faults: string[] = []
  /** How often each start of a log line was seen. */
  readonly counts = new Map<string, number>()
  readonly tail: string[] = []
  /** Exit code, null if a signal ended it; undefined while it runs. */
  code: number | null | undefined
  readonly #process: ChildProcess
  readonly #listeners = new Set<(line: string) => void>()
  readonly #cleanup: readonly (() => unknown)[]

  /** Starts it and waits until it serves. */
  static async start({ corefile, files = {}, environment = {} }: WatchedOptions): Promise<WatchedServer> {
    const cleanup: (() => unknown)[] = []
    const ports: number[] = []
    for (const _ of new Set(corefile.match(/\bPORT[0-9]*\b/g) ?? [])) ports.push(await freeDnsPort())
    const folder = await folderWith(
      { teardown: (handler) => cleanup.push(handler) },
      { ...files, Corefile: fillPorts(corefile, ports) },
    )
    const server = new WatchedServer({ folder, ports, environment, cleanup })
    await server.said(/^Meridian-/)
    return server
  }

  constructor({
    folder,
    ports,
    environment,
    cleanup,
  }: {
    folder: string
    ports: readonly number[]
    environment: Readonly<Record<string, string>>
    cleanup: readonly (() => unknown)[]
  }) {
    this.folder = folder
    this.ports = ports
    this.#cleanup = cleanup
    this.#process = spawn(meridian, ['serve', '-conf', 'Corefile'], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.pid = this.#process.pid ?? 0
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#hear(line))
    }
    this.#process.on('close', (code) => {
      this.code = code
    })
  }

  get port(): number {
    return this.ports[0] ?? 0
  }

  #hear(line: string): void {
    if (this.tail.push(line) > tailLines) this.tail.shift()
    if (faultPattern.test(line) && this.faults.length < tailLines) this.faults.push(line)
    const start = /^\[[A-Z]+\](?: plugin\/[a-z]+:| [A-Z][A-Za-z0-9]+:?)?/.exec(line)?.[0] ?? 'other'
    this.counts.set(start, (this.counts.get(start) ?? 0) + 1)
    for (const listener of this.#listeners) listener(line)
  }

  /** The next line of its log that matches; rejects if it ends or takes too long. */
  said(pattern: RegExp, timeoutMs = startMsMax): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#listeners.delete(listener)
        clearTimeout(timer)
        this.#process.off('close', ended)
      }
      const failed = (why: string): void => {
        done()
        reject(new Error(`${why}, waiting for ${pattern}:\n${this.tail.join('\n')}`))
      }
      const ended = (): void => failed(`the server ended with ${this.code}`)
      const listener = (line: string): void => {
        if (!pattern.test(line)) return
        done()
        resolve(line)
      }
      const timer = setTimeout(() => failed(`nothing came for ${timeoutMs} ms`), timeoutMs)
      this.#listeners.add(listener)
      this.#process.on('close', ended)
    })
  }

  /** Writes the Corefile anew; PORT… are filled in. */
  async configure(corefile: string): Promise<void> {
    await writeFile(join(this.folder, 'Corefile'), fillPorts(corefile, this.ports))
  }

  /** Resident memory in MiB (Linux). */
  async residentMiB(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.code === undefined) await once(this.#process, 'close')
    return this.code ?? null
  }

  /** Ends it if it still runs, and removes its folder. */
  async close(): Promise<void> {
    if (this.code === undefined) this.#process.kill('SIGKILL')
    await this.ended()
    for (const clean of this.#cleanup) await clean()
  }
}
