// Reads one zone file, with what it includes, for each of its origins. In slices: the thread that does it may also answer queries.

import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Name } from '../wire/name.ts'
import { types } from '../wire/registry.ts'
import { zoneRecordsMax } from '../zones/limits.ts'
import { MasterFileError, parseMasterFile } from '../zones/master-file.ts'
import { RecordWriter } from '../zones/record-stream.ts'
import { serialOf, ZoneError } from '../zones/zone.ts'
import { quote } from './number.ts'
import { markNow, markOf } from './watched-file.ts'
import { OpenError, readIncluded, readText } from './zone-file-text.ts'

/** Milliseconds of parsing before other work gets its turn. */
const sliceMs = 1

/** A file and the zones to read it for. */
export interface ZoneSource {
  /** The path as messages name it. */
  readonly shown: string
  readonly path: string
  /** Zones as text, absolute. */
  readonly origins: readonly string[]
}

/** One zone as read. */
export interface ReadZone {
  /** Its records as RecordWriter writes them. */
  readonly records: Uint8Array
  readonly serial: number
  /** Records that are left unserved because they are outside the zone. */
  readonly outside: number
}

/** The zones of a file, in the order of its origins. `marks` is filled with every file that was opened, or should have been, even if reading fails: with OpenError, or ZoneError for what is in it. */
export async function readZones(source: ZoneSource, marks: Map<string, string>): Promise<readonly ReadZone[]> {
  const { shown, path, origins } = source
  marks.set(path, await markOf(path))
  const text = await readText(shown, path).catch((error: unknown) => {
    if (!(error instanceof OpenError) || !error.isDirectory) throw error
    throw new ZoneError(
      `failed to parse file ${quote(shown)} for origin ${origins[0]} with error read ${shown}: is a directory`,
    )
  })
  const include = (includedShown: string): string => {
    const included = isAbsolute(includedShown)
      ? includedShown
      : resolve(dirname(path), relative(dirname(shown), includedShown))
    if (!marks.has(included)) marks.set(included, markNow(included))
    return readIncluded(includedShown, included)
  }
  const zones: ReadZone[] = []
  for (const origin of origins) zones.push(await readZone({ text, file: shown, origin: Name.parse(origin), include }))
  return zones
}

async function readZone(file: Parameters<typeof parseMasterFile>[0]): Promise<ReadZone> {
  const { origin } = file
  const shown = quote(file.file)
  const writer = new RecordWriter()
  let serial: number | null = null
  let records = 0
  let outside = 0
  let sliceEnd = performance.now() + sliceMs
  try {
    for (const record of parseMasterFile(file)) {
      if (performance.now() > sliceEnd) {
        await nextTurn()
        sliceEnd = performance.now() + sliceMs
      }
      if (!record) continue
      if (record.type === types.NSEC3 || record.type === types.NSEC3PARAM) {
        throw new ZoneError(`NSEC3 zone is not supported, dropping RR: ${record.owner.folded} for zone: ${origin}`)
      }
      if (++records > zoneRecordsMax) throw new ZoneError(`file ${shown} has more than ${zoneRecordsMax} records`)
      if (record.type === types.SOA) serial = serialOf(record)
      else if (!record.owner.isSubdomainOf(origin)) outside++
      writer.add(record)
    }
  } catch (error) {
    if (!(error instanceof MasterFileError)) throw error
    throw new ZoneError(`failed to parse file ${shown} for origin ${origin} with error ${error.message}`)
  }
  if (serial === null) throw new ZoneError(`file ${shown} has no SOA record for origin ${origin}`)
  return { records: writer.finish(), serial, outside }
}
