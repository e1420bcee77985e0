// What the templates and expressions of one query see: the names are those that Corefiles use (`.Name`, `.Group.x`). Only fields with a capital letter are visible to
// templates (go-value.ts).

import { className, typeName } from '../../wire/registry.ts'
import { ANY, type EnvironmentFunction, functionOf, STRING } from '../expression.ts'
import { TemplateFunction } from '../go-template.ts'
import { goType } from '../go-value.ts'
import type { Match } from '../pattern.ts'
import type { Query } from '../query.ts'
import { queryFunctions, questionFunctions, withoutZone } from '../query-functions.ts'

/** Fields that follow from the question alone, spelling aside: answers that read no others may be used again. */
export const questionFields: ReadonlySet<string> = new Set([
  'Zone',
  'Name',
  'Regex',
  'Match',
  'Group',
  'Class',
  'Type',
  'Var',
])

/** What a template was chosen by. */
export interface Chosen {
  readonly zone: string
  readonly regex: string
  readonly match: Match
  readonly class: number
  readonly type: number
}

/** The data of one query. */
export class TemplateData {
  readonly [goType] = '*template.templateData'
  readonly query: Query
  readonly Zone: string
  readonly Name: string
  readonly Regex: string
  readonly Match: readonly string[]
  readonly Group: ReadonlyMap<string, string>
  readonly Class: string
  readonly Type: string
  readonly Var = new Map<string, unknown>()

  constructor(query: Query, chosen: Chosen) {
    this.query = query
    this.Zone = chosen.zone
    this.Name = query.name.folded
    this.Regex = chosen.regex
    this.Match = chosen.match.groups
    const numbered = chosen.match.groups.map((group, number): [string, string] => [String(number), group])
    this.Group = new Map([...numbered, ...chosen.match.named])
    this.Class = mnemonic(className(chosen.class), 'CLASS')
    this.Type = mnemonic(typeName(chosen.type), 'TYPE')
  }

  get Remote(): string {
    return withoutZone(this.query.client.address)
  }

  get Meta(): TemplateFunction {
    return new TemplateFunction(['string'], ([label]) => this.query.metadata.get(String(label)) ?? '')
  }

  get Question(): object {
    const { name, type, class: klass } = this.query
    return {
      Name: String(name),
      Qtype: type,
      Qclass: klass,
      String: () => `;${name}\t${className(klass)}\t ${typeName(type)}`,
      [goType]: '*dns.Question',
    }
  }

  get Message(): object {
    const { id, opcode, rd, ad, cd, flags } = this.query
    return {
      Id: id,
      Response: false,
      Opcode: opcode,
      Authoritative: (flags & 0x0400) !== 0,
      Truncated: (flags & 0x0200) !== 0,
      RecursionDesired: rd,
      RecursionAvailable: (flags & 0x0080) !== 0,
      Zero: (flags & 0x0040) !== 0,
      AuthenticatedData: ad,
      CheckingDisabled: cd,
      Rcode: 0,
      Question: [this.Question],
      [goType]: '*dns.Msg',
    }
  }
}

/** A number without a mnemonic has no text here. */
const mnemonic = (text: string, prefix: string): string =>
  text.startsWith(prefix) && /^[0-9]+$/.test(text.slice(prefix.length)) ? '' : text

const group: EnvironmentFunction<TemplateData> = {
  type: functionOf([ANY], STRING),
  call: (data, [name]) =>
    (typeof name === 'string' || typeof name === 'number' ? data.Group.get(String(name)) : undefined) ?? '',
}

/** What expressions of a template may call. */
export const expressionFunctions: ReadonlyMap<string, EnvironmentFunction<TemplateData>> = new Map([
  ...queryFunctions<TemplateData>((data) => data.query),
  ['group', group],
])

/** True if a name that an expression uses makes its result depend on more than the question; `variables` are judged where they are defined. */
export const readsClient = (used: string, variables: ReadonlySet<string>): boolean =>
  !questionFunctions.has(used) && used !== 'group' && !variables.has(used)
