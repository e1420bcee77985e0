// The bounds of this folder.

/** Transfers of one server block that may run at a time, divided among the serving threads; each holds a version of its zone in memory. */
export const transfersMax = 64

/** How often a NOTIFY is sent before a secondary is given up, and how long each waits for an answer, milliseconds. CoreDNS's figures. */
export const notifyTriesMax = 3
export const notifyTryMs = 2_000

/** NOTIFYs under way at a time; more wait. */
export const notifiesAtOnce = 32

/** NOTIFYs that wait, for all zones and addresses; more are dropped with a warning. */
export const notifiesWaitingMax = 100_000
