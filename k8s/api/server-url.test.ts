import t from 'tap'
import { AccessError } from './credentials.ts'
import { serverUrl } from './server-url.ts'

t.test('a server is a URL, a host with a port or a host', async (t) => {
  const table: [text: string, tls: boolean, base: string][] = [
    ['https://10.0.0.1:6443', false, 'https://10.0.0.1:6443'],
    ['https://10.0.0.1:6443/', true, 'https://10.0.0.1:6443'],
    ['http://10.0.0.1:8080/clusters/a/?x=1', true, 'http://10.0.0.1:8080/clusters/a'],
    ['10.0.0.1:6443', true, 'https://10.0.0.1:6443'],
    ['10.0.0.1:8080', false, 'http://10.0.0.1:8080'],
    ['localhost', false, 'http://localhost'],
    ['localhost:8080', false, 'http://localhost:8080'],
    ['https://[fd00::1]:6443', false, 'https://[fd00::1]:6443'],
  ]
  for (const [text, tls, base] of table) t.same(serverUrl(text, tls), { base, authorization: '' }, text)
})

t.test('a user in the URL authenticates', async (t) => {
  t.same(serverUrl('http://u:p%40@h:1/', false), { base: 'http://h:1', authorization: `Basic ${btoa('u:p@')}` })
})

t.test("what is no server is refused in CoreDNS's words", async (t) => {
  const wrap = (reason: string): string => `failed to create kubernetes notification controller: "${reason}"`
  const table: [text: string, message: string][] = [
    ['https://127.0.0.1:x', wrap('host must be a URL or a host:port pair: \\"https://127.0.0.1:x\\"')],
    ['https://a b', wrap('host must be a URL or a host:port pair: \\"https://a b\\"')],
    ['https://u:sekret@h:x', wrap('host must be a URL or a host:port pair: \\"https://h:x\\"')],
    ['10.0.0.1/path', wrap('host must be a URL or a host:port pair: \\"10.0.0.1/path\\"')],
    ['http://u%zz:sekret@h:1', wrap('invalid percent-encoding in the user or password of the URL')],
    ['ftp://10.0.0.1', wrap('unsupported protocol scheme \\"ftp\\"')],
  ]
  for (const [text, message] of table) t.throws(() => serverUrl(text, false), new AccessError(message), text)
})
