// The service that reads the search path of a resolv.conf: at the start, and again at each reload of the Corefile.

import { readFile, stat } from 'node:fs/promises'
import { ConfigError } from '../directive.ts'
import { fileReason } from '../file-reason.ts'
import { quote } from '../number.ts'
import { defineService } from '../plugin.ts'
import { parseZone } from '../zones.ts'
import { resolvConfBytesMax } from './limits.ts'

/** This machine's own. */
export const systemResolvConf = '/etc/resolv.conf'

/** What the service is asked for. */
export interface ResolvConfOptions {
  readonly path: string
  /** The start fails without it. */
  readonly required: boolean
}

/** The zones of the search path, absolute, in its order. */
export interface SearchBatch {
  readonly zones: readonly string[]
}

/** Posts a SearchBatch. */
export const resolvConf = defineService<ResolvConfOptions>({
  async start({ path, required }, { log, publish }) {
    let batch: SearchBatch = { zones: [] }
    try {
      batch = { zones: await readSearch(path) }
    } catch (error) {
      if (required) throw new ConfigError(`failed to parse ${quote(path)}: open ${path}: ${fileReason(error)}`)
    }
    const refresh = async (): Promise<void> => {
      try {
        const zones = await readSearch(path)
        if (zones.join() === batch.zones.join()) return
        batch = { zones }
        publish(batch)
      } catch (error) {
        if (required) log.warning(`Failed to read ${path}, its search path stays: ${fileReason(error)}`)
      }
    }
    return { snapshot: () => batch, refresh, stop: () => {} }
  },
})

async function readSearch(path: string): Promise<string[]> {
  // A device or a pipe would be read for ever.
  const stats = await stat(path)
  if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
  if (!stats.isFile()) throw new Error('not a regular file')
  if (stats.size > resolvConfBytesMax) throw new Error(`larger than ${resolvConfBytesMax} octets`)
  return searchOf(await readFile(path, 'utf8'))
}

/** The zones of the last `search` or `domain` line (resolv.conf(5)), absolute and in lower case; what is no name is left out. */
export function searchOf(text: string): string[] {
  let words: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'search') words = values
    else if (keyword === 'domain' && values.length > 0) words = values.slice(0, 1)
  }
  return words.flatMap((word) => parseZone(word).map(String))
}
