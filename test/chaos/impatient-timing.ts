// The bounds of a watch in a chaos run: all that a server does in minutes happens within a second.

import type { WatchTiming } from '../../k8s/api/watch-timing.ts'

/** What a server under chaos uses. The server has bookmarks sent every 100 ms. */
export const watchTiming: WatchTiming = {
  pageObjects: 7,
  watchMinMs: 2_000,
  watchMaxMs: 4_000,
  listSilenceMs: 300,
  bookmarkGaps: 3,
  silenceMinMs: 400,
  silenceMaxMs: 400,
  silenceUnknownMs: 400,
  backoffMinMs: 5,
  backoffMaxMs: 40,
  backoffResetMs: 500,
  untroubledMs: 100,
  retryAfterMaxMs: 30,
  absentRetryMs: 50,
  checkEveryMs: 200,
  checkObjects: 1_000_000,
  checkAgainMs: [5, 20, 75],
  connectPatienceMs: 100,
  snapshotEveryMs: 50,
  figuresEveryMs: 50,
}
