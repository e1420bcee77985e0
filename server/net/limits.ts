// The bounds of transports, for each serving thread.

/** What a UDP socket asks the kernel for, in octets: bursts of queries wait there. The kernel gives at most net.core.rmem_max and wmem_max. */
export const udpBufferBytes = 4 * 1024 * 1024

/** Connections at once on one TCP listener; more are closed as they come. */
export const tcpConnectionsMax = 4096

/** Octets of answers a client may leave unread before its queries are left unread too. */
export const tcpUnsentBytesMax = 256 * 1024

/** Queries taken from one connection before others have their turn. */
export const tcpQueriesPerTurn = 32

/** How often draining looks at the kernel's queues, in milliseconds. */
export const drainPollMs = 10

/** Draining takes no less, in milliseconds: what was sent before it may still be on its way. */
export const drainMsMin = 100
