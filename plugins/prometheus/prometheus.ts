// `prometheus`: counts every query of its server block and exports all metrics of the process on GET /metrics. An observer, so it counts what the answer
// table answers, too; the endpoint exists once a process for each address.

import type { Directive } from '../directive.ts'
import { DnsMetrics } from '../dns-metrics.ts'
import { parseListenDirective } from '../listen-address.ts'
import { type Block, definePlugin, defineService } from '../plugin.ts'
import { chainPlugins } from './chain-plugins.ts'

const exporter = defineService<{ address: string }>({
  async start({ address }, { http, process }) {
    const route = await http.route(address, '/metrics', async () => ({
      status: 200,
      type: process.metricsType(),
      body: await process.metricsText(),
    }))
    return { snapshot: () => ({}), stop: () => route.close() }
  },
})

export const prometheus = definePlugin({
  name: 'prometheus',
  setup(directive, host) {
    const address = parseAddress(directive)
    const queries = new DnsMetrics(host.metrics)
    host.observe((observation) => queries.count(observation))
    host.service('exporter', { address }, () => {})
    const enabled = host.metrics.gauge({
      name: 'coredns_plugin_enabled',
      help: 'A metric that indicates whether a plugin is enabled on per server and zone basis.',
      labels: ['server', 'zone', 'view', 'name'],
      merge: 'presence',
    })
    // Configurations overlap at a reload: the new one counts itself in before the old one counts itself out.
    let present: readonly (readonly string[])[] = []
    host.onStart(() => {
      present = presence(host.block)
      for (const labels of present) enabled.with(...labels).increment()
    })
    host.onStop(() => {
      for (const labels of present) enabled.with(...labels).increment(-1)
      present = []
    })
    return undefined
  },
  services: { exporter },
})

/** Label values of each plugin in the block's chain; like CoreDNS under the zone of the first key only. */
function presence(block: Block): readonly (readonly string[])[] {
  const zone = block.zones[0]?.folded ?? '.'
  const names = chainPlugins.filter((name) => block.has(name))
  return block.servers.flatMap((server) => names.map((name) => [server, zone, block.settings.view, name]))
}

const parseAddress = (directive: Directive): string =>
  parseListenDirective(directive, { usual: 'localhost:9153', once: true, option: parseOption })

function parseOption(directive: Directive): void {
  const option = directive.value
  const args = directive.remainingArguments()
  if (option === 'runtime_metrics') {
    if (args.length > 0) throw directive.argumentError()
  } else if (option === 'tls') {
    if (args.length !== 1) throw directive.argumentError()
    throw directive.error("option 'tls' is not built yet in Meridian")
  } else {
    throw directive.error(`unknown option: ${option}`)
  }
}
