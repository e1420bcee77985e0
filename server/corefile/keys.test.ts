import t from 'tap'
import { ConfigError } from '../../plugins/directive.ts'
import { endpointsOf, formatEndpoint, inspectKeys, preferredSyntaxWarning } from './keys.ts'
import { parseCorefile } from './parser.ts'

const key = (text: string) => ({ text, file: 'Corefile', line: 1 })

t.test('a key names transport, zone and port', async (t) => {
  const cases: [key: string, endpoints: string[]][] = [
    ['.', ['dns://.:1053']],
    ['A.Test', ['dns://a.test.:1053']],
    ['a.test.:53', ['dns://a.test.:53']],
    ['dns://a.test', ['dns://a.test.:1053']],
    ['tls://a.test', ['tls://a.test.:853']],
    ['quic://a.test', ['quic://a.test.:853']],
    ['grpc://a.test', ['grpc://a.test.:443']],
    ['https://a.test', ['https://a.test.:443']],
    ['https3://a.test', ['https3://a.test.:443']],
    ['tls://a.test:8853', ['tls://a.test.:8853']],
    ['TLS://a.test', ['dns://tls://a.test.:1053']],
    ['dns://tls://a.test:53', ['dns://tls://a.test.:53']],
    ['.:0053', ['dns://.:53']],
    ['a.test:1:2', ['dns://a.test:1.:2']],
    ['a,b', ['dns://a,b.:1053']],
    ['10.0.0.0', ['dns://10.0.0.0.:1053']],
    ['10.0.0.0/33', ['dns://10.0.0.0/33.:1053']],
    ['10.1.2.3/8', ['dns://10.in-addr.arpa.:1053']],
    ['10.0.0.0/15:53', ['dns://0.10.in-addr.arpa.:53', 'dns://1.10.in-addr.arpa.:53']],
    ['tls://2001:db8::/31', ['tls://8.b.d.0.1.0.0.2.ip6.arpa.:853', 'tls://9.b.d.0.1.0.0.2.ip6.arpa.:853']],
    ['2001:db8::1', ['dns://2001:db8:.:1']],
    ['\u00c9.test', ['dns://\u00e9.test.:1053']],
  ]
  for (const [text, endpoints] of cases) {
    t.same(
      endpointsOf(key(text), 1053).map((endpoint) => formatEndpoint(endpoint)),
      endpoints,
      text,
    )
  }
})

t.test('a zone is compared by its folded name', async (t) => {
  t.equal(endpointsOf(key('A.Test'), 53)[0]!.zone.toString(), 'a.test.')
  t.equal(endpointsOf(key('\u00e9.test'), 53)[0]!.zone.toString(), '\\195\\169.test.')
})

t.test('a key that names no zone is refused in the words of CoreDNS', async (t) => {
  const cases: [key: string, reason: string][] = [
    ['', 'expecting data after last colon: ""'],
    ['dns://', 'expecting data after last colon: ""'],
    ['.:', 'expecting data after last colon: ".:"'],
    [':53', 'zone is not a valid domain name: '],
    ['.:abc', 'zone is not a valid domain name: .:abc'],
    ['.:99999999999999999999', 'zone is not a valid domain name: .:99999999999999999999'],
    ['a..b.test:53', 'zone is not a valid domain name: a..b.test'],
    [`${'abcdefg.'.repeat(32)}abc:53`, 'specified zone is too long: 259 > 255'],
    [`${'abcdefg.'.repeat(31)}abcdefg`, 'specified zone is too long: 256 > 255'],
    ['::/0:53', 'invalid CIDR ::/0'],
    ['unix:///run/dns', 'a server block cannot listen on a unix socket: unix:///run/dns'],
  ]
  for (const [text, reason] of cases) {
    t.throws(() => endpointsOf(key(text), 53), new ConfigError(`error inspecting server blocks: ${reason}`), text)
  }
})

t.test('the zones of a prefix stand where its key stands, and every bad key is found', async (t) => {
  const text = 'a.test 10.0.0.0/15 b..c d.test {\n}\n.: {\n}\n'
  const options = { directives: new Set<string>(), environment: {}, warn() {} }
  const { endpoints, problems } = inspectKeys(parseCorefile({ text, file: 'Corefile' }, options), 53)
  t.same(
    endpoints.map((block) => block.map(({ zoneText }) => zoneText)),
    [['a.test.', '0.10.in-addr.arpa.', '1.10.in-addr.arpa.', 'd.test.'], []],
  )
  t.same(
    problems.map((problem) => problem.message),
    [
      'error inspecting server blocks: zone is not a valid domain name: b..c',
      'error inspecting server blocks: expecting data after last colon: ".:"',
    ],
  )
})

t.test('a zone that is no host name is warned of', async (t) => {
  const warned = (zone: string) => `Warning: Domain "${zone}" does not follow RFC1035 preferred syntax`
  const cases: [key: string, warning: string | null][] = [
    ['.', null],
    ['a-1.test', null],
    ['in-addr.arpa', null],
    ['10.0.0.0/8', null],
    ['a.test,b.test', warned('a.test,b.test.')],
    ['_x.test', warned('_x.test.')],
    ['1x.test', warned('1x.test.')],
    ['x-.test', warned('x-.test.')],
    ['(s)', warned('(s).')],
    ['10.0.0.0', warned('10.0.0.0.')],
    ['a\\.b', warned('a\\\\.b.')],
  ]
  for (const [text, warning] of cases) t.equal(preferredSyntaxWarning(endpointsOf(key(text), 53)[0]!), warning, text)
})
