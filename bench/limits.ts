// Every bound and default of the benchmarks in one place.

/** Rates in queries a second at which CPU is measured besides saturation. */
export const defaultRates: readonly number[] = [2_000, 10_000, 20_000]

/** How often each server has its turn; the table shows the median. */
export const defaultRounds = 3

/** How long one measurement takes, in seconds. */
export const defaultSeconds = 4

/** How long each server is asked before it is measured, in seconds: compilers and caches need it. */
export const defaultWarmupSeconds = 3

/** Queries that dnsperf leaves unanswered at once, and the sockets that it asks from. */
export const outstandingMax = 100
export const clientSockets = 10

/** A query without an answer for so long is lost, in seconds. */
export const lostSeconds = 2

/** How long a server may take to give its first right answer, and to end, in milliseconds. */
export const startMsMax = 30_000
export const stopMsMax = 5_000

/** How far shares of response codes may be from what a scenario expects before a row is marked. */
export const shareTolerance = 0.02

/** A rate counts as reached from this part of it on. */
export const rateReached = 0.97

/** How long a server may take to know a large cluster, and to have listed it again, in milliseconds. */
export const syncMsMax = 60_000

/** Requests to an API server that a writer has under way at once. */
export const writersMax = 16
