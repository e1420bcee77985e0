// The bounds of this folder.

/** Slots of a table of shared versions: at 100 changes a second a slot is raised for a stranger every 40 s. A power of two. */
export const versionSlots = 4096

/** Aliases that one answer may follow inside the cluster's zone. */
export const aliasDepthMax = 10

/** The longest TTL of the zone's SOA record, seconds; what may be denied for longer is in its MINIMUM. */
export const soaTtlMax = 300

/** The TTL of the schema version's TXT record, seconds (DNS-Based Service Discovery for Kubernetes, 2.1). */
export const schemaTtl = 28_800

/** The schemas' versions: DNS-Based Service Discovery for Kubernetes, and its extension to sets of clusters (KEP-1645). */
export const clusterSchema = '1.1.0'
export const multiclusterSchema = '1.0.0'

/** How often a start that waits for the API server says so, milliseconds (CoreDNS's). */
export const waitingEveryMs = 500

/** How often the ages of what is known are brought up to date in the metrics, milliseconds. */
export const ageEveryMs = 5_000

/** The longest that the k8s thread may take to write its snapshot when the server stops, milliseconds. */
export const stopMsMax = 3_000

/** Milliseconds between attempts to replace a k8s thread that keeps dying: doubled from the first to the last, from nothing again after a quiet while. */
export const restartMinMs = 1_000
export const restartMaxMs = 60_000
export const restartResetMs = 300_000

/** Clients whose namespace is remembered, and namespaces that answers differ by. */
export const clientsRemembered = 4096
export const namespacesRemembered = 1024

/** Keys of pods' labels that are offered as metadata: whoever may make pods chooses them, and none is ever taken back. */
export const podLabelsMax = 4096
