// How patient a watch is: the bounds of lists, watches and the consistency check, in one place. Tests pass shorter ones.

/** Times in milliseconds, all of them on the watch's own clock. */
export interface WatchTiming {
  /** What a page of a list holds at most, in objects. They are decoded as they come, so a page costs us nothing; but each takes its turn in client-go's limit of 5 requests a second. */
  readonly pageObjects: number
  /** A watch is asked to end by itself after a time between these. */
  readonly watchMinMs: number
  readonly watchMaxMs: number
  /** Silence in the middle of a list or of initial events after which the stream is cut. */
  readonly listSilenceMs: number
  /** Silence after which a watch is cut: a multiple of the longest gap between bookmarks that was seen, within bounds; and what counts before any gap was seen. */
  readonly bookmarkGaps: number
  readonly silenceMinMs: number
  readonly silenceMaxMs: number
  readonly silenceUnknownMs: number
  /** Waiting after trouble: doubles from the first to the last, up to twice as long at random; starts over after a time without trouble (client-go's figures). */
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  readonly backoffResetMs: number
  /** After this long without trouble the first retry is made at once. */
  readonly untroubledMs: number
  /** The longest that a Retry-After is heeded. */
  readonly retryAfterMaxMs: number
  /** How often a resource that is not there, or that we have no right to, is asked for again. */
  readonly absentRetryMs: number
  /** How often the store is compared with the API server, give or take a quarter, for as many objects; more objects are compared less often in proportion. */
  readonly checkEveryMs: number
  readonly checkObjects: number
  /** When differences are looked at again: one that outlives the last is real. */
  readonly checkAgainMs: readonly number[]
  /** How long a snapshot that has been read waits to be used for a word that the configuration is wrong. */
  readonly connectPatienceMs: number
  /** The snapshot is written at most this often. */
  readonly snapshotEveryMs: number
  /** Counts and ages are reported at most this often. */
  readonly figuresEveryMs: number
}

/** What a server uses. */
export const watchTiming: WatchTiming = {
  pageObjects: 5_000,
  watchMinMs: 300_000,
  watchMaxMs: 600_000,
  listSilenceMs: 10_000,
  bookmarkGaps: 3,
  silenceMinMs: 90_000,
  silenceMaxMs: 300_000,
  silenceUnknownMs: 180_000,
  backoffMinMs: 800,
  backoffMaxMs: 30_000,
  backoffResetMs: 120_000,
  untroubledMs: 30_000,
  retryAfterMaxMs: 300_000,
  absentRetryMs: 60_000,
  checkEveryMs: 180_000,
  checkObjects: 25_000,
  checkAgainMs: [10, 40, 200, 750, 4_000],
  connectPatienceMs: 1_000,
  snapshotEveryMs: 30_000,
  figuresEveryMs: 1_000,
}
