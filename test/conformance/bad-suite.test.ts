// How a verdict on a Corefile is compared with the recorded one.
import t from 'tap'
import { compareVerdict, type Verdict } from './bad-suite.ts'

const rule = {
  corefile: '.:53 {\n    autopath nothing\n    cache 0\n}\n',
  builtDirectives: new Set(['cache']),
  dnsPort: 5353,
}
const refused = {
  id: '1',
  file: 'Corefile.1',
  refused: true,
  error: 'cannot serve dns://.:{$DNS_PORT} - it is already defined',
}
const lookAlike = { id: '2', file: 'Corefile.1', refused: false }
const missing = (place: string, directive: string): string =>
  `${place} - Error during parsing: directive '${directive}' is not built yet in Meridian\n`

const table: [name: string, one: typeof refused | typeof lookAlike, verdict: Verdict, isRight: boolean][] = [
  [
    'the recorded message',
    refused,
    { state: 'refused', output: 'cannot serve dns://.:5353 - it is already defined\n' },
    true,
  ],
  ['a message cut short', refused, { state: 'refused', output: 'cannot serve dns://.:5353\n' }, false],
  ['another message', refused, { state: 'refused', output: 'no\n' }, false],
  ['a Corefile that should be refused is accepted', refused, { state: 'accepted', output: '' }, false],
  ['a look-alike is accepted', lookAlike, { state: 'accepted', output: '' }, true],
  ['a look-alike is refused', lookAlike, { state: 'refused', output: 'no\n' }, false],
  [
    'a crash is no refusal',
    refused,
    { state: 'undecided', output: 'cannot serve dns://.:5353 - it is already defined\n' },
    false,
  ],
  [
    'a missing directive with its file and line',
    refused,
    { state: 'refused', output: missing('Corefile.1:2', 'autopath') },
    true,
  ],
  [
    'a missing directive on the wrong line',
    refused,
    { state: 'refused', output: missing('Corefile.1:3', 'autopath') },
    false,
  ],
  [
    'a missing directive in the wrong file',
    refused,
    { state: 'refused', output: missing('Corefile.2:2', 'autopath') },
    false,
  ],
  ['a directive that has to be there', refused, { state: 'refused', output: missing('Corefile.1:3', 'cache') }, false],
]

for (const [name, one, verdict, isRight] of table) {
  t.test(`${name} ${isRight ? 'passes' : 'fails'}`, async (t) => {
    const differences = compareVerdict(one, verdict, rule)
    t.equal(differences.length === 0, isRight, differences.join('\n'))
  })
}
