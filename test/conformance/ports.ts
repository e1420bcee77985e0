// The ports of one run. Corefiles see them as environment variables, so that several runs can go side by side.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

const names = [
  'DNS_PORT',
  'UPSTREAM_PORT',
  'UPSTREAM_HTTP_PORT',
  'HEALTH_PORT',
  'READY_PORT',
  'METRICS_PORT',
  'DNS_PORT2',
  'DNS_PORT3',
] as const

export type Ports = Readonly<Record<(typeof names)[number], number>>

/** The ports from `base` on. */
export const portsFrom = (base: number): Ports =>
  Object.fromEntries(names.map((name, index) => [name, base + index])) as Ports

/**
 * A run of ports that nothing uses, below the range that the kernel takes for outgoing sockets. Somebody else may take one before
 * the server does; with random numbers that is rare.
 */
export async function freePorts(): Promise<Ports> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const ports = portsFrom(randomInt(10000, 32000))
    const free = await Promise.all(Object.values(ports).map(isFree))
    if (free.every(Boolean)) return ports
  }
  throw new Error('no run of free ports was found in 100 attempts')
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
  const udp = await new Promise<boolean>((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind(port, '0.0.0.0', () => socket.close(() => resolve(true)))
  })
  return tcp && udp
}
