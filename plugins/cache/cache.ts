// The cache plugin: keeps answers of upstreams until their TTLs end. It stands above every plugin that makes answers, so that a hit asks none of them.

import { definePlugin } from '../plugin.ts'
import { AnswerCache } from './answer-cache.ts'
import { parseCache } from './config.ts'

/** The plugin. */
export const cache = definePlugin({
  name: 'cache',
  setup(directive, host) {
    const kept = new AnswerCache(parseCache(directive, host.block.zones), host)
    return (next) => (query) => (kept.takes(query) ? kept.answer(query, next) : next(query))
  },
})
