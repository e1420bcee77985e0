// `root`: the folder that relative file names of a server block start from. Settles it for the plugins after it; no layer.

import { stat } from 'node:fs/promises'
import { ConfigError } from '../directive.ts'
import { definePlugin, defineService } from '../plugin.ts'

/** Looks once whether the folder is there: it may appear later, but whoever wrote the Corefile should know. */
const folder = defineService<{ path: string }>({
  async start({ path }, { log }) {
    try {
      await stat(path)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT') throw new ConfigError(`unable to access root path '${path}': ${code}`)
      log.warning(`Root path does not exist: ${path}`)
    }
    return { snapshot: () => ({}), stop() {} }
  },
})

export const root = definePlugin({
  name: 'root',
  setup(directive, host) {
    while (directive.next()) {
      if (!directive.nextArgument()) throw directive.argumentError()
      host.block.settings.root = directive.value
    }
    host.service('folder', { path: host.block.settings.root }, () => {})
    return undefined
  },
  services: { folder },
})
