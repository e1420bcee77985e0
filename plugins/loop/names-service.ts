// The watched names of the whole process: a probe that one thread sent may arrive in another. It also writes the log line, so that there is one.

import { defineService } from '../plugin.ts'

/** What a thread is told: the folded names that are watched, and those of them that came back. */
export interface NamesBatch {
  readonly watched: readonly string[]
  readonly seen: readonly string[]
}

/** What a thread tells. */
export type NamesReport =
  | {
      readonly what: 'watch'
      readonly key: string
      readonly zone: string
      readonly name: string
      readonly upstream: string
    }
  | { readonly what: 'forget'; readonly key: string }
  | { readonly what: 'seen'; readonly key: string; readonly path: string }

interface Watched {
  readonly zone: string
  readonly name: string
  readonly upstream: string
  seen: boolean
}

/** The service. */
export const namesService = defineService<object>({
  start(_options, context) {
    const names = new Map<string, Watched>()
    /** Loops that the log knows about, until a probe of theirs does not come back. */
    const logged = new Set<string>()
    const batch = (): NamesBatch => ({
      watched: [...names.keys()],
      seen: [...names].filter(([, { seen }]) => seen).map(([key]) => key),
    })
    const arrived = (watched: Watched, path: string): void => {
      watched.seen = true
      const loop = `${watched.zone} ${watched.upstream}`
      if (!logged.has(loop)) context.log.error(describe(watched, path))
      logged.add(loop)
    }
    const forget = (key: string): void => {
      const watched = names.get(key)
      if (watched && !watched.seen) logged.delete(`${watched.zone} ${watched.upstream}`)
      names.delete(key)
    }
    return {
      snapshot: batch,
      receive(message) {
        const report = message as NamesReport
        if (report.what === 'watch') names.set(report.key, { ...report, seen: false })
        else if (report.what === 'forget') forget(report.key)
        else {
          const watched = names.get(report.key)
          if (!watched || watched.seen) return
          arrived(watched, report.path)
        }
        context.publish(batch())
      },
      stop() {},
    }
  },
})

function describe({ zone, name, upstream }: Watched, path: string): string {
  const found = `Loop (${path}) detected for zone "${zone}", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${name}".`
  const done = upstream === '' ? '' : ` Upstream ${upstream} leads back to this server and is not asked any more:`
  return `${found}${done} name another one in "forward" or in the file that it reads`
}
