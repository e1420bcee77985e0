// The bounds and defaults of the cache. Defaults are CoreDNS's.

/** Entries of a part if the Corefile does not say. Capacities become multiples of `capacityUnit`, at least four of them. */
export const defaultCapacity = 10_000
export const capacityUnit = 256
export const capacityUnitsMin = 4

/** Octets that a part may take: so many for each entry of its capacity, never more than the total. */
export const bytesPerEntry = 2_048
export const partBytesMax = 1024 * 1024 * 1024

/** Seconds: how long answers and denials are kept at most and at least. */
export const successSecondsMax = 3_600
export const denialSecondsMax = 1_800
export const secondsMin = 5

/** Seconds: how long a reply is kept that says nothing about time (a referral, an empty reply). */
export const unspecifiedSeconds = 5

/** The highest TTL (RFC 2181 8). */
export const ttlMax = 0x7fff_ffff

/** SERVFAIL is kept no longer than this (RFC 2308 7.1), and a failed refresh of stale data is repeated at the latest after it (RFC 8767 5). */
export const failureMsMax = 300_000
export const defaultServfailMs = 5_000

export const defaultStaleMs = 3_600_000
export const defaultPrefetchGapMs = 60_000
export const defaultPrefetchPercent = 10
export const prefetchPercentMin = 10
export const prefetchPercentMax = 90
