// What a plugin that knows a cluster offers to *family*: which address families there are in it.

import type { Contract } from './plugin.ts'
import type { Version } from './version.ts'

/** Offered with `host.offer(addressFamilies, …)`. */
export const addressFamilies: Contract<AddressFamilies> = { name: 'address families' }

/** The plugins that offer it: `family` is set up before them, and must tell at the load that none is there. */
export const addressFamilyPlugins: readonly string[] = ['kubernetes']

/** Knows which families are in use. */
export interface AddressFamilies {
  /** What is known now; both families while nothing is. */
  inUse(): FamiliesInUse
}

export interface FamiliesInUse {
  readonly v4: boolean
  readonly v6: boolean
  /** Stand until that may have changed. */
  readonly depends: readonly Version[]
}
