import fc from 'fast-check'
import t from 'tap'
import { ConfigError } from '../directive.ts'
import { findUpstreams, nameservers, type TargetSource } from './targets.ts'

const source: TargetSource = {
  readFile: (file) =>
    file === '/etc/resolv.conf'
      ? 'search x\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver nonsense\n'
      : null,
  resolve: async (hostname) => {
    if (hostname !== 'dns.example') throw new Error('no such host')
    return ['192.0.2.7', '2001:db8::7']
  },
}

t.test('an upstream is an address, a file of nameservers, or a host name', async (t) => {
  const cases: readonly (readonly [word: string, upstreams: readonly string[]])[] = [
    ['192.0.2.1', ['dns 192.0.2.1 53 192.0.2.1:53']],
    ['192.0.2.1:5353', ['dns 192.0.2.1 5353 192.0.2.1:5353']],
    ['192.0.2.1:domain', ['dns 192.0.2.1 53 192.0.2.1:53']],
    ['dns://192.0.2.1', ['dns 192.0.2.1 53 192.0.2.1:53']],
    ['2001:db8::1', ['dns 2001:db8::1 53 [2001:db8::1]:53']],
    ['[2001:db8::1]', ['dns 2001:db8::1 53 [2001:db8::1]:53']],
    ['[2001:db8::1]:54', ['dns 2001:db8::1 54 [2001:db8::1]:54']],
    ['fe80::1%eth0', ['dns fe80::1%eth0 53 [fe80::1]:53']],
    ['[fe80::1%eth0]:54', ['dns fe80::1%eth0 54 [fe80::1]:54']],
    ['tls://9.9.9.9', ['tls 9.9.9.9 853 9.9.9.9:853']],
    ['tls://9.9.9.9%dns.quad9.net', ['tls 9.9.9.9 853 9.9.9.9:853 dns.quad9.net']],
    ['tls://9.9.9.9%dns.quad9.net:10853', ['tls 9.9.9.9 10853 9.9.9.9:10853 dns.quad9.net']],
    ['https://9.9.9.9', ['https 9.9.9.9 443 9.9.9.9:443']],
    ['https://9.9.9.9:8443', ['https 9.9.9.9 8443 9.9.9.9:8443']],
    ['/etc/resolv.conf', ['dns 192.0.2.53 53 192.0.2.53:53', 'dns fe80::1%eth0 53 [fe80::1]:53']],
    ['dns.example', ['dns 192.0.2.7 53 192.0.2.7:53', 'dns 2001:db8::7 53 [2001:db8::7]:53']],
    [
      'tls://dns.example%name.example:1',
      ['tls 192.0.2.7 1 192.0.2.7:1 name.example', 'tls 2001:db8::7 1 [2001:db8::7]:1 name.example'],
    ],
  ]
  for (const [word, expected] of cases) {
    const found = await findUpstreams([word], source, '')
    const texts = found.map((at) => `${at.transport} ${at.address} ${at.port} ${at.label} ${at.serverName}`.trimEnd())
    t.strictSame(texts, expected, word)
  }
})

t.test('an upstream that is named twice is asked once, in the order of the Corefile', async (t) => {
  const found = await findUpstreams(['192.0.2.53', '/etc/resolv.conf', '192.0.2.53:53'], source, '')
  t.strictSame(
    found.map(({ label }) => label),
    ['192.0.2.53:53', '[fe80::1]:53'],
  )
})

t.test('a stanza without a single address is refused', async (t) => {
  const empty: TargetSource = { ...source, readFile: () => '' }
  await t.rejects(findUpstreams(['/etc/empty'], empty, ''), new ConfigError('no valid upstream addresses found'))
})

t.test('any word is an upstream or a ConfigError', async () => {
  const word = fc.oneof(fc.string(), fc.stringMatching(/^(tls:\/\/|https:\/\/|unix:\/\/|)[[\]0-9a-f.:%]{0,20}$/))
  await fc.assert(
    fc.asyncProperty(word, async (text) => {
      try {
        const found = await findUpstreams([text], source, '')
        return found.every(({ port }) => port > 0 && port < 65_536)
      } catch (error) {
        return error instanceof ConfigError
      }
    }),
    { numRuns: 500 },
  )
})

t.test('what is no nameserver line of resolv.conf is passed over', async (t) => {
  const text = '# nameserver 192.0.2.9\n  nameserver\t192.0.2.1 \noptions ndots:5\nnameserver\nnameserver 2001:db8::1'
  t.strictSame(
    nameservers(text).map(({ label }) => label),
    ['192.0.2.1:53', '[2001:db8::1]:53'],
  )
})
