// The weight file: read once a process, and again when it changes; one that has become bad is reported and the last good weights stay.

import { readFile } from 'node:fs/promises'
import { ConfigError } from '../directive.ts'
import { formatDuration } from '../duration.ts'
import { fileReason } from '../file-reason.ts'
import { defineService } from '../plugin.ts'
import { markOf, WatchedFile } from '../watched-file.ts'
import { parseWeights, type WeightBatch } from './weights.ts'

/** The file cannot be opened; CoreDNS's text. */
class OpenError extends ConfigError {
  constructor() {
    super('weight file open error')
  }
}

/** Posts a WeightBatch at the start and whenever the file's contents change. */
export const weightFile = defineService<{ file: string; reloadMs: number }>({
  async start({ file, reloadMs }, context) {
    const { clock, log } = context
    let batch: WeightBatch = { domains: [] }
    let known: string | null = null
    const serve = (text: string): void => {
      if (text === known) return
      batch = { domains: parseWeights(text, file) }
      known = text
      context.publish(batch)
      log.info(`Successfully reloaded weight file ${file}`)
    }
    const watched = new WatchedFile<string>({
      clock,
      pollMs: reloadMs,
      async read(marks) {
        marks.set(file, await markOf(file))
        return readFile(file, 'utf8').catch(() => {
          throw new OpenError()
        })
      },
      changed: serve,
      failed: (error) => log.error(fileReason(error)),
      unwatched: (error) => log.warning(`Failed to watch weight file ${file}: ${fileReason(error)}`),
    })
    try {
      serve(await watched.read())
    } catch (error) {
      // A file that is not there yet may come; one that cannot be understood stops the start.
      if (!(error instanceof OpenError) || reloadMs <= 0) throw error
      log.warning(`Failed to open weight file:${error.message}. Will try again in ${formatDuration(reloadMs)}`)
    }
    await watched.watch()
    return { snapshot: () => batch, refresh: () => watched.refresh(), stop: () => watched.stop() }
  },
})
