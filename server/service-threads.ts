// Worker threads for services whose work would hold up the main thread (reading a cluster's objects). One worker a module, shared by every service that asks for it;
// each service has a line of its own to it.
//
//   service ── MessagePort ──► worker: parentPort gets { line: MessagePort } for each
//
// A worker that dies closes its lines: the service on the other end connects again, which starts a new one.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'

/** What a service worker is sent for each service that connects. */
interface Connect {
  readonly line: MessagePort
}

interface Running {
  readonly worker: Worker
  lines: number
}

/** V8 takes what it may: a small young generation keeps the decoder's garbage from growing the process. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 }

/** Starts, shares and ends service workers. */
export class ServiceThreads {
  readonly #running = new Map<string, Running>()
  readonly #died: (error: unknown, module: string) => void

  /** `died` is told why a worker ended that nobody had ended. */
  constructor(died: (error: unknown, module: string) => void) {
    this.#died = died
  }

  /** A line to the worker that runs `module`. */
  connect(module: URL): MessagePort {
    const running = this.#running.get(module.href) ?? this.#start(module)
    const { port1, port2 } = new MessageChannel()
    running.lines++
    let closedHere = false
    const close = port1.close.bind(port1)
    port1.close = () => {
      closedHere = true
      close()
    }
    port1.once('close', () => {
      // Workers close no lines, so this one has died: its lines learn of that before `exit` does, and whoever connects again must not get it.
      if (!closedHere) this.#forget(module, running)
      if (--running.lines === 0) this.#end(module, running)
    })
    const connect: Connect = { line: port2 }
    running.worker.postMessage(connect, [port2])
    return port1
  }

  #start(module: URL): Running {
    const name =
      module.pathname
        .split('/')
        .at(-1)
        ?.replace(/\.[jt]s$/, '') ?? ''
    const running: Running = { worker: new Worker(module, { name, resourceLimits }), lines: 0 }
    this.#running.set(module.href, running)
    running.worker.on('error', (error) => this.#died(error, name))
    running.worker.on('exit', () => this.#forget(module, running))
    return running
  }

  #forget(module: URL, running: Running): void {
    if (this.#running.get(module.href) === running) this.#running.delete(module.href)
  }

  #end(module: URL, running: Running): void {
    this.#forget(module, running)
    void running.worker.terminate()
  }
}
