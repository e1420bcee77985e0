// `metadata`: lets other plugins tell what they know about a query (`kubernetes/namespace`, `forward/upstream`), for `log`, `template`, `rewrite` and `view`.

import { definePlugin } from '../plugin.ts'
import { zonesOrBlock } from '../zones.ts'

export const metadata = definePlugin({
  name: 'metadata',
  setup(directive, host) {
    directive.next()
    host.block.settings.metadataZones = zonesOrBlock(directive.remainingArguments(), host.block.zones)
    if (directive.nextBlock() || directive.next()) throw directive.argumentError()
    return undefined
  },
})
