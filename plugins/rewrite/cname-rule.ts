// `rewrite cname`: an alias in the answer gets another target, and the answer for that one.

import type { Name } from '../../wire/name.ts'
import { targetOf, withTarget } from '../../wire/rdata.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { ConfigError } from '../directive.ts'
import type { Answered, Host } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { amend, bothReuses, type Response } from '../response.ts'
import {
  absoluteText,
  endsWithPart,
  includesPart,
  nameOf,
  partText,
  replaceParts,
  startsWithPart,
  withGroups,
} from './name-text.ts'
import { rulePattern } from './patterns.ts'
import { InvalidName, type Rule } from './rule.ts'

/** The text of the new target, or null if the rule is not about this one. */
type NewTarget = (target: string) => string | null

/** Reads the words after `cname`; throws ConfigError. */
export function parseCnameRule(args: readonly string[], host: Host): Rule {
  if (args.length !== 2 && args.length !== 3) {
    throw new ConfigError(`too few (${args.length}) arguments for a cname rule`)
  }
  const [match, from, to] = args.length === 2 ? ['exact', ...args] : args
  const newTarget = newTargetOf(match!.toLowerCase(), from!, to!)
  return {
    perClient: false,
    rewrite: (query) => {
      const response = (response: Response): Answered => retarget(response, newTarget, { query, host })
      return from === '' || to === '' ? null : { query, undo: [{ response }], applied: true }
    },
  }
}

function newTargetOf(match: string, from: string, to: string): NewTarget {
  const part = partText(from)
  const by = partText(to)
  switch (match) {
    case 'exact': {
      const whole = absoluteText(from)
      return (target) => (target === whole ? absoluteText(to) : null)
    }
    case 'prefix':
      return (target) => (startsWithPart(target, part) ? by + target.slice(part.length) : null)
    case 'suffix':
      return (target) => (endsWithPart(target, part) ? target.slice(0, target.length - part.length) + by : null)
    case 'substring':
      return (target) => (includesPart(target, part) ? replaceParts(target, part, by) : null)
    case 'regex': {
      const pattern = rulePattern(
        lowerPattern(from),
        ' in a cname rule',
        (error) => `invalid cname rewrite regex pattern: ${error.message}`,
      )
      return (target) => {
        const groups = pattern.exec(target)?.groups
        return groups ? withGroups(by, groups) : null
      }
    }
    default:
      throw new ConfigError(`unknown cname rewrite type: ${match}`)
  }
}

/** A pattern for names in lower case; what a backslash or `(?` gives a meaning keeps its case. */
const lowerPattern = (source: string): string =>
  source.replace(/\\[pP]\{[^}]*\}|\\.|\(\?P?<\w*>|\(\?[a-zA-Z-]*|[^\\]/gs, (unit) =>
    unit.length === 1 ? unit.toLowerCase() : unit,
  )

/** Gives the first alias that the rule is about its new target; what stood behind it goes, its new answer comes. */
function retarget(response: Response, newTarget: NewTarget, way: { query: Query; host: Host }): Answered {
  const aliases = response.answer.filter((record) => record.type === types.CNAME)
  for (const [index, alias] of aliases.entries()) {
    const text = newTarget(targetOf(alias)?.folded ?? '')
    const target = text === null ? null : nameOf(text)
    if (!target || target instanceof InvalidName) continue
    const kept = [...aliases.slice(0, index), withTarget(alias, target)]
    return whenAnswered(lookUp(target, way), (found) => {
      const answered = found.rcode === rcodes.NOERROR
      return amend(response, {
        // The old target's failure is none of the new one's.
        rcode: answered ? rcodes.NOERROR : response.rcode,
        tc: found.tc,
        answer: [...kept, ...found.answer],
        authority: response.authority.filter((record) => !answered || record.type !== types.SOA),
        reuse: bothReuses(response.reuse, found.reuse),
      })
    })
  }
  return response
}

const lookUp = (name: Name, { query, host }: { query: Query; host: Host }): Answered =>
  host.resolve(amendQuery(query, { name, bytes: null }))
