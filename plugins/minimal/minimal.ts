// `minimal`: leaves authority and additional records out of positive answers.

import { whenAnswered } from '../answered.ts'
import { definePlugin } from '../plugin.ts'
import { amend } from '../response.ts'
import { responseKind } from '../response-kind.ts'

export const minimal = definePlugin({
  name: 'minimal',
  setup(directive) {
    directive.next()
    if (directive.nextArgument() || directive.nextBlock()) throw directive.argumentError()
    return (next) => (query) =>
      whenAnswered(next(query), (response) => {
        const kind = responseKind(response)
        return kind === 'answer' || kind === 'empty' ? amend(response, { authority: [], additional: [] }) : response
      })
  },
})
