// Every limit of zone data in one place: what a zone file, however written, may make a server do.

/** `$INCLUDE` inside an included file, counted from the zone's own file. */
export const includeDepthMax = 7

/** `$INCLUDE` of one zone in all: ten files that name each other ten times are ten million without it. */
export const includesMax = 10_000

/** Octets of blank lines and comments, and directives, between records after which whoever reads in slices gets a turn. */
export const idleOctetsMax = 64 * 1024
export const idleDirectivesMax = 256

/** Steps that one `$GENERATE` may take. */
export const generateStepsMax = 65_536

/** Octets of a zone file, and of each file it includes. */
export const zoneFileBytesMax = 512 * 1024 * 1024

/** Records of one zone, those of `$INCLUDE` and `$GENERATE` among them. */
export const zoneRecordsMax = 20_000_000

/** Aliases followed inside one zone for one query; a longer chain is a failure. */
export const aliasesMax = 64

/** Octets of one record or directive as text; rdata of 65,535 octets written as \DDD takes a quarter of it. */
export const entryOctetsMax = 1024 * 1024
