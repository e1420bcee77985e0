// Limits of the Corefile parser. The first two are CoreDNS's own; the others bound what it leaves open: texts that grow without end
// through imports or through environment variables that name each other.

/** Snippets that may be expanded in one load. */
export const snippetExpansionsMax = 10_000

/** `import` lines for files that may be expanded in one load. */
export const fileExpansionsMax = 100_000

/** Characters of an import's path; the system knows no longer ones, so nothing is found there. */
export const pathLengthMax = 4_096

/** Octets of one imported file. */
export const fileBytesMax = 16 * 1024 * 1024

/** Words of a Corefile, those of snippets and files counted each time they are imported. */
export const tokensMax = 4_000_000

/** Rounds of substitution in one word, and the length to which it may grow in characters. */
export const substitutionsMax = 1_000
export const substitutedLengthMax = 1024 * 1024

/** Problems that are collected before a check gives up on a file. */
export const problemsMax = 100
