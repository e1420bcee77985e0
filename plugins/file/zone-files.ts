// The service that serves zone files, in the main thread: one instance for each file, whatever blocks and threads ask for it.

import { ZoneError } from '../../zones/zone.ts'
import { ConfigError } from '../directive.ts'
import { formatDuration } from '../duration.ts'
import { quote } from '../number.ts'
import { defineService } from '../plugin.ts'
import { ZoneFile, type ZoneFileOptions } from '../zone-file.ts'
import type { ReadZone } from '../zone-file-reader.ts'
import { OpenError } from '../zone-file-text.ts'

/** The records of each origin, in the order of the options; null while the file could not be read. */
export interface ZoneBatch {
  readonly zones: readonly Uint8Array[] | null
}

const batchOf = (zones: readonly ReadZone[] | null): ZoneBatch => ({
  zones: zones?.map((zone) => zone.records) ?? null,
})

/** Posts a ZoneBatch at the start and whenever the zones change. */
export const zoneFiles = defineService<ZoneFileOptions>({
  async start(options, context) {
    const { clock, log, metrics } = context
    const file = new ZoneFile(options, {
      ...{ plugin: 'file', clock, log, metrics },
      serve: (zones) => context.publish(batchOf(zones)),
    })
    try {
      await file.read()
    } catch (error) {
      if (error instanceof ZoneError) throw new ConfigError(error.message)
      if (!(error instanceof OpenError)) throw error
      if (options.reloadMs <= 0) throw new ConfigError(`plugin/file: ${error.message}`)
      log.warning(`Failed to open ${quote(error.message)}: trying again in ${formatDuration(options.reloadMs)}`)
    }
    await file.watch()
    return {
      // Who joins is loading a Corefile: then a change is wanted that was held back for its serial.
      snapshot() {
        file.letThrough()
        return batchOf(file.zones)
      },
      refresh: () => file.refresh(),
      stop: () => file.stop(),
    }
  },
})
