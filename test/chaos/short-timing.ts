// Preloaded into a server (`NODE_OPTIONS=--import`), and so into its k8s thread: there the bounds of impatient-timing.ts take the place of those that a server uses.
// Nothing else of the server is changed, and no option of it is needed.

import { registerHooks } from 'node:module'

const impatient = new URL('./impatient-timing.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    return found.url.endsWith('/k8s/api/watch-timing.ts') ? { ...found, url: impatient } : found
  },
})
