// The bounds of this folder.

/** Octets that one manifest file may have; a longer one is reported and not read. */
export const manifestBytesMax = 64 * 1024 * 1024

/** How often a manifest file or folder is looked at when no event came: ConfigMap volumes are swapped by a symbolic link, network file systems send none. */
export const manifestPollMs = 5_000

/** How long a file has to stay unchanged before it is read. */
export const manifestSettleMs = 20

/** Milliseconds of reading YAML before other work of the thread gets its turn. */
export const manifestSliceMs = 1
