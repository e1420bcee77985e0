import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'
import { Directive } from '../directive.ts'
import { type Interfaces, readAddresses } from './bind.ts'

const interfaces: Interfaces = {
  lo: [{ address: '127.0.0.1' }, { address: '::1', scopeid: 0 }],
  eth0: [{ address: '192.0.2.7' }, { address: 'fe80::1', scopeid: 2 }, { address: '2001:db8::7', scopeid: 0 }],
  down: [],
}

/** The directive that these lines are. */
function directive(text: string): Directive {
  const tokens = text.split('\n').flatMap((line, i) =>
    line
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => ({ text: word, file: 'Corefile', line: i + 1 })),
  )
  return new Directive('bind', 'Corefile', tokens)
}

t.test('addresses and interfaces become addresses, in order', async (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['bind 1.2.3.4', ['1.2.3.4']],
    ['bind ::1 1.2.3.4 ::5', ['::1', '1.2.3.4', '::5']],
    ['bind 1.2.3.4\nbind ::5', ['1.2.3.4', '::5']],
    ['bind 1.2.3.4 lo', ['1.2.3.4', '127.0.0.1', '::1']],
    ['bind eth0', ['192.0.2.7', 'fe80::1%eth0', '2001:db8::7']],
    ['bind lo eth0 {\nexcept ::1 eth0\n}', ['127.0.0.1']],
    ['bind lo {\nexcept 127.0.0.1\n}\nbind 127.0.0.1', ['::1', '127.0.0.1']],
  ]
  for (const [text, addresses] of cases) t.strictSame(readAddresses(directive(text), interfaces), addresses, text)
})

t.test('what is no address is refused', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['bind', 'at least one address or interface name is expected'],
    ['bind 1.2.3.invalid', 'not a valid IP address or interface name: "1.2.3.invalid"'],
    ['bind ::1 noone', 'not a valid IP address or interface name: "noone"'],
    ['bind toString', 'not a valid IP address or interface name: "toString"'],
    ['bind lo {\nexcept\n}', 'at least one address or interface must be given to except subdirective'],
    ['bind lo {\nwithout ::1\n}', 'invalid option "without"'],
    ['bind lo {\nexcept lo\n}', 'no address is left to listen on'],
    ['bind down', 'no address is left to listen on'],
  ]
  for (const [text, message] of cases) {
    t.throws(() => readAddresses(directive(text), interfaces), { name: 'ConfigError', message }, text)
  }
})

t.test('a block listens where it is bound', async (t) => {
  const server = await serve(t, {
    corefile: 'a.example {\n  bind 127.0.0.1\n  whoami\n}\nb.example {\n  bind ::1\n  whoami\n}',
  })
  t.equal((await server.ask('x.a.example. A', { server: 'dns://127.0.0.1:53' }))?.rcode, 'NOERROR')
  t.equal((await server.ask('x.b.example. A', { server: 'dns://127.0.0.1:53' }))?.rcode, 'REFUSED')
  t.equal((await server.ask('x.b.example. A', { server: 'dns://[::1]:53' }))?.rcode, 'NOERROR')
})

t.test('errors name the plugin', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n  bind nope0\n}' }),
    'plugin/bind: not a valid IP address or interface name: "nope0"',
  )
})
