import t from 'tap'
import { type Claim, claimProblems } from './claims.ts'
import { endpointsOf } from './keys.ts'

/** A claim from `KEY KEY … [@ADDRESS …] [view]`. */
function claim(text: string): Claim {
  const words = text.split(' ')
  const keys = words.filter((word) => word !== 'view' && !word.startsWith('@'))
  return {
    endpoints: keys.flatMap((text) => endpointsOf({ text, file: 'Corefile', line: 1 }, 53)),
    addresses: words.filter((word) => word.startsWith('@')).map((word) => word.slice(1)),
    hasView: words.includes('view'),
  }
}

t.test('a zone is served once on each transport, address and port', async (t) => {
  const defined = (place: string) => `cannot serve ${place} - it is already defined`
  const overlap = (place: string, other: string) =>
    `cannot serve ${place} - zone overlap listener capacity with ${other}`
  const bound = 'dns://a.:53 on 127.0.0.1'
  const cases: [claims: string[], problems: string[]][] = [
    [['a', 'b'], []],
    [['a', 'tls://a', 'a:54'], []],
    [['a', 'A.'], [defined('dns://a.:53')]],
    [['a a a'], [defined('dns://a.:53'), defined('dns://a.:53')]],
    [['10.0.0.0/15', '0.10.in-addr.arpa'], [defined('dns://0.10.in-addr.arpa.:53')]],
    [['a @127.0.0.1', 'a @127.0.0.2', 'b'], []],
    [['a @127.0.0.1 @127.0.0.2', 'a @127.0.0.2'], [defined('dns://a.:53 on 127.0.0.2')]],
    [['a @127.0.0.1', 'a'], [overlap('dns://a.:53', bound)]],
    [['a', 'a @127.0.0.1'], [overlap(bound, 'dns://a.:53')]],
    [['a @0.0.0.0', 'a'], [overlap('dns://a.:53', 'dns://a.:53 on 0.0.0.0')]],
    [['a @::1', 'a @::1'], [defined('dns://a.:53 on ::1')]],
    [['a view', 'a', 'a view'], []],
    [['a view', 'a view'], []],
    [['a view @127.0.0.1', 'a'], []],
    [['a', 'a view @127.0.0.1'], [overlap(bound, 'dns://a.:53')]],
    [['a @127.0.0.1', 'a view'], [overlap('dns://a.:53', bound)]],
    [['.:99999'], ['address 99999: invalid port']],
    [['.:-5'], ['address -5: invalid port']],
    [['.:0', '.:65535'], []],
    [
      ['a a', '.:65536'],
      ['address 65536: invalid port', defined('dns://a.:53')],
    ],
  ]
  for (const [claims, problems] of cases) {
    t.same(
      claimProblems(claims.map(claim)).map((problem) => problem.message),
      problems,
      claims.join(' | '),
    )
  }
})
