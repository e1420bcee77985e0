// `template`: records written from the query by templates. The first template that takes part decides; what none takes part in goes on.
//
//   class, type, zone fit? ─no─► next template ─► next plugin
//     │yes
//   pattern matches, conditions true? ─no─► fallthrough? ─► next template, or SERVFAIL
//     │yes
//   texts ─► records ─► (CNAME for A, AAAA: resolve the target) ─► response

import { extendedErrorOption } from '../../wire/edns.ts'
import { classes, rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import type { Match } from '../pattern.ts'
import { type Answered, definePlugin, type Handler, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, fail, neverReused, type Response, type Reuse, respond, reuseWhile, useOnce } from '../response.ts'
import { bareEdns, unaskedOpt } from '../unasked-opt.ts'
import { longestZone } from '../zones.ts'
import { withTargets } from './alias.ts'
import { parseTemplates, type RecordTemplate, sections } from './config.ts'
import { questionFields, readsClient, TemplateData } from './data.ts'
import { TemplateMetrics } from './metrics.ts'
import { RecordFault, writeRecords } from './records.ts'

export const template = definePlugin({
  name: 'template',
  setup(directive, host) {
    const templates = parseTemplates(directive, host.block.zones).map((config) => new TemplateAnswerer(config, host))
    return (next) => (query) => answerWith(templates, query, next)
  },
})

function answerWith(templates: readonly TemplateAnswerer[], query: Query, next: Handler): Answered {
  // Once a template was left because of the client, whatever follows is this client's answer.
  let once = false
  for (const candidate of templates) {
    const tried = candidate.try(query)
    if (tried === notConcerned) continue
    once ||= candidate.choosesByClient
    if (tried === passedOn) continue
    return once ? whenAnswered(tried, useOnce) : tried
  }
  const answered = next(query)
  return once ? whenAnswered(answered, useOnce) : answered
}

/** The template does not take part. */
const notConcerned = Symbol('not concerned')
/** It does, but no pattern matched or a condition was false, and `fallthrough` says to go on. */
const passedOn = Symbol('passed on')

class TemplateAnswerer {
  /** True if conditions or variables ask for more than the question. */
  readonly choosesByClient: boolean
  readonly #config: RecordTemplate
  readonly #host: Host
  readonly #metrics: TemplateMetrics
  readonly #reusable: boolean

  constructor(config: RecordTemplate, host: Host) {
    this.#config = config
    this.#host = host
    this.#metrics = new TemplateMetrics(host.metrics)
    const variables = new Set(config.variables.map((variable) => variable.name))
    const expressions = [...config.variables.map((variable) => variable.expression), ...config.conditions]
    const used = expressions.flatMap((expression) => [...expression.uses])
    this.choosesByClient = used.some((name) => readsClient(name, variables))
    const read = sections.flatMap((section) => config.records[section].flatMap((text) => [...text.fields]))
    this.#reusable = !this.choosesByClient && read.every((field) => questionFields.has(field))
  }

  try(query: Query): Answered | typeof notConcerned | typeof passedOn {
    const config = this.#config
    const zone = longestZone(config.zones, query.name)
    if (!zone || !fits(config.class, query.class, classes.ANY) || !fits(config.type, query.type, types.ANY)) {
      return notConcerned
    }
    const matched = this.#match(query)
    if (!matched) return this.#missed(query)
    const data = new TemplateData(query, {
      zone: zone.folded,
      ...matched,
      class: query.class === classes.ANY ? config.class : query.class,
      type: query.type === types.ANY ? config.type : query.type,
    })
    const fault = this.#define(data)
    if (fault !== null) return fail(rcodes.SERVFAIL, fault)
    const holds = this.#hold(data)
    if (typeof holds === 'string') return fail(rcodes.SERVFAIL, holds)
    return holds ? this.#answer(query, data) : this.#missed(query)
  }

  #missed(query: Query): Response | typeof passedOn {
    return this.#config.fallthrough.through(query.name) ? passedOn : fail(rcodes.SERVFAIL)
  }

  #match({ name }: Query): { regex: string; match: Match } | null {
    const { patterns } = this.#config
    const text = name.folded
    if (patterns.length === 0) {
      return { regex: '.*', match: { index: 0, groups: [text], named: new Map() } }
    }
    for (const pattern of patterns) {
      const match = pattern.exec(text)
      if (match) return { regex: pattern.source, match }
    }
    return null
  }

  /** Works the variables out; returns what went wrong, or null. */
  #define(data: TemplateData): string | null {
    for (const { name, expression } of this.#config.variables) {
      const value = expression.evaluate(data)
      if (value instanceof Error) return value.message
      data.Var.set(name, value)
    }
    return null
  }

  /** Whether all conditions hold, or what went wrong. */
  #hold(data: TemplateData): boolean | string {
    for (const condition of this.#config.conditions) {
      const value = condition.evaluate(data)
      if (value instanceof Error) return value.message
      if (value !== true) return false
    }
    return true
  }

  #answer(query: Query, data: TemplateData): Answered {
    const { rcode, records, ede } = this.#config
    const use = { server: query.server, zone: data.Zone, view: query.view, data }
    const matches = this.#metrics.matches(use)
    matches.increment()
    if (rcode === rcodes.SERVFAIL) return fail(rcode)
    try {
      const written = {
        answer: writeRecords(records.answer, 'answer', data),
        additional: writeRecords(records.additional, 'additional', data),
        authority: writeRecords(records.authority, 'authority', data),
      }
      const reuse: Reuse = this.#reusable ? { ...reuseWhile(), used: () => matches.increment() } : neverReused
      const response = respond('template', { rcode, aa: true, ...written, ede, echo: ede.length === 0, reuse })
      return withTargets(this.#withUnaskedOpt(response, query), query, this.#host)
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error
      this.#metrics.failed(error, use)
      return fail(rcodes.SERVFAIL, error.message)
    }
  }

  #withUnaskedOpt(response: Response, query: Query): Response {
    if (query.edns || response.ede.length === 0 || !this.#host.block.settings.compat) return response
    const opt = unaskedOpt({ ...bareEdns, do: true, options: response.ede.map(extendedErrorOption) })
    return amend(response, { additional: [...response.additional, opt] })
  }
}

/** ANY fits everything, on either side. */
const fits = (wanted: number, asked: number, any: number): boolean =>
  wanted === any || asked === any || wanted === asked
