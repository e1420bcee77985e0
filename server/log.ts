// Log lines as CoreDNS writes them: a level in brackets, no time (the container's runtime adds it), `plugin/NAME: ` before a plugin's.

import type { Log } from '../plugins/plugin.ts'

/** Takes finished lines, without newline. */
export type LogSink = (line: string) => void

/** A log whose lines start with `prefix`; debug lines only where `debug` says so. */
export function makeLog(sink: LogSink, prefix = '', debug: () => boolean = () => false): Log {
  const at = (level: string) => (text: string) => sink(`[${level}] ${prefix}${text}`)
  const debugLine = at('DEBUG')
  return {
    debug(text) {
      if (debug()) debugLine(text)
    },
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    line: sink,
  }
}
