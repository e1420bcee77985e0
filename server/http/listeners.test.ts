// Real sockets on loopback, ports chosen by the kernel.

import { connect } from 'node:net'
import t from 'tap'
import { SharedHttpListeners } from './listeners.ts'

const says = (body: string) => () => ({ status: 200, body })

const make = () => {
  const failures: unknown[] = []
  return { failures, listeners: new SharedHttpListeners((error) => failures.push(error)) }
}

const get = async (address: string, path: string, method = 'GET') => {
  const reply = await fetch(`http://${address}${path}`, { method, headers: { connection: 'close' } })
  return { status: reply.status, type: reply.headers.get('content-type'), body: await reply.text() }
}

const refused = (address: string) =>
  get(address, '/').then(
    () => false,
    () => true,
  )

/** A port that was free a moment ago. */
const freePort = async () => {
  const { listeners } = make()
  const route = await listeners.route('127.0.0.1:0', '/', says(''))
  await route.close()
  return route.address.split(':')[1]!
}

t.test('a path answers with its handler whatever the method, others with 404 as CoreDNS writes it', async (t) => {
  const { listeners, failures } = make()
  const route = await listeners.route('127.0.0.1:0', '/health', says('OK'))
  const broken = await listeners.route('127.0.0.1:0', '/broken', () => {
    throw new Error('bug')
  })
  const plain = 'text/plain; charset=utf-8'
  t.strictSame(await get(route.address, '/health'), { status: 200, type: plain, body: 'OK' })
  t.strictSame(await get(route.address, '/health?x=1', 'POST'), { status: 200, type: plain, body: 'OK' })
  t.strictSame(await get(route.address, '/health', 'HEAD'), { status: 200, type: plain, body: '' })
  for (const path of ['/', '/healthz', '/health/', '/constructor']) {
    t.strictSame(await get(route.address, path), { status: 404, type: plain, body: '404 page not found\n' }, path)
  }
  t.equal((await get(route.address, '/broken')).status, 500)
  t.match(failures, [{ message: 'bug' }])
  await Promise.all([route.close(), broken.close()])
})

t.test('one address is one listener; it closes with its last path', async (t) => {
  const { listeners } = make()
  const [health, ready] = await Promise.all([
    listeners.route('127.0.0.1:0', '/health', says('OK')),
    listeners.route('127.0.0.1:0', '/ready', says('ready')),
  ])
  t.equal(health.address, ready.address)
  await health.close()
  t.equal((await get(ready.address, '/health')).status, 404)
  t.equal((await get(ready.address, '/ready')).body, 'ready')
  await ready.close()
  await ready.close()
  t.ok(await refused(ready.address))
})

t.test('a new configuration takes a path over, and gives it back if it is refused', async (t) => {
  const { listeners } = make()
  const old = await listeners.route('127.0.0.1:0', '/health', says('old'))
  const refusedOne = await listeners.route('127.0.0.1:0', '/health', says('new'))
  t.equal((await get(old.address, '/health')).body, 'new')
  await refusedOne.close()
  t.equal((await get(old.address, '/health')).body, 'old')
  const next = await listeners.route('127.0.0.1:0', '/health', says('next'))
  await old.close()
  t.equal((await get(next.address, '/health')).body, 'next')
  await next.close()
})

t.test('an address can widen to the wildcard and narrow again', async (t) => {
  const { listeners } = make()
  const port = await freePort()
  const narrow = await listeners.route(`127.0.0.1:${port}`, '/metrics', says('narrow'))
  const wide = await listeners.route(`:${port}`, '/metrics', says('wide'))
  t.equal((await get(`127.0.0.1:${port}`, '/metrics')).body, 'wide')
  const everywhere = await listeners.route(`0.0.0.0:${port}`, '/x', says('x'))
  t.equal(everywhere.address, wide.address, 'every wildcard is the same')
  t.equal((await get(`127.0.0.1:${port}`, '/x')).body, 'x')
  await everywhere.close()
  await narrow.close()
  t.equal((await get(`127.0.0.1:${port}`, '/metrics')).body, 'wide')
  const again = await listeners.route(`127.0.0.1:${port}`, '/metrics', says('narrow again'))
  await again.close()
  t.equal((await get(`127.0.0.1:${port}`, '/metrics')).body, 'wide', 'what made room comes back')
  await wide.close()
})

t.test('an address that cannot be bound is refused in CoreDNS words', async (t) => {
  const { listeners } = make()
  const other = make().listeners
  const taken = await other.route('127.0.0.1:0', '/', says(''))
  const rejects = (address: string, message: string) =>
    t.rejects(listeners.route(address, '/health', says('')), { name: 'ConfigError', message }, address)
  await rejects(taken.address, `listen tcp ${taken.address}: bind: address already in use`)
  await rejects('203.0.113.9:1', 'listen tcp 203.0.113.9:1: bind: cannot assign requested address')
  await rejects(':99999', 'listen tcp: address 99999: invalid port')
  await rejects(':nope', 'listen tcp: lookup tcp/nope: unknown port')
  await taken.close()
  const now = await listeners.route(taken.address, '/health', says('mine'))
  t.equal((await get(now.address, '/health')).body, 'mine', 'it is tried again')
  await now.close()
})

t.test('an idle connection does not hold the listener open', async (t) => {
  const { listeners } = make()
  const route = await listeners.route('127.0.0.1:0', '/health', says('OK'))
  const socket = connect(Number(route.address.split(':')[1]), '127.0.0.1')
  const answered = new Promise((resolve) => socket.once('data', resolve))
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await answered
  const ended = new Promise((resolve) => socket.once('close', resolve))
  await route.close()
  await ended
  t.pass('closed')
})
