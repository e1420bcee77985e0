// The bounds of this folder.

/** Slots of a table of shared versions: at 100 changes a second a slot is raised for a stranger every 40 s. A power of two. */
export const versionSlots = 4096

/** Aliases that one answer may follow inside the cluster's zone. */
export const aliasDepthMax = 10

/** The longest TTL of the zone's SOA record, seconds; what may be denied for longer is in its MINIMUM. */
export const soaTtlMax = 300

/** The TTL of the schema version's TXT record, seconds (DNS-Based Service Discovery for Kubernetes, 2.1). */
export const schemaTtl = 28_800
