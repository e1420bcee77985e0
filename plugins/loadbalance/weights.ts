// `weighted`: an address comes first as often as its weight says. Weights belong to a domain's addresses; an address without one weighs 1.

import { parseAddress } from '../../wire/address.ts'
import { Name, NameError } from '../../wire/name.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'

/** One domain of a weight file. */
export interface DomainWeights {
  /** The folded name's key. */
  readonly key: string
  /** Address octets in hexadecimal -> weight, 1 to 255. */
  readonly weights: ReadonlyMap<string, number>
}

/** What the file's service posts. */
export interface WeightBatch {
  readonly domains: readonly DomainWeights[]
}

const weightMax = 255
const defaultWeight = 1

const addressKey = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/** Weights by domain and address. */
export class Weights {
  readonly #domains: ReadonlyMap<string, ReadonlyMap<string, number>>

  constructor(domains: readonly DomainWeights[]) {
    this.#domains = new Map(domains.map(({ key, weights }) => [key, weights]))
  }

  of(record: ResourceRecord): number {
    return this.#domains.get(record.owner.key)?.get(addressKey(record.rdata)) ?? defaultWeight
  }
}

/** `records` with an address drawn by weight in front of the other addresses. */
export function weightedFirst(
  records: readonly ResourceRecord[],
  weights: Weights,
  random: () => number,
): readonly ResourceRecord[] {
  const start = records.findIndex((record) => record.type === types.A || record.type === types.AAAA)
  if (start < 0) return records
  let end = start
  while (end < records.length && (records[end]!.type === types.A || records[end]!.type === types.AAAA)) end++
  const addresses = records.slice(start, end)
  let draw = random() * addresses.reduce((sum, record) => sum + weights.of(record), 0)
  const chosen = addresses.findIndex((record) => {
    draw -= weights.of(record)
    return draw < 0
  })
  const first = Math.max(0, chosen)
  const rest = addresses.filter((_, index) => index !== first)
  return [...records.slice(0, start), addresses[first]!, ...rest, ...records.slice(end)]
}

/** Reads a weight file: a line with a domain, then lines `ADDRESS WEIGHT`; `#` starts a comment line. Throws ConfigError with CoreDNS's texts. */
export function parseWeights(text: string, file: string): DomainWeights[] {
  const domains = new Map<string, Map<string, number>>()
  let current: Map<string, number> | null = null
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const fields = line.split(/\s+/)
    if (fields.length === 1) {
      const key = domainKey(fields[0]!, file)
      current = domains.get(key) ?? new Map()
      domains.set(key, current)
    } else if (fields.length === 2) {
      const [address, weight] = parseItem(fields as [string, string], file)
      if (!current) throw new ConfigError(`missing domain name in weight file ${file}`)
      if (!current.has(address)) current.set(address, weight)
    } else {
      throw new ConfigError(`could not parse weight line:"${line}" in weight file ${file}`)
    }
  }
  return [...domains].map(([key, weights]) => ({ key, weights }))
}

function domainKey(text: string, file: string): string {
  const wrong = `wrong domain name:"${text}" in weight file ${file}. (Maybe a missing weight value?)`
  if (parseAddress(text)) throw new ConfigError(wrong)
  try {
    return Name.parse(text).key
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`${wrong} ${error.message}`)
    throw error
  }
}

function parseItem([address, weight]: [string, string], file: string): [string, number] {
  const octets = parseAddress(address)
  if (!octets) throw new ConfigError(`wrong IP address:"${address}" in weight file ${file}`)
  const value = Number(weight)
  if (!/^[0-9]+$/.test(weight) || value < 1 || value > weightMax) {
    throw new ConfigError(`wrong weight value:"${weight}" in weight file ${file}`)
  }
  return [addressKey(octets), value]
}
