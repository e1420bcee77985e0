// A socket for one NOTIFY: connected to the secondary, so that what others send does not arrive, from a port of its own.

import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Secondary } from './config.ts'

/** Where a NOTIFY goes, and where it comes from. */
interface ExchangeTarget extends Secondary {
  readonly source: string | null
}

/** Sends datagrams to one secondary and hears what it answers. */
export interface Exchange {
  heard: (reply: Uint8Array) => void
  /** Something could not be sent, or nobody is there; a later try may get through. */
  failed: (error: Error) => void
  send(query: Uint8Array): void
  close(): void
}

/** Opens an exchange; errors are told by `failed`. */
export type OpenExchange = (target: ExchangeTarget) => Exchange

/** By node:dgram. */
export const openUdp: OpenExchange = ({ address, port, source }) => {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  let open = true
  let connected = false
  let waiting: Uint8Array | null = null
  const exchange: Exchange = {
    heard: () => {},
    failed: () => {},
    send: (query) => {
      if (!open) return
      if (connected) socket.send(query)
      else waiting = query
    },
    close: () => {
      if (!open) return
      open = false
      socket.close()
    },
  }
  socket.unref()
  socket.on('message', (reply) => exchange.heard(reply))
  socket.on('error', (error) => exchange.failed(error))
  socket.on('connect', () => {
    connected = true
    if (waiting && open) socket.send(waiting)
    waiting = null
  })
  // An address that cannot be had is told like any other failure.
  socket.bind({ port: 0, ...(source === null ? {} : { address: source }) }, () => {
    if (open) socket.connect(port, address)
  })
  return exchange
}
