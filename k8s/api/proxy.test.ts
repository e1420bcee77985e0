import t from 'tap'
import { environmentProxy } from './proxy.ts'

t.test('the environment names the proxy of a scheme, in either spelling', async (t) => {
  const table: [server: string, environment: Record<string, string>, proxy: string][] = [
    ['https://10.0.0.1:6443', {}, ''],
    ['https://10.0.0.1:6443', { HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128'],
    ['https://10.0.0.1:6443', { https_proxy: 'p:3128' }, 'http://p:3128'],
    ['https://10.0.0.1:6443', { HTTP_PROXY: 'http://p:3128' }, ''],
    ['http://10.0.0.1:8080', { HTTP_PROXY: 'http://p:3128' }, 'http://p:3128'],
    ['https://localhost:6443', { HTTPS_PROXY: 'http://p:3128' }, ''],
    ['https://127.0.0.9:6443', { HTTPS_PROXY: 'http://p:3128' }, ''],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://p:3128' }, ''],
  ]
  for (const [server, environment, proxy] of table) {
    t.equal(environmentProxy(server, environment), proxy, `${server} ${JSON.stringify(environment)}`)
  }
})

t.test('NO_PROXY exempts names, addresses, networks and ports', async (t) => {
  const table: [server: string, exceptions: string, isExempt: boolean][] = [
    ['https://10.96.0.1', '10.0.0.0/8,.svc', true],
    ['https://10.96.0.1', '192.168.0.0/16', false],
    ['https://10.96.0.1', '10.96.0.1', true],
    ['https://10.96.0.1', '10.96.0.1:443', true],
    ['https://10.96.0.1', '10.96.0.1:6443', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', 'fd00::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', '10.0.0.0/8', false],
    ['https://kubernetes.default.svc', ' .svc ', true],
    ['https://svc', '.svc', false],
    ['https://api.example.org', 'example.org', true],
    ['https://notexample.org', 'example.org', false],
    ['https://api.example.org', '*.example.org', true],
    ['https://API.example.org:6443', 'api.EXAMPLE.org:6443', true],
    ['https://api.example.org', '*', true],
    ['https://api.example.org', '10.0.0.0/99,,/8', false],
  ]
  for (const [server, exceptions, isExempt] of table) {
    const proxy = environmentProxy(server, { HTTPS_PROXY: 'http://p:3128', NO_PROXY: exceptions })
    t.equal(proxy, isExempt ? '' : 'http://p:3128', `${server} ${exceptions}`)
  }
})
