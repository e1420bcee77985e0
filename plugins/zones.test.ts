import t from 'tap'
import { Name } from '../wire/name.ts'
import { ConfigError } from './directive.ts'
import { Fallthrough, longestZone, normalizeZone, parseFallthrough, parseZoneAndPort, zonesOrBlock } from './zones.ts'

t.test('a zone is folded and absolute, a prefix is its reverse zones, and what is no zone is dropped', async (t) => {
  const cases: [text: string, zones: string[]][] = [
    ['Example.ORG', ['example.org.']],
    ['example.org.', ['example.org.']],
    ['.', ['.']],
    ['10.0.0.0/8', ['10.in-addr.arpa.']],
    ['10.0.0.0/15', ['0.10.in-addr.arpa.', '1.10.in-addr.arpa.']],
    ['10.0.0.0', ['10.0.0.0.']],
    ['10.0.0.0/33', ['10.0.0.0/33.']],
    ['tls://example.org:853', ['example.org.']],
    ['\u00e9.test', ['\\195\\169.test.']],
    ['', []],
    ['a..b', []],
    [':53', []],
    ['example.org:', []],
    ['::/8', []],
    ['x'.repeat(64), []],
  ]
  for (const [text, zones] of cases) t.same(normalizeZone(text), zones, text)
})

t.test('zone and port are split at the last colon, or the error says what is wrong', async (t) => {
  t.equal(parseZoneAndPort('example.org:5342').port, 5342)
  t.equal(parseZoneAndPort('example.org').port, null)
  t.equal(parseZoneAndPort('.:-5').port, -5)
  t.equal(parseZoneAndPort('10.0.0.0/24:5342').port, 5342)
  const labels = (count: number) => 'abcdefg.'.repeat(count)
  const cases: [text: string, message: string][] = [
    ['', 'expecting data after last colon: ""'],
    ['.:', 'expecting data after last colon: ".:"'],
    [':5341', 'zone is not a valid domain name: '],
    ['.:abc', 'zone is not a valid domain name: .:abc'],
    ['a..b.test', 'zone is not a valid domain name: a..b.test'],
    ['.a', 'zone is not a valid domain name: .a'],
    ['a\\', 'zone is not a valid domain name: a\\'],
    [`${labels(32)}abcdefgh`, 'specified zone is too long: 264 > 255'],
    [`${labels(31)}abcdefg`, 'specified zone is too long: 256 > 255'],
    ['::1/64', 'invalid CIDR ::1/64'],
    ['0::1/64:53', 'invalid CIDR 0::1/64'],
  ]
  for (const [text, message] of cases) t.throws(() => parseZoneAndPort(text), new ConfigError(message), text)
})

t.test("a plugin without zones has the server block's", async (t) => {
  const block = [Name.parse('block.test')]
  t.equal(zonesOrBlock([], block), block)
  t.same(zonesOrBlock(['A.test', 'a..b', '10.0.0.0/15'], block).map(String), [
    'a.test.',
    '0.10.in-addr.arpa.',
    '1.10.in-addr.arpa.',
  ])
})

t.test('the longest zone that holds a name wins', async (t) => {
  const zones = ['.', 'org', 'sub.example.org', 'example.org'].map((text) => Name.parse(text))
  t.equal(String(longestZone(zones, Name.parse('a.SUB.example.org'))), 'sub.example.org.')
  t.equal(String(longestZone(zones, Name.parse('xsub.example.org'))), 'example.org.')
  t.equal(String(longestZone(zones, Name.parse('test'))), '.')
  t.equal(longestZone(zones.slice(1), Name.parse('test')), null)
})

t.test('fallthrough passes on the names in its zones, all of them when it names none', async (t) => {
  const cases: [args: string[], name: string, through: boolean][] = [
    [[], 'a.test', true],
    [['in-addr.arpa', 'ip6.arpa'], '1.0.0.10.IN-ADDR.arpa', true],
    [['in-addr.arpa', 'ip6.arpa'], 'a.test', false],
    [['10.0.0.0/15'], '1.1.1.10.in-addr.arpa', true],
    [['10.0.0.0/15'], '1.1.2.10.in-addr.arpa', false],
    [['a..b'], 'a.test', false],
  ]
  for (const [args, name, through] of cases) t.equal(parseFallthrough(args).through(Name.parse(name)), through, name)
  t.equal(Fallthrough.none.through(Name.root), false)
})
