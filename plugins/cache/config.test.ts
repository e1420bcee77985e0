import t from 'tap'
import { directiveOf } from '../../test/support/cache-under-test.ts'
import { Name } from '../../wire/name.ts'
import { type CacheConfig, parseCache } from './config.ts'

const zones = [Name.parse('example.org.')]
const parse = (text: string): CacheConfig => parseCache(directiveOf(text), zones)
const withBlock = (...lines: readonly string[]): string => `cache {\n${lines.join('\n')}\n}`

/** [capacity, longest, shortest] of success and of denial. */
const parts = ({ success, denial }: CacheConfig): number[][] =>
  [success, denial].map(({ capacity, secondsMax, secondsMin }) => [capacity, secondsMax, secondsMin])

t.test('capacities, TTLs and their defaults', async (t) => {
  const table: readonly [text: string, success: number[], denial: number[]][] = [
    ['cache', [9984, 3600, 5], [9984, 1800, 5]],
    ['cache {\n}', [9984, 3600, 5], [9984, 1800, 5]],
    ['cache 30', [9984, 30, 5], [9984, 30, 5]],
    [withBlock('success 10'), [1024, 3600, 5], [9984, 1800, 5]],
    [withBlock('success -3 1800 30'), [1024, 1800, 30], [9984, 1800, 5]],
    [withBlock('success 2000', 'denial 5000 15 2'), [1792, 3600, 5], [4864, 15, 2]],
    ['cache 25 {\ndenial 256000 15 0\n}', [9984, 25, 5], [256000, 15, 0]],
    ['cache 99999999999', [9984, 2147483647, 5], [9984, 2147483647, 5]],
  ]
  for (const [text, success, denial] of table) t.strictSame(parts(parse(text)), [success, denial], text)
})

t.test('zones are those of the arguments, or the block’s', async (t) => {
  const table: readonly [text: string, zones: string[]][] = [
    ['cache', ['example.org.']],
    ['cache 30', ['example.org.']],
    ['cache 30 Example.NET sub.example.org', ['example.net.', 'sub.example.org.']],
    ['cache 1x', ['1x.']],
    ['cache 10.0.0.0/8', ['10.in-addr.arpa.']],
  ]
  for (const [text, expected] of table) t.strictSame(parse(text).zones.map(String), expected, text)
})

t.test('prefetch, serve_stale, servfail, disable and keepttl', async (t) => {
  const stale = { upToMs: 3_600_000, verify: false, verifyTimeoutMs: 0, ttlSeconds: 0, recheckMs: 0 }
  const table: readonly [lines: string[], expected: Partial<CacheConfig>][] = [
    [['prefetch 10'], { prefetch: { amount: 10, gapMs: 60_000, percent: 10 } }],
    [['prefetch 10 5m'], { prefetch: { amount: 10, gapMs: 300_000, percent: 10 } }],
    [['prefetch 0 1s 90%'], { prefetch: { amount: 0, gapMs: 1_000, percent: 90 } }],
    [['serve_stale'], { stale }],
    [['serve_stale 0'], { stale: { ...stale, upToMs: 0 } }],
    [['serve_stale 1h20m immediate'], { stale: { ...stale, upToMs: 4_800_000 } }],
    [['serve_stale 1h immediate 30s'], { stale: { ...stale, ttlSeconds: 30 } }],
    [['serve_stale 1h immediate 4294967295s'], { stale: { ...stale, ttlSeconds: 4294967295 } }],
    [['serve_stale 1h immediate 30s 5m'], { stale: { ...stale, ttlSeconds: 30, recheckMs: 300_000 } }],
    [['serve_stale 1h VERIFY 250ms'], { stale: { ...stale, verify: true, verifyTimeoutMs: 250 } }],
    [
      ['serve_stale 1h verify 100ms 30s 250ms'],
      { stale: { ...stale, verify: true, verifyTimeoutMs: 100, ttlSeconds: 30, recheckMs: 250 } },
    ],
    [['serve_stale_policy PREFER_POSITIVE', 'serve_stale'], { preferPositive: true, stale }],
    [['servfail 5m'], { servfailMs: 300_000 }],
    [['servfail 0'], { servfailMs: 0 }],
    [['keepttl'], { keepTtl: true }],
  ]
  for (const [lines, expected] of table) t.match(parse(withBlock(...lines)), expected, lines.join())
  const disabled = parse(withBlock('disable success', 'disable denial Example.com example.net.'))
  t.strictSame(disabled.success.disabled.map(String), ['.'])
  t.strictSame(
    disabled.denial.disabled.map((zone) => zone.folded),
    ['example.com.', 'example.net.'],
  )
})

t.test('what is wrong is told as CoreDNS tells it', async (t) => {
  const wrong = "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '"
  const table: readonly [text: string, message: string][] = [
    ['cache 0', 'cache TTL can not be zero or negative: 0'],
    ['cache -5', 'cache TTL can not be zero or negative: -5'],
    ['cache\ncache', 'this plugin can only be used once per Server Block'],
    [withBlock('positive 15'), `${wrong}positive'`],
    [withBlock('constructor'), `${wrong}constructor'`],
    [withBlock('success'), `${wrong}success'`],
    [withBlock('success many'), 'strconv.Atoi: parsing "many": invalid syntax'],
    [withBlock('success 10 0'), 'cache TTL can not be zero or negative: 0'],
    [withBlock('denial 10 x'), 'strconv.Atoi: parsing "x": invalid syntax'],
    [withBlock('denial 10 20 -1'), 'cache min TTL can not be negative: -1'],
    [withBlock('prefetch'), `${wrong}prefetch'`],
    [withBlock('prefetch 1 1m 10% x'), `${wrong}x'`],
    [withBlock('prefetch -1'), 'prefetch amount should be positive: -1'],
    [withBlock('prefetch 0 blurp'), 'time: invalid duration "blurp"'],
    [withBlock('prefetch 10 1m 20'), "last character of percentage should be `%`, but is: '0'"],
    [withBlock("prefetch 10 1m 20'"), "last character of percentage should be `%`, but is: '\\''"],
    [withBlock('prefetch 10 1m 20é'), "last character of percentage should be `%`, but is: '©'"],
    [withBlock('prefetch 10 1m x%'), 'strconv.Atoi: parsing "x": invalid syntax'],
    [withBlock('prefetch 10 1m 5%'), 'percentage should fall in range [10, 90]: 5'],
    [withBlock('serve_stale 20'), 'time: missing unit in duration "20"'],
    [withBlock('serve_stale -20m'), 'invalid negative duration for serve_stale'],
    [withBlock('serve_stale 1h Soon'), 'invalid value for serve_stale refresh mode: soon'],
    [withBlock('serve_stale 1h immediate 1s 1s 1s'), `${wrong}1s'`],
    [withBlock('serve_stale 1h verify 1s 1s 1s 1s'), `${wrong}1s'`],
    [withBlock('serve_stale 1h immediate 100ms'), 'serve_stale response TTL must be a whole number of seconds'],
    [withBlock('serve_stale 1h immediate 4294967296s'), 'serve_stale response TTL exceeds the DNS TTL range'],
    [withBlock('serve_stale 1h immediate -1s'), 'invalid negative response TTL for serve_stale'],
    [withBlock('serve_stale 1h immediate x'), 'invalid serve_stale response TTL: time: invalid duration "x"'],
    [withBlock('serve_stale 1h verify -1ms'), 'invalid negative timeout for serve_stale verify'],
    [withBlock('serve_stale 1h verify x'), 'invalid serve_stale verify timeout: time: invalid duration "x"'],
    [withBlock('serve_stale 1h verify 0 0 6m'), 'serve_stale failure recheck cannot exceed 5 minutes'],
    [withBlock('serve_stale 1h verify 0 0 -1s'), 'invalid negative failure recheck for serve_stale'],
    [withBlock('serve_stale 1h verify 0 0 x'), 'invalid serve_stale failure recheck: time: invalid duration "x"'],
    [withBlock('serve_stale_policy prefer_positive'), 'serve_stale_policy requires serve_stale'],
    [withBlock('serve_stale', 'serve_stale_policy x'), 'invalid serve_stale_policy: x'],
    [
      withBlock('serve_stale_policy prefer_positive', 'serve_stale_policy prefer_positive'),
      'serve_stale_policy can only be specified once',
    ],
    [withBlock('servfail'), `${wrong}servfail'`],
    [withBlock('servfail 6m'), 'caching SERVFAIL responses over 5 minutes is not permitted'],
    [withBlock('servfail -1s'), 'invalid negative ttl for servfail'],
    [withBlock('disable'), `${wrong}disable'`],
    [withBlock('disable everything'), 'cache type for disable must be "success" or "denial"'],
    [withBlock('keepttl 1'), `${wrong}1'`],
  ]
  for (const [text, message] of table) t.throws(() => parse(text), { name: 'ConfigError', message }, text)
})
