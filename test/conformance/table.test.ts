// What the table says, and which failures break the requirements.
import t from 'tap'
import { brokenRequirements, type Requirements } from './requirements.ts'
import { lackOf, type SuiteResult } from './suite.ts'
import { formatFailures, formatTable, formatTotal } from './table.ts'

const requirements: Requirements = { suites: ['01'], builtDirectives: new Set(), compatReasons: [/\bAA\b/] }
const failure = { id: '1 a', differences: ['rcode: x'] }
const plain = {
  passed: 3,
  skipped: 2,
  quirks: { passed: 0, failed: 0 },
  failures: [failure, { ...failure, id: '2 b' }],
  missing: '',
}
const results: SuiteResult[] = [
  { ...plain, name: '01-one', failures: [] },
  { ...plain, name: '02-two', missing: 'not built yet: view' },
]

t.test('the table has a row for each suite and the total is the sum of the cases', async (t) => {
  t.same(formatTable(results, requirements, 'skipped').split('\n'), [
    '  suite   passed  failed  quirks skipped  missing',
    '* 01-one       3       0               2',
    '  02-two       3       2               2  not built yet: view',
    '  * has to pass whole',
  ])
  t.equal(formatTotal(results), '6 passed, 2 failed')
})

t.test('quirk cases are counted apart when they are asked', async (t) => {
  const quirks = { ...plain, name: '01-one', passed: 5, quirks: { passed: 2, failed: 1 } }
  t.match(formatTable([quirks], requirements, 'asked'), /\n\* 01-one +3 +1 +2 +1\n/)
  t.equal(formatTotal([quirks]), '5 passed, 2 failed')
})

t.test('with compat, quirks that need not be copied are counted apart', async (t) => {
  const failures = [failure, { ...failure, quirk: 'AA is set' }, { ...failure, quirk: 'answered twice' }]
  const quirks = { ...plain, name: '01-one', passed: 5, quirks: { passed: 2, failed: 2 }, failures }
  t.match(
    formatTable([quirks], requirements, 'compat'),
    /quirks copied +failed +left out .*\n\* 01-one +3 +1 +2 +1 +1\n/,
  )
})

t.test('cases that failed alike are shown once', async (t) => {
  t.equal(formatFailures(results, 9), '02-two 1 a and 1 more alike\n    rcode: x')
  t.equal(formatFailures(results, 0), '1 more failed')
})

t.test(
  'a failure breaks the requirements in a required suite, unless it is a quirk that need not be copied',
  async (t) => {
    const suite = (name: string, quirk?: string): SuiteResult[] => [
      { ...plain, name, failures: [quirk === undefined ? failure : { ...failure, quirk }] },
    ]
    t.equal(brokenRequirements(suite('01-one'), requirements), 1)
    t.equal(brokenRequirements(suite('02-two'), requirements), 0)
    t.equal(brokenRequirements(suite('01-one', 'AA is set'), requirements), 1)
    t.equal(brokenRequirements(suite('01-one', 'answered twice'), requirements), 0)
  },
)

t.test('what a server lacks is read from what it says', async (t) => {
  const line = (name: string): string =>
    `Corefile:1 - Error during parsing: directive '${name}' is not built yet in Meridian`
  t.equal(lackOf(`${line('view')}\n${line('acl')}\n${line('view')}\n`), 'not built yet: view, acl')
  t.equal(lackOf('one\ntwo\n'), 'two')
  const many = Array.from({ length: 12 }, (_, index) => line(`x${index}`))
  t.match(lackOf(many.join('\n')), /x9 and 2 more$/)
})
