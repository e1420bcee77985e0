import t from 'tap'
import { fuzzServer } from './server.ts'

t.test('a few thousand mutated packets and a few connections do the process no harm', async (t) => {
  const result = await fuzzServer({ packets: 4000, connections: 30, seed: 1, print: () => {} })
  t.ok(result.replies > 2000, `${result.replies} replies`)
  t.ok(result.streamReplies > 50, `${result.streamReplies} replies over TCP`)
  t.ok(result.known >= 16, `${result.known} questions in between were answered`)
  for (const rcode of ['NOERROR', 'NXDOMAIN', 'REFUSED', 'FORMERR', 'NOTIMP', 'BADVERS'])
    t.ok(result.rcodes.has(rcode), rcode)
})
