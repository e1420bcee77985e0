// One server as a process: started in a folder of its own on its core, asked until it answers rightly, ended by its pid.

import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import packet from 'dns-packet'
import { moveProcess, onCore } from './cores.ts'
import { startMsMax, stopMsMax } from './limits.ts'
import type { Setup } from './rivals.ts'
import { processTree, type Usage, usageOf } from './usage.ts'

/** What a server must answer before it counts as started. */
interface Probe {
  readonly name: string
  readonly address: string
}

/** Where and how it runs. */
export interface ProcessOptions {
  readonly folder: string
  readonly core: number
  readonly port: number
  readonly probe: Probe
}

/** A server that runs. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly #gone: Promise<void>
  #ended = false

  private constructor(setup: Setup, { folder, core }: ProcessOptions) {
    writeFileSync(join(folder, setup.configuration.file), setup.configuration.text)
    this.#logFile = join(folder, 'server.log')
    const log = openSync(this.#logFile, 'w')
    const [program = '', ...words] = onCore(core, setup.command)
    this.#child = spawn(program, words, { cwd: folder, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#gone = new Promise((resolve) => {
      const gone = (): void => {
        this.#ended = true
        resolve()
      }
      this.#child.once('exit', gone)
      this.#child.once('error', gone)
    })
  }

  /** Starts it; rejects with what it printed if it ends or never answers. */
  static async start(setup: Setup, options: ProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(setup, options)
    const end = performance.now() + startMsMax
    while (!(await answers(options.port, options.probe))) {
      if (server.#ended || performance.now() > end) {
        await server.stop()
        throw new Error(
          `${setup.command.join(' ')} does not answer ${options.probe.name}:\n${readFileSync(server.#logFile, 'utf8').trim()}`,
        )
      }
      await sleep(50)
    }
    for (const pid of processTree(server.#child.pid ?? 0)) moveProcess(pid, options.core)
    return server
  }

  /** What it and its children have used so far. */
  usage(): Usage {
    return usageOf(this.#child.pid ?? 0)
  }

  /** Tells it to end without waiting for it. */
  abandon(): void {
    if (!this.#ended) this.#child.kill('SIGTERM')
  }

  /** Ends it and waits until it has gone. */
  async stop(): Promise<void> {
    this.abandon()
    await Promise.race([this.#gone, sleep(stopMsMax, undefined, { ref: false })])
    if (!this.#ended) this.#child.kill('SIGKILL')
    await this.#gone
  }
}

/** True if the right address comes back within a second. */
async function answers(port: number, probe: Probe): Promise<boolean> {
  const socket = createSocket('udp4')
  const query = packet.encode({
    type: 'query',
    id: 1,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type: 'A', name: probe.name }],
  })
  const reply = new Promise<boolean>((resolve) => {
    socket.once('message', (bytes) => resolve(isRight(bytes, probe.address)))
    // Nobody listens yet.
    socket.once('error', () => resolve(false))
  })
  socket.connect(port, '127.0.0.1', () => socket.send(query))
  const right = await Promise.race([reply, sleep(1000, false, { ref: false })])
  socket.close()
  return right
}

function isRight(bytes: Buffer, address: string): boolean {
  const { answers = [] } = packet.decode(bytes)
  return answers.some((record) => record.type === 'A' && record.data === address)
}

/** A port of 127.0.0.1 that neither UDP nor TCP uses now. Somebody else may take it first; with the kernel's choice that is rare. */
export async function freePort(): Promise<number> {
  const stream = createServer()
  await new Promise<void>((resolve) => stream.listen(0, '127.0.0.1', resolve))
  const bound = stream.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  const datagram = createSocket('udp4')
  const free = await new Promise<boolean>((resolve) => {
    datagram.once('error', () => resolve(false))
    datagram.bind(port, '127.0.0.1', () => resolve(true))
  })
  await Promise.all([
    new Promise((resolve) => stream.close(resolve)),
    new Promise<void>((resolve) => datagram.close(resolve)),
  ])
  return free ? port : freePort()
}
