// The bounds of this folder.

/** The longest pattern for names of files, in bytes (CoreDNS's). */
export const patternBytesMax = 10_000

/** Files and folders that are looked at below a folder. */
export const directoryEntriesMax = 200_000

/** Milliseconds that a folder must have been left alone before an event counts. */
export const settledMs = 40
