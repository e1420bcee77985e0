// The forward plugin: queries of its zones go to other servers. It stands near the end of the chain, below cache; each `forward` line of the block is a
// layer of its own, in the Corefile's order.

import { definePlugin, type Handler } from '../plugin.ts'
import { parseStanzas } from './config.ts'
import { Forwarder, type ForwarderTools, forwardLayer } from './forwarder.ts'
import { systemUnpredictable } from './question-id.ts'
import { upstreamMetrics } from './upstream.ts'
import { upstreamsService } from './upstreams-service.ts'

/** The plugin. */
export const forward = definePlugin({
  name: 'forward',
  services: { upstreams: upstreamsService },
  setup(directive, host) {
    const { settings } = host.block
    const stanzas = parseStanzas(directive, { root: settings.root, warn: (text) => host.log.warning(text) })
    settings.anyClass = true
    const tools: ForwarderTools = {
      host,
      unpredictable: systemUnpredictable(),
      metrics: upstreamMetrics(host.metrics),
      healthBroken: host.metrics
        .counter({
          name: 'coredns_forward_healthcheck_broken_total',
          help: 'Counter of the number of complete failures of the healthchecks.',
        })
        .with(),
      tooMany: host.metrics
        .counter({
          name: 'coredns_forward_max_concurrent_rejects_total',
          help: 'Counter of the number of queries rejected because the concurrent queries were at maximum.',
        })
        .with(),
    }
    const forwarders = stanzas.map((stanza) => new Forwarder(stanza, tools))
    return (next) => {
      let following: Handler = next
      let nextForward: Handler | null = null
      for (const forwarder of forwarders.toReversed()) {
        following = forwardLayer(forwarder, following, nextForward)
        nextForward = following
      }
      return following
    }
  },
})
