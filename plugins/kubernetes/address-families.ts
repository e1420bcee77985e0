// Which families the cluster has, for *family*: those of its Services' addresses and of their endpoints.

import type { AddressFamilies, FamiliesInUse } from '../address-families.ts'
import type { ClusterIndex } from './cluster-index.ts'

/** The families of the index. */
export class ClusterFamilies implements AddressFamilies {
  readonly #index: ClusterIndex

  constructor(index: ClusterIndex) {
    this.#index = index
  }

  inUse(): FamiliesInUse {
    const { synced, completion, services } = this.#index
    if (!synced) return { v4: true, v6: true, depends: [completion.version] }
    const { v4, v6, version } = services.families
    const none = !v4 && !v6
    return { v4: v4 || none, v6: v6 || none, depends: [version] }
  }
}
