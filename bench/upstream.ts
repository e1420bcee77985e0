// The upstream of the forwarding scenario: answers every question on loopback with one A record that lasts an hour. It works on bytes, since it must keep up.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { upstreamAddress } from './scenarios.ts'

/** A running upstream. */
export interface Upstream {
  readonly port: number
  close(): Promise<void>
}

// Owner: pointer to the question (RFC 1035 4.1.4); type A, class IN, TTL 3600, four octets.
const record = Uint8Array.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, ...upstreamAddress.split('.').map(Number))

/** Listens on a free port of 127.0.0.1. */
export async function startUpstream(): Promise<Upstream> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 })
  socket.on('message', (query, remote) => {
    const reply = answerTo(query)
    if (reply) socket.send(reply, remote.port, remote.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** The reply: the question as it came, RA, and the record if an A is asked; null for what is no query. OPT is left out, as old servers do. */
export function answerTo(query: Uint8Array): Uint8Array | null {
  let end = 12
  while (end < query.length && query[end] !== 0) end += query[end]! + 1
  end += 5
  if (end > query.length || (query[2]! & 0x80) !== 0) return null
  const isAddress = query[end - 4] === 0 && query[end - 3] === 1
  const reply = new Uint8Array(end + (isAddress ? record.length : 0))
  reply.set(query.subarray(0, end))
  reply.set([0x80 | query[2]!, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0], 2)
  if (isAddress) reply.set(record, end)
  return reply
}
