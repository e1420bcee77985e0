// The bounds of this folder.

/** Octets that one manifest file may have; a longer one is reported and not read. */
export const manifestBytesMax = 64 * 1024 * 1024

/** How often a manifest file or folder is looked at when no event came: ConfigMap volumes are swapped by a symbolic link, network file systems send none. */
export const manifestPollMs = 5_000

/** How long a file has to stay unchanged before it is read. */
export const manifestSettleMs = 20

/** Milliseconds of reading YAML before other work of the thread gets its turn. */
export const manifestSliceMs = 1

/** Octets of the largest snapshot file that is read: far more than the largest cluster needs. */
export const snapshotBytesMax = 512 * 1024 * 1024

/** A temporary file of a snapshot that is this old was left behind by a process that died, milliseconds. */
export const snapshotLeftoverMs = 10 * 60_000

/** Octets of one object, or one watch event, in a response; etcd takes no more than 1.5 MiB, which JSON may write in four times as many. */
export const objectBytesMax = 16 * 1024 * 1024

/** How deep lists and mappings may lie in one another in an object's JSON. */
export const jsonDepthMax = 500
