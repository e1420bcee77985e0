// The real process and BIND's dig: UDP, TCP, EDNS, both address families on one listener; and dnsperf, which loses nothing.

import t from 'tap'
import { run, section, serveCommand, skipWithout } from './support/command.ts'

const withoutDig = skipWithout('dig', 'bind9-dnsutils')

const manyAddresses = Array.from({ length: 60 }, (_, i) => `many A 192.0.2.${i + 1}`)
const zone = `$TTL 60
@ SOA ns host 7 7200 1800 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.80
WWW AAAA 2001:db8::80
${manyAddresses.join('\n')}
`
const files = { 'db.example.org': zone }
const corefileWith = (directive: string): string =>
  `example.org:PORT {\n  ${directive}\n  file db.example.org\n}\n.:PORT {\n  ${directive}\n  whoami\n}\n`

t.test('dig is answered over UDP, TCP and with EDNS', { skip: withoutDig }, async (t) => {
  const { dig } = await serveCommand(t, { corefile: corefileWith('bind 127.0.0.1'), files })
  const plain = await dig('wWw.example.org', '+noedns')
  t.match(plain, /status: NOERROR/)
  t.match(plain, /flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 1, ADDITIONAL: 0/)
  t.match(plain, /^;wWw\.example\.org\.\s+IN\s+A$/m, 'the question as it was spelled')
  t.match(section(plain, 'ANSWER'), [/^www\.example\.org\. 60 IN A 192\.0\.2\.80$/i])
  t.notMatch(plain, /OPT PSEUDOSECTION/, 'no OPT in, no OPT out')
  const cookie = await dig('www.example.org', 'AAAA')
  t.match(cookie, /EDNS: version: 0, flags:; udp: 1232/)
  t.match(cookie, /COOKIE: [0-9a-f]{16}/)
  t.strictSame(
    section(cookie, 'ANSWER').map((line) => line.toLowerCase()),
    ['www.example.org. 60 in aaaa 2001:db8::80'],
  )
  const bare = await dig('www.example.org', '+nocookie', '+bufsize=4096', '+dnssec')
  t.match(bare, /EDNS: version: 0, flags: do; udp: 4096/)
  t.notMatch(bare, /COOKIE/)
  const cut = await dig('many.example.org', '+noedns', '+ignore')
  t.match(cut, /flags: qr aa tc rd/)
  const retried = await dig('many.example.org', '+noedns')
  t.match(retried, /Truncated, retrying in TCP mode/)
  t.equal(section(retried, 'ANSWER').length, 60)
  const large = await dig('many.example.org', '+bufsize=4096')
  t.match(large, /\(UDP\)/)
  t.equal(section(large, 'ANSWER').length, 60)
  const stream = await dig('many.example.org', '+tcp', '+nocookie')
  t.match(stream, /\(TCP\)/)
  t.equal(section(stream, 'ANSWER').length, 60)
  const denied = await dig('nope.example.org')
  t.match(denied, /status: NXDOMAIN/)
  t.strictSame(section(denied, 'AUTHORITY'), [
    'example.org. 60 IN SOA ns.example.org. host.example.org. 7 7200 1800 86400 60',
  ])
  t.match(await dig('www.example.org', '+edns=1', '+noednsneg'), /status: BADVERS/)
})

t.test('a port without `bind` answers both families, and an IPv4 client is IPv4', { skip: withoutDig }, async (t) => {
  const { dig, child } = await serveCommand(t, { corefile: corefileWith('log'), files })
  const four = await dig('who4.test')
  t.match(four, /^who4\.test\.\s+0\s+IN\s+A\s+127\.0\.0\.1$/m)
  await child.said(/^\[INFO\] 127\.0\.0\.1:[0-9]+ - [0-9]+ "A IN who4\.test\. udp /m)
  const stream = await dig('stream4.test', '+tcp')
  t.match(stream, /^stream4\.test\.\s+0\s+IN\s+A\s+127\.0\.0\.1$/m)
  await child.said(/^\[INFO\] 127\.0\.0\.1:[0-9]+ - [0-9]+ "A IN stream4\.test\. tcp /m)
  for (const words of [['who6.test'], ['stream6.test', '+tcp']]) {
    const six = await dig('@::1', ...words)
    if (/connection refused|network unreachable|UDP setup/i.test(six)) {
      t.comment('no IPv6 on this machine')
      continue
    }
    t.match(six, /^(who|stream)6\.test\.\s+0\s+IN\s+AAAA\s+::1$/m)
    await child.said(/^\[INFO\] \[::1\]:[0-9]+ - [0-9]+ "A IN (who|stream)6\.test\. (udp|tcp) /m)
  }
})

t.test('dnsperf loses no query', { skip: skipWithout('dnsperf', 'dnsperf') }, async (t) => {
  const questions =
    'www.example.org A\nWWW.example.org AAAA\nnope.example.org A\nexample.org SOA\nother.test A\nmany.example.org A\n'
  const { port, folder } = await serveCommand(t, {
    corefile: corefileWith('bind 127.0.0.1'),
    files: { ...files, questions },
  })
  for (const mode of ['udp', 'tcp']) {
    const args = [
      '-s',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-m',
      mode,
      '-n',
      '1000',
      '-c',
      '8',
      '-q',
      '50',
      '-d',
      'questions',
    ]
    const { code, output } = await run('dnsperf', args, { cwd: folder })
    t.equal(code, 0, output)
    t.match(output, /Queries sent:\s+6000\n/)
    t.match(output, /Queries completed:\s+6000 \(100\.00%\)/)
    t.match(output, /Queries lost:\s+0 \(0\.00%\)/)
    t.match(output, /Response codes:\s+NOERROR 5000 \(83\.33%\), NXDOMAIN 1000 \(16\.67%\)/)
  }
})
