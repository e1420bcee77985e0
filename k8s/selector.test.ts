import t from 'tap'
import { parseSelector, SelectorError } from './selector.ts'

t.test('a selector matches the labels that meet all of its requirements', async (t) => {
  const cases: [selector: string, labels: Record<string, string>, matches: boolean][] = [
    ['', {}, true],
    ['tier=gold', { tier: 'gold' }, true],
    ['tier==gold', { tier: 'gold' }, true],
    ['tier=gold', { tier: 'lead' }, false],
    ['tier=gold', {}, false],
    ['tier=', { tier: '' }, true],
    ['tier in (gold, silver)', { tier: 'silver' }, true],
    ['tier in (gold,,silver)', { tier: '' }, true],
    ['tier in ()', { tier: '' }, true],
    ['tier notin (gold)', {}, true],
    ['tier notin (gold)', { tier: 'gold' }, false],
    ['tier', { tier: 'x' }, true],
    ['tier', {}, false],
    ['!tier', {}, true],
    ['!tier', { tier: '' }, false],
    ['env in (test),!x', { env: 'test' }, true],
    ['env in (test),!x', { env: 'test', x: '' }, false],
    ['app.kubernetes.io/name=web , tier', { 'app.kubernetes.io/name': 'web', tier: '' }, true],
    ['in=in', { in: 'in' }, true],
    ['in in (in,notin)', { in: 'notin' }, true],
    ['a=b,a=c', { a: 'c' }, true],
    ['toString', {}, false],
  ]
  for (const [selector, labels, matches] of cases)
    t.equal(parseSelector(selector).matches(labels), matches, `${selector} on ${JSON.stringify(labels)}`)
})

t.test('what is no selector is refused in the words of Kubernetes', async (t) => {
  const unparsed = (selector: string, reason: string): [string, string] => [
    selector,
    `couldn't parse the selector string "${selector}": ${reason}`,
  ]
  const requirement = (selector: string, reason: string): [string, string] =>
    unparsed(selector, `unable to parse requirement: ${reason}`)
  const cases: [selector: string, message: string][] = [
    ['env!=test', '"!=" is not a valid label selector operator'],
    ['a>1', '"gt" isn\'t supported in label selectors'],
    ['a<1,b!=2', '"lt" isn\'t supported in label selectors'],
    unparsed(',a', "found ',', expected: !, identifier, or 'end of string'"),
    unparsed('a,,b', "found ',', expected: identifier after ','"),
    unparsed('a=b,', "found '', expected: identifier after ','"),
    unparsed('a=b=c', "found '=', expected: ',' or 'end of string'"),
    unparsed('!a=b', "found '=', expected: ',' or 'end of string'"),
    requirement('a in x', "found 'x' expected: '('"),
    requirement('a in (x', "found '', expected: ',' or ')'"),
    requirement('a in (x y)', "found 'y', expected: ',' or ')'"),
    requirement('a in (=)', "found '=', expected: ',', ')' or identifier"),
    requirement('a in (,=)', "found '=', expected: ',', or identifier"),
    requirement('a b', "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    requirement('a===b', "found '=', expected: identifier"),
    requirement('!', "found '', expected: identifier"),
    requirement('/a=b', '<nil>: Invalid value: "/a": prefix part must be non-empty'),
    requirement(
      `a=${'x'.repeat(64)}`,
      `values[0][a]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`,
    ),
    requirement('a>x', "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"),
  ]
  for (const [selector, message] of cases) t.throws(() => parseSelector(selector), new SelectorError(message), selector)
})
