import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

/** A forward block with the given lines, in block `.`. */
const block = (...lines: readonly string[]): string =>
  `. {\n  forward . 127.0.0.1 {\n    ${lines.join('\n    ')}\n  }\n}\n`

t.test('what is wrong with a forward line is said in the words of CoreDNS', async (t) => {
  const place = 'Corefile:2 - Error during parsing'
  const cases: readonly (readonly [corefile: string, error: string])[] = [
    ['. {\n  forward\n}', `${place}: Wrong argument count or unexpected line ending after 'forward'`],
    ['. {\n  forward .\n}', `${place}: Wrong argument count or unexpected line ending after '.'`],
    ['. {\n  forward .. 127.0.0.1\n}', `unable to normalize '..'`],
    ['. {\n  forward . dns://\n}', 'invalid address: "dns://"'],
    [
      '. {\n  forward . quic://127.0.0.1\n}',
      `'quic' is not supported as a destination protocol in forward: quic://127.0.0.1:853`,
    ],
    [
      '. {\n  forward . grpc://127.0.0.1\n}',
      `'grpc' is not supported as a destination protocol in forward: grpc://127.0.0.1:443`,
    ],
    [
      '. {\n  forward . unix:///tmp/x\n}',
      `'unix' is not supported as a destination protocol in forward: unix:///tmp/x`,
    ],
    [
      '. {\n  forward . https://127.0.0.1/x\n}',
      'paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default): https://127.0.0.1/x',
    ],
    ['. {\n  forward . 1.2.3.4.5:x\n}', 'failed to resolve "1.2.3.4.5": lookup 1.2.3.4.5: no such host'],
    ['. {\n  forward . /nowhere\n}', 'failed to resolve "/nowhere": lookup /nowhere: no such host'],
    ['. {\n  forward . a..b\n}', 'not an IP address, file, or valid domain: "a..b"'],
    ['. {\n  forward . 127.0.0.1:99999\n}', 'invalid port in upstream address "127.0.0.1:99999"'],
    [
      `. {\n  forward . ${Array.from({ length: 16 }, (_, i) => `127.0.1.${i}`).join(' ')}\n}`,
      'more than 15 TOs configured: 16',
    ],
    [
      '. {\n  forward . tls://127.0.0.1%abc {\n    tls_servername x\n  }\n}',
      "both forward ('x') and proxy level ('abc') TLS servernames are set for upstream proxy 'tls://127.0.0.1:853'",
    ],
  ]
  for (const [corefile, error] of cases) {
    t.equal(await serveError({ corefile }), `plugin/forward: ${error}`, corefile.split('\n')[1]?.trim() ?? '')
  }
})

t.test('what is wrong with a property is said in the words of CoreDNS', async (t) => {
  const place = 'Corefile:3 - Error during parsing'
  const missing = (word: string): string => `${place}: Wrong argument count or unexpected line ending after '${word}'`
  const cases: Readonly<Record<string, string>> = {
    nope: `${place}: unknown property 'nope'`,
    constructor: `${place}: unknown property 'constructor'`,
    except: missing('except'),
    next: missing('next'),
    failover: missing('failover'),
    tls_servername: missing('tls_servername'),
    resolver: missing('resolver'),
    'force_tcp yes': missing('yes'),
    'prefer_udp yes': missing('yes'),
    'next_on_nodata yes': missing('yes'),
    'failfast_all_unhealthy_upstreams yes': missing('yes'),
    'tls a b c d': missing('d'),
    'tls /no/ca': 'error reading /no/ca: open /no/ca: no such file or directory',
    'tls /no/cert /no/key': 'could not load TLS cert: open /no/cert: no such file or directory',
    'policy best': `${place}: unknown policy 'best'`,
    'max_fails -1': 'strconv.ParseUint: parsing "-1": invalid syntax',
    'max_fails 5000000000': 'strconv.ParseUint: parsing "5000000000": value out of range',
    'max_connect_attempts x': 'strconv.ParseUint: parsing "x": invalid syntax',
    'max_concurrent many': 'strconv.Atoi: parsing "many": invalid syntax',
    'max_concurrent -3': "max_concurrent can't be negative: -3",
    'max_idle_conns -3': "max_idle_conns can't be negative: -3",
    'expire -3s': "expire can't be negative: -3s",
    'expire 3': 'time: missing unit in duration "3"',
    'max_age -1s': "max_age can't be negative: -1s",
    'max_age 5s': 'max_age (5s) must not be less than expire (10s)',
    'read_timeout 0s': 'read_timeout must be positive: 0s',
    'health_check -1s': "health_check can't be negative: -1000000000",
    'health_check 1s foo': 'health_check: unknown option foo',
    'health_check 1s domain a..b': 'health_check: invalid domain name a..b',
    'doh_method PUT': 'doh_method must be either POST or GET',
    'failover NOERROR': 'NoError cannot be used in failover',
    'failover NOPE': 'NOPE is not a valid rcode',
    'next NOPE': 'NOPE is not a valid rcode',
    'resolver x': 'resolver must be an IP address or IP:port: "x"',
    'source_address x': `${place}: invalid IP address: x`,
  }
  for (const [line, error] of Object.entries(cases)) {
    t.equal(await serveError({ corefile: block(line) }), `plugin/forward: ${error}`, line)
  }
})

t.test('every property loads, and fifteen upstreams', async (t) => {
  const properties = block(
    'except a.test b.test',
    'force_tcp',
    'prefer_udp',
    'expire 20s',
    'max_age 1m',
    'max_idle_conns 4',
    'read_timeout 3s',
    'max_fails 0',
    'max_connect_attempts 3',
    'doh_method GET',
    'tls_servername dns.test',
    'policy round_robin',
    'health_check 1s no_rec domain example.org',
    'max_concurrent 100',
    'next NXDOMAIN SERVFAIL',
    'next_on_nodata',
    'failfast_all_unhealthy_upstreams',
    'failover SERVFAIL refused',
    'source_address 127.0.0.1',
    'resolver 127.0.0.1 [::1]:53',
    'tls',
  )
  const many = `. {\n  forward . ${Array.from({ length: 15 }, (_, i) => `127.0.1.${i}`).join(' ')} {\n    max_fails 0\n  }\n}`
  for (const corefile of [properties, many]) await t.resolves(serve(t, { corefile }))
})

t.test('a prefix that is several reverse zones serves the first, with a warning', async (t) => {
  const server = await serve(t, { corefile: '. {\n  forward 10.0.0.0/15 127.0.0.1 {\n    max_fails 0\n  }\n}' })
  t.match(server.log, [
    `[WARNING] plugin/forward: Unsupported CIDR notation: '10.0.0.0/15' expands to multiple zones. Using only '0.10.in-addr.arpa.'.`,
  ])
})
