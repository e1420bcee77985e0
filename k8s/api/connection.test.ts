import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { echo, plain, rig } from '../../test/support/connection-rig.ts'
import { eventually } from '../../test/support/eventually.ts'
import { folderWith, loopbackApi } from '../../test/support/loopback-api.ts'
import { ConnectionError } from './api-connection.ts'
import type { ConnectOptions } from './connection.ts'

t.test('a request carries path, media type and name of the client', async (t) => {
  const server = await loopbackApi(t, echo)
  const { text } = await rig(t, { access: plain(`${server.url}/base/`), userAgent: 'meridian/1.2.3' })
  t.same(await text('/api/v1/pods?limit=5'), [200, '/base/api/v1/pods?limit=5 application/json meridian/1.2.3 -'])
})

t.test('what a response says beside its body is handed on', async (t) => {
  const server = await loopbackApi(t, ({ url }, response) => {
    response.statusCode = url === '/busy' ? 429 : 503
    response.setHeader('Content-Type', 'application/json; charset=utf-8')
    response.setHeader('Retry-After', url === '/busy' ? '7' : 'Wed, 21 Oct 2026 07:28:00 GMT')
    response.end('{}')
  })
  const { get } = await rig(t, { access: plain(server.url) })
  const busy = await get('/busy')
  t.match(busy, { status: 429, contentType: 'application/json; charset=utf-8', retryAfterSeconds: 7 })
  const down = await get('/down')
  t.match(down, { status: 503, retryAfterSeconds: 0 })
  for (const { body } of [busy, down]) t.equal(Buffer.concat(await Array.fromAsync(body)).toString(), '{}')
})

t.test('a redirect is an error', async (t) => {
  const server = await loopbackApi(t, (_, response) => response.writeHead(302, { Location: '/login' }).end('secret'))
  const { get } = await rig(t, { access: plain(server.url) })
  await t.rejects(get(), { name: 'ConnectionError', message: /: unexpected redirect \(302\)/ })
  await eventually(async () => server.sockets.size === 0)
})

t.test("no response is a ConnectionError in the words of CoreDNS's client", async (t) => {
  const reset = await loopbackApi(t, ({ socket }) => socket.resetAndDestroy())
  const garbage = createServer((socket) => socket.end('garbage\r\n\r\n')).listen(0, '127.0.0.1')
  await once(garbage, 'listening')
  t.teardown(() => garbage.close())
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const port = (closed.address() as AddressInfo).port
  closed.close()
  await once(closed, 'close')
  const garbageUrl = `http://127.0.0.1:${(garbage.address() as AddressInfo).port}`
  const plainServer = await loopbackApi(t, echo)
  const table: [url: string, reason: string | RegExp][] = [
    [`http://127.0.0.1:${port}`, `dial tcp 127.0.0.1:${port}: connect: connection refused`],
    [reset.url, 'connection reset by peer'],
    [garbageUrl, 'malformed HTTP response'],
    [plainServer.url.replace('http:', 'https:'), 'tls: the other end does not speak TLS, or not a version that we do'],
  ]
  for (const [url, reason] of table) {
    const { get, seen } = await rig(t, { access: plain(url) })
    await t.rejects(get(), new ConnectionError(`Get "${url}/api/v1/services": ${reason}`))
    t.match(seen, [{ seen: 'wait' }, { seen: 'answer', code: '<error>' }, { seen: 'duration' }])
  }
})

t.test('a server that says nothing is given up', async (t) => {
  const server = await loopbackApi(t, () => {})
  const { clock, get } = await rig(t, { access: plain(server.url) })
  const asked = get()
  const error = new ConnectionError(`Get "${server.url}/api/v1/services": no response within 30 s`)
  const given = t.rejects(asked, error)
  await eventually(async () => server.requests.length === 1)
  await clock.advance(30_000)
  await given
  await eventually(async () => server.sockets.size === 0)
})

t.test('a handshake that does not end is given up earlier', async (t) => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  t.teardown(() => mute.close())
  const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`
  const { clock, get } = await rig(t, { access: plain(url) })
  const asked = get()
  const given = t.rejects(asked, new ConnectionError(`Get "${url}/api/v1/services": no connection within 10 s`))
  await once(mute, 'connection')
  await clock.advance(10_000)
  await given
})

t.test('the body comes as it is sent, and a cut in the middle is thrown', async (t) => {
  const server = await loopbackApi(t, ({ socket, url }, response) => {
    response.write('one,')
    if (url === '/cut') setImmediate(() => socket.destroy())
    else setTimeout(() => response.end('two'), 10)
  })
  const { get, text } = await rig(t, { access: plain(server.url) })
  t.same(await text('/whole'), [200, 'one,two'])
  const { body } = await get('/cut')
  let read = ''
  const reading = async (): Promise<void> => {
    for await (const chunk of body) read += Buffer.from(chunk).toString()
  }
  await t.rejects(reading(), new ConnectionError(`Get "${server.url}/cut": connection reset by peer`))
  t.equal(read, 'one,')
})

t.test('leaving a body early, or not reading it, lets go of the connection', async (t) => {
  const server = await loopbackApi(t, (_, response) => {
    response.write('first')
  })
  const { get } = await rig(t, { access: plain(server.url) })
  const { body } = await get('/a?watch=1')
  for await (const chunk of body) {
    t.equal(Buffer.from(chunk).toString(), 'first')
    break
  }
  await eventually(async () => server.sockets.size === 0)
  const unread = await get('/a?watch=1')
  t.equal(server.sockets.size, 1)
  await unread.body[Symbol.asyncIterator]().return?.()
  await eventually(async () => server.sockets.size === 0)
})

t.test('the server is read no faster than the caller reads', async (t) => {
  const total = 32 * 1024 * 1024
  let sent = 0
  const server = await loopbackApi(t, (_, response) => {
    const chunk = Buffer.alloc(64 * 1024)
    const send = (): void => {
      while (sent < total) {
        sent += chunk.length
        if (!response.write(chunk)) return void response.once('drain', send)
      }
      response.end()
    }
    send()
  })
  const { get } = await rig(t, { access: plain(server.url) })
  const { body } = await get()
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.ok(sent < total / 2, `${sent} bytes were sent while nobody read`)
  let length = 0
  for await (const chunk of body) length += chunk.length
  t.equal(length, total)
})

t.test('the signal ends a request wherever it is', async (t) => {
  const server = await loopbackApi(t, ({ url }, response) => {
    if (url !== '/silent') response.write('x')
  })
  const { get } = await rig(t, { access: plain(server.url) })
  const early = AbortSignal.abort()
  await t.rejects(get('/early', early), new ConnectionError('Get "/early": context canceled'))
  const waiting = new AbortController()
  const asked = get('/silent', waiting.signal)
  await eventually(async () => server.requests.length === 1)
  waiting.abort()
  await t.rejects(asked, { name: 'ConnectionError', message: /context canceled$/ })
  const reading = new AbortController()
  const { body } = await get('/body', reading.signal)
  reading.abort()
  await t.rejects(Array.fromAsync(body), ConnectionError)
  await eventually(async () => server.sockets.size === 0)
})

t.test('closing ends everything', async (t) => {
  const server = await loopbackApi(t, ({ url }, response) => {
    if (url !== '/silent') response.write('x')
  })
  const { api, get } = await rig(t, { access: plain(server.url) })
  const { body } = await get('/watch?watch=true')
  const asked = get('/silent')
  await eventually(async () => server.requests.length === 2)
  api.close()
  await t.rejects(asked, { name: 'ConnectionError', message: /the connection is closed$/ })
  await t.rejects(Array.fromAsync(body), ConnectionError)
  await t.rejects(get(), { name: 'ConnectionError', message: /the connection is closed$/ })
  await eventually(async () => server.sockets.size === 0)
})

t.test('a kept socket that the server has closed is no failure', async (t) => {
  let count = 0
  const server = await loopbackApi(t, ({ socket }, response) => {
    if (++count === 2) socket.resetAndDestroy()
    else response.end('ok')
  })
  const { seen, text } = await rig(t, { access: plain(server.url) })
  t.same(await text(), [200, 'ok'])
  t.same(await text(), [200, 'ok'])
  t.equal(server.connections, 2)
  t.same(
    seen.flatMap((event) => (event.seen === 'answer' ? [event.code] : [])),
    ['200', '200'],
  )
})

t.test('lists wait for their turn, watches and what is under way do not', async (t) => {
  const server = await loopbackApi(t, echo)
  const limits = { queriesPerSecond: 1, burst: 1, maxInflight: 0 }
  const { clock, seen, text } = await rig(t, { access: plain(server.url), limits })
  await text('/one')
  const second = text('/two')
  await text('/three?allowWatchBookmarks=true&watch=1')
  await clock.advance(1_000)
  t.match(await second, [200, '/two'])
  t.same(
    server.requests.map(({ url }) => url),
    ['/one', '/three?allowWatchBookmarks=true&watch=1', '/two'],
  )
  const host = `127.0.0.1:${server.port}`
  t.same(seen, [
    { seen: 'wait', verb: 'GET', host, seconds: 0 },
    { seen: 'answer', verb: 'GET', host, code: '200' },
    { seen: 'duration', verb: 'GET', host, seconds: 0 },
    { seen: 'answer', verb: 'GET', host, code: '200' },
    { seen: 'wait', verb: 'GET', host, seconds: 1 },
    { seen: 'answer', verb: 'GET', host, code: '200' },
    { seen: 'duration', verb: 'GET', host, seconds: 1 },
  ])
})

t.test('so many requests wait for their heads at once; a watch that runs is not counted', async (t) => {
  const held: (() => void)[] = []
  const server = await loopbackApi(t, (_, response) => {
    held.push(() => response.write('x'))
  })
  const limits = { queriesPerSecond: 100, burst: 100, maxInflight: 2 }
  const { get } = await rig(t, { access: plain(server.url), limits })
  const asked = ['/a?watch=1', '/b?watch=1', '/c?watch=1'].map((path) => get(path))
  await eventually(async () => held.length === 2)
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(held.length, 2)
  held[0]!()
  await eventually(async () => held.length === 3)
  for (const release of held.slice(1)) release()
  t.match(await Promise.all(asked), [{ status: 200 }, { status: 200 }, { status: 200 }])
})

t.test('what can never work stops the start', async (t) => {
  const folder = folderWith(t, {})
  const kubeconfig = (file: string) => ({ kind: 'kubeconfig', file, context: '' }) as const
  const table: [access: ConnectOptions['access'], message: string][] = [
    [
      { kind: 'in-cluster' },
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    ],
    [kubeconfig(join(folder, 'nosuch')), `stat ${folder}/nosuch: no such file or directory`],
  ]
  for (const [access, message] of table) await t.rejects(rig(t, { access }), { name: 'AccessError', message })
})
