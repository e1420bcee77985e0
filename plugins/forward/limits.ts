// Every bound of forward in one place. CoreDNS's values where it has the bound, so that a Corefile's capacity plan still holds.

/** Words after FROM (CoreDNS: 15). */
export const targetsMax = 15

/** How often one question may be sent if the Corefile does not say (CoreDNS: 2 for each upstream). */
export const attemptsPerUpstream = 2

/** How long a client may wait in milliseconds when every upstream is silent; a longer `read_timeout` of one attempt is still kept. */
export const patienceMs = 2_200

/** The same under `max_connect_attempts 0`, which asks to keep trying (CoreDNS: 5 s). */
export const patienceUnlimitedMs = 5_000

/** Pause between two rounds through all upstreams under `max_connect_attempts 0`: refused at once must not become a busy loop. */
export const roundPauseMs = 100

/** Sockets to one upstream (each another random port), their life in milliseconds and in queries. */
export const udpSocketsMax = 64
export const udpSocketMs = 10_000
export const udpSocketQueriesMax = 4_096

/** Replies that fit no question after which that question is asked over TCP: somebody is guessing. */
export const mismatchesMax = 8

/** Connections to one upstream, and questions under way on one of them. */
export const streamsMax = 16
export const streamQuestionsMax = 256

/** A probe's patience in milliseconds (CoreDNS: 1 s). */
export const probeMs = 1_000

/** Pause between probes of a healthy upstream in milliseconds, ±20 %; one that fails is probed each `health_check` interval. */
export const probeHealthyMs = 10_000

/** The shortest `health_check` interval in milliseconds that is obeyed. */
export const probeIntervalMsMin = 50

/** How long a loop probe may take to come back, how often it is sent, and how often an upstream in quarantine is asked again (milliseconds). */
export const loopProbeMs = 2_000
export const loopProbesAtStart = 3
export const loopRecheckMs = 30_000

/** How long news from another thread about a loop probe may take, and the pause after one that got no reply (milliseconds). */
export const loopSettleMs = 100
export const loopRetryMs = 1_000

/** How long one server of `resolver` may take at load, in milliseconds. */
export const resolverMs = 2_000

/** A look at files and names that is younger than this is not repeated for a thread that joins (milliseconds). */
export const freshMs = 1_000

/** Octets of a message, and so of a DoH reply. */
export const replyBytesMax = 0xffff
