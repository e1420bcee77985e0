// `debug`: debug lines in the log. Settles it for the whole process; no layer.

import { definePlugin } from '../plugin.ts'

export const debug = definePlugin({
  name: 'debug',
  setup(directive, host) {
    while (directive.next()) {
      if (directive.nextArgument()) throw directive.argumentError()
      host.block.settings.debug = true
    }
    return undefined
  },
})
