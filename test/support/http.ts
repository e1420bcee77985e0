// A loopback port that is free: for Corefiles, which name ports before anything listens.

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A TCP port that nobody listens on, below the range that the kernel takes for outgoing sockets: those of tests that run meanwhile cannot take it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** GET, on a connection of its own. */
export async function httpGet(url: string): Promise<{ status: number; type: string | null; body: string }> {
  const reply = await fetch(url, { headers: { connection: 'close' } })
  return { status: reply.status, type: reply.headers.get('content-type'), body: await reply.text() }
}
