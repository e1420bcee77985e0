// `loadbalance`: which address stands first. `round_robin` lets the server rotate RRsets each time a response is sent, also from the answer table;
// `weighted` and `prefer` order the records themselves.

import type { ResourceRecord } from '../../wire/record.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { definePlugin } from '../plugin.ts'
import { amend, type Response, useOnce } from '../response.ts'
import { parseLoadbalance } from './config.ts'
import { preferred } from './prefer.ts'
import { weightFile } from './weight-file.ts'
import { type WeightBatch, Weights, weightedFirst } from './weights.ts'

export const loadbalance = definePlugin({
  name: 'loadbalance',
  services: { weights: weightFile },
  setup(directive, host) {
    const { policy, prefer } = parseLoadbalance(directive)
    let weights = new Weights([])
    if (policy.kind === 'weighted') {
      const options = { file: host.path(policy.file), reloadMs: policy.reloadMs }
      host.service<WeightBatch>('weights', options, (batch) => {
        weights = new Weights(batch.domains)
      })
    }
    const balance = (response: Response, type: number): Response => {
      if (policy.kind === 'round_robin') return rotating(response)
      if (type !== types.A && type !== types.AAAA && type !== types.SRV) return response
      const first = (records: readonly ResourceRecord[]) => weightedFirst(inOrder(records), weights, host.random)
      // Each answer draws anew, so it serves once.
      return useOnce(amend(response, { answer: first(response.answer), additional: first(response.additional) }))
    }
    return (next) => (query) =>
      whenAnswered(next(query), (response) => {
        if (response.rcode !== rcodes.NOERROR || query.type === types.AXFR || query.type === types.IXFR) return response
        const balanced = balance(response, query.type)
        return prefer.length === 0 ? balanced : preferSubnets(balanced, prefer, host.random)
      })
  },
})

function rotating(response: Response): Response {
  return amend(response, {
    answer: inOrder(response.answer),
    authority: inOrder(response.authority),
    additional: inOrder(response.additional),
    rotate: true,
  })
}

/** Aliases first, then what is neither address nor MX, then addresses, then MX: the order of CoreDNS. The same array if it is in order. */
function inOrder(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const ordered = records.every((record, index) => index === 0 || rank(records[index - 1]!) <= rank(record))
  return ordered ? records : [...records].sort((one, other) => rank(one) - rank(other))
}

function rank(record: ResourceRecord): number {
  switch (record.type) {
    case types.CNAME:
      return 0
    case types.A:
    case types.AAAA:
      return 2
    case types.MX:
      return 3
    default:
      return 1
  }
}

// Within a subnet the order is random, so each answer serves once.
function preferSubnets(response: Response, prefer: Parameters<typeof preferred>[1], random: () => number): Response {
  return useOnce(
    amend(response, {
      answer: preferred(response.answer, prefer, random),
      additional: preferred(response.additional, prefer, random),
      rotate: false,
    }),
  )
}
