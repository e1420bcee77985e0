// `chaos`: what the server calls itself, asked for in class CH (RFC 4892 and custom).

import { hostname } from 'node:os'
import { txtRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, types } from '../../wire/registry.ts'
import type { Directive } from '../directive.ts'
import { definePlugin } from '../plugin.ts'
import { respond } from '../response.ts'

/** Who made Meridian, for authors.bind. */
const defaultAuthors: readonly string[] = ['The Meridian maintainers']
const defaultVersion = 'Meridian'
const stringMax = 255

export const chaos = definePlugin({
  name: 'chaos',
  setup(directive, host) {
    const { version, authors } = parse(directive)
    host.block.settings.anyClass = true
    const hostText = hostname().slice(0, stringMax)
    const shuffled = (): string[] =>
      [...authors]
        .map((author) => [host.random(), author] as const)
        .sort(byFirst)
        .map(([, author]) => author)
    return (next) => (query) => {
      if (query.class !== classes.CH || query.type !== types.TXT) return next(query)
      const texts = textsFor(query.name.folded, { version, host: hostText, authors: shuffled })
      if (!texts) return next(query)
      const answer = texts.map((text) => new ResourceRecord(query.name, types.TXT, classes.CH, 0, txtRdata([text])))
      return respond('chaos', { answer })
    }
  },
})

const byFirst = (one: readonly [number, string], other: readonly [number, string]): number => one[0] - other[0]

function textsFor(name: string, facts: { version: string; host: string; authors: () => string[] }): string[] | null {
  switch (name) {
    case 'version.bind.':
    case 'version.server.':
      return [facts.version]
    case 'hostname.bind.':
    case 'id.server.':
      return [facts.host]
    case 'authors.bind.':
      return facts.authors()
    default:
      return null
  }
}

function parse(directive: Directive): { version: string; authors: readonly string[] } {
  directive.next()
  const [version = defaultVersion, ...authors] = directive.remainingArguments()
  if (directive.nextBlock()) throw directive.error(`unknown property '${directive.value}'`)
  return {
    version: version.slice(0, stringMax),
    authors: authors.length > 0 ? [...new Set(authors.map((author) => author.slice(0, stringMax)))] : defaultAuthors,
  }
}
