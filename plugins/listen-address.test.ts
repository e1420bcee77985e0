import t from 'tap'
import { checkListenAddress } from './listen-address.ts'

t.test('an address has a host, which may be empty, and a port', async (t) => {
  for (const address of [':8080', 'localhost:9153', '127.0.0.1:0', '[::1]:8080', '[fe80::1%eth0]:53', ':', 'x:http']) {
    t.doesNotThrow(() => checkListenAddress(address), address)
  }
})

t.test('others are refused in the words of CoreDNS', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['bla', 'missing port in address'],
    ['', 'missing port in address'],
    ['[::1]', 'missing port in address'],
    ['[::1', "missing ']' in address"],
    ['[::1:80', "missing ']' in address"],
    ['::1', 'too many colons in address'],
    ['1:2:3', 'too many colons in address'],
    ['[::1]x:80', 'missing port in address'],
    ['[::1]:8:0', 'too many colons in address'],
    ['a[b:80', "unexpected '[' in address"],
    ['a]b:80', "unexpected ']' in address"],
  ]
  for (const [address, reason] of cases) {
    t.throws(() => checkListenAddress(address), { name: 'ConfigError', message: `address ${address}: ${reason}` })
  }
})
