// A process of a run's own that is told what to do over the line to its parent, one order after another, each answered. It yields to the servers and to dnsperf: what it stands
// for, the API server and those who write to it, runs on other machines.

import { type ChildProcess, fork } from 'node:child_process'
import { moveProcess } from './cores.ts'

const niceness = '15'

/** A child that answers each order. */
export class Child<Order, Answer> {
  readonly #process: ChildProcess
  readonly #ended: Promise<never>
  readonly #abandon = (): void => void this.#process.kill()

  /** Runs a module, which calls `obey`, on a core. */
  constructor(module: string, core: number) {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    this.#process = fork(module, [], {
      ...{ execPath: 'nice', execArgv: ['-n', niceness, process.execPath], stdio: [...stdio] },
    })
    this.#ended = new Promise((_, reject) => {
      this.#process.once('error', reject)
      this.#process.once('exit', (code) => reject(new Error(`${module} ended with ${code}`)))
    })
    this.#ended.catch(() => {})
    process.once('exit', this.#abandon)
    moveProcess(this.#process.pid ?? 0, core)
  }

  /** Resolves with the answer; rejects if the process has ended. */
  tell(order: Order): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => {
      this.#process.once('message', (message) => resolve(message as Answer))
      this.#process.send(order as object)
    })
    return Promise.race([answer, this.#ended])
  }

  async stop(): Promise<void> {
    process.off('exit', this.#abandon)
    if (this.#process.exitCode !== null || !this.#process.connected) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.disconnect()
    await gone
  }
}

/** In the child: answers orders in turn until the parent has gone; `end` is called then. A bug ends the process. */
export function obey<Order, Answer>(
  answer: (order: Order) => Answer | Promise<Answer>,
  end: () => Promise<void>,
): void {
  let turn = Promise.resolve()
  process.on('message', (order) => {
    turn = turn.then(async () => {
      const said = await answer(order as Order)
      if (process.connected) process.send?.(said)
    })
  })
  process.once('disconnect', () => void end().then(() => process.exit(0)))
}
