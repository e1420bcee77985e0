// Signals, in CoreDNS's meaning and words: SIGTERM and SIGINT drain and end, a second SIGINT ends at once, SIGUSR1 reloads, SIGQUIT ends at once, SIGHUP is ignored.

import type { LogSink } from './log.ts'
import type { Supervisor } from './supervisor.ts'

/** CoreDNS's exit codes. */
const exitCodes = { stopped: 0, forced: 2, stopFailed: 3 } as const

/** What signals act on. */
export interface SignalOptions {
  readonly supervisor: Pick<Supervisor, 'drain' | 'stop' | 'reload'>
  readonly sink: LogSink
  readonly exit: (code: number) => void
  /** What emits the signals; default: the process. */
  readonly source?: { on(signal: NodeJS.Signals, handler: () => void): unknown }
}

/** Installs the handlers. The returned function says whether the process is ending: what fails then fails because of it. */
export function handleSignals({ supervisor, sink, exit, source = process }: SignalOptions): () => boolean {
  let ending: Promise<void> | null = null
  let interrupts = 0
  const end = async (signal: string): Promise<void> => {
    try {
      await supervisor.drain()
      await supervisor.stop()
      exit(exitCodes.stopped)
    } catch (error) {
      sink(`[ERROR] ${signal} stop: ${error instanceof Error ? error.message : String(error)}`)
      exit(exitCodes.stopFailed)
    }
  }
  source.on('SIGTERM', () => {
    if (ending) return
    sink('[INFO] SIGTERM: Shutting down servers then terminating')
    ending = end('SIGTERM')
  })
  source.on('SIGINT', () => {
    if (interrupts++ > 0) {
      sink('[INFO] SIGINT: Force quit')
      exit(exitCodes.forced)
      return
    }
    sink('[INFO] SIGINT: Shutting down')
    ending ??= end('SIGINT')
  })
  source.on('SIGQUIT', () => {
    sink('[INFO] SIGQUIT: Quitting process immediately')
    exit(exitCodes.stopped)
  })
  source.on('SIGHUP', () => {})
  source.on('SIGUSR2', () => sink('[WARNING] SIGUSR2: an upgrade in place is not supported, ignored'))
  source.on('SIGUSR1', () => {
    sink('[INFO] SIGUSR1: Reloading')
    void supervisor.reload()
  })
  return () => ending !== null
}
