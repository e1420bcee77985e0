// Every bound of the server in one place.

/** Prepared answers a serving thread keeps for one listener; negative ones have a quarter of each bound to themselves. */
export const tableEntriesMax = 131_072

/**
 * Octets of them: an eighth of what the thread's heap may grow to. All names of a large cluster in both families should fit, because answers that push each other out are made
 * again and again, and die old: that is the garbage that costs a long pause.
 */
export const tableBytes = (heapBytes: number): number => Math.min(Math.max(heapBytes / 8, 8 * mib), 64 * mib)
const mib = 1024 * 1024

/** Different answers that one question may have in the table for clients that differ. */
export const tableVariantsMax = 16

/** A question enters the table when it is asked again within about so many other questions; a power of two. */
export const sketchPlaces = 65_536

/** How many internal look-ups may follow from one query (CNAME and ExternalName chains; CoreDNS: 10). */
export const resolveDepthMax = 10

/** Octets that a client without EDNS can take in a datagram (RFC 1035 4.2.1), and that any message may have. */
export const plainUdpBytes = 512
export const messageBytesMax = 65_535

/** Octets at which a message of a zone transfer is full: as far as pointers of name compression reach (RFC 1035 4.1.4). */
export const streamMessageBytes = 16_384

/** Records of a transfer that are encoded between two looks at the clock. */
export const streamRecordsAtOnce = 16

/** The longest piece of background work between two queries, in milliseconds. */
export const pieceMs = 1

/** How often a thread looks at its plugins' readiness, in milliseconds. */
export const readinessIntervalMs = 100

/** How long threads may take to answer what they have at shutdown, in milliseconds (CoreDNS: 5 s). */
export const drainMsMax = 5_000
