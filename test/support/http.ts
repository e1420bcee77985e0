// A loopback port that is free: for Corefiles, which name ports before anything listens.

import { once } from 'node:events'
import { createServer } from 'node:net'

/** A TCP port that nobody listens on (the kernel does not give it out again at once). */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('no address')
  return address.port
}

/** GET, on a connection of its own. */
export async function httpGet(url: string): Promise<{ status: number; type: string | null; body: string }> {
  const reply = await fetch(url, { headers: { connection: 'close' } })
  return { status: reply.status, type: reply.headers.get('content-type'), body: await reply.text() }
}
