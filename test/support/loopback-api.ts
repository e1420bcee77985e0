// A bare HTTP or HTTPS server on a loopback address, for tests of what carries requests to an API server (the server that knows objects is in api-server/), and the
// folder of files that such a test needs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Teardown {
  teardown(handler: () => unknown): void
}

/** A server that listens. */
export interface LoopbackApi {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** How many connections there have been. */
  connections: number
  readonly requests: IncomingMessage[]
}

/** Serves with `handle` on a free port until the test is over; with `tls` over TLS. */
export async function loopbackApi(
  t: Teardown,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { tls, host = '127.0.0.1' }: { readonly tls?: ServerOptions; readonly host?: string } = {},
): Promise<LoopbackApi> {
  const requests: IncomingMessage[] = []
  const listener: RequestListener = (request, response) => {
    requests.push(request)
    handle(request, response)
  }
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener)
  const sockets = new Set<Socket>()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
  const api: LoopbackApi = { url, port, server, sockets, connections: 0, requests }
  server.on('connection', (socket: Socket) => {
    api.connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return api
}

/** Writes the files into a new folder, which goes with the test; returns the path of the folder. */
export function folderWith(t: Teardown, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: text.startsWith('#!') ? 0o700 : 0o600 })
  }
  return folder
}
