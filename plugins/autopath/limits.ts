// The bounds of this folder.

/** The longest resolv.conf that is read, in octets. */
export const resolvConfBytesMax = 64 * 1024

/** Zones of one search path that are tried; as many as the kubelet lets a pod have. */
export const searchZonesMax = 32
