// Search paths of the cluster's pods, for *autopath*: that of the pod that asks (`pods verified`), or the one that a name shows which ends in a namespace.
//
//   address of the client ─► its pod ─► NAMESPACE          WORDS.NAMESPACE.svc.ZONE
//                                           └──────────► NAMESPACE.svc.ZONE, svc.ZONE, ZONE

import type { Name } from '../../wire/name.ts'
import { isReverse } from '../../wire/reverse.ts'
import { labelsBelow } from '../external-names.ts'
import type { Client, Query } from '../query.ts'
import type { ClientFact } from '../response.ts'
import { noSearch, type SearchPath, type SearchPathSource } from '../search-path.ts'
import type { Version } from '../version.ts'
import { longestZone } from '../zones.ts'
import { textKey } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import { clientsRemembered, namespacesRemembered } from './limits.ts'
import { isMulticluster, type KubernetesOptions } from './options.ts'

type SearchOptions = Pick<KubernetesOptions, 'zones' | 'multiclusterZones' | 'namespaces' | 'pods'>

/** A name below `svc`: the words, the namespace that they end in, and the zone. */
interface SearchedName {
  readonly words: readonly string[]
  readonly namespace: string
  readonly zone: Name
}

/** Tells search paths from the index. */
export class SearchPaths implements SearchPathSource {
  readonly knowsClients: boolean
  readonly #options: SearchOptions
  readonly #index: ClusterIndex
  readonly #clients: ClientNamespaces
  /** One for each namespace, so that a name that many namespaces ask for has two answers at most and not one for each. */
  readonly #facts = new Map<string, ClientFact>()

  constructor(options: SearchOptions, index: ClusterIndex) {
    this.#options = options
    this.#index = index
    this.#clients = new ClientNamespaces(index)
    this.knowsClients = options.pods === 'verified'
  }

  ofClient({ name, client }: Query): SearchPath {
    const searched = this.knowsClients ? this.#read(name) : null
    if (!searched) return noSearch
    const { namespace, zone } = searched
    const { namespace: home, version } = this.#clients.find(client.address)
    return {
      zones: home === namespace ? searchZones(namespace, zone) : [],
      depends: [version],
      fact: this.#factOf(namespace),
    }
  }

  // A name that may be one of the schema's own stays what it is: a Service, its ports, and the endpoints of one that exists.
  ofName({ name }: Query): SearchPath {
    const searched = this.#read(name)
    if (!searched) return noSearch
    const { words, namespace, zone } = searched
    const service = words.at(-1)
    if (words.length < 2 || words.some((word) => word.startsWith('_'))) return noSearch
    const { namespaces, services } = this.#index
    if (this.#options.namespaces.size > 0 && !this.#options.namespaces.has(namespace)) return noSearch
    const home = namespaces.get(namespace)
    if (!home?.exists) return { ...noSearch, depends: [services.absent.version(namespace)] }
    const node = services.get(namespace, service!)
    if (node?.view) return { ...noSearch, depends: [home.presence.version, node.spec.version] }
    const depends = [home.presence.version, services.absent.version(`${namespace}/${service}`)]
    return { zones: searchZones(namespace, zone), depends, fact: null }
  }

  /** Null for a name that no search of a pod leads to. */
  #read(name: Name): SearchedName | null {
    const zone = longestZone(this.#options.zones, name)
    if (!zone || isMulticluster(this.#options, zone) || isReverse(zone.folded)) return null
    const labels = labelsBelow(name, zone)
    if (labels.at(-1) !== 'svc' || labels.length < 2) return null
    return { words: labels.slice(0, -2), namespace: labels.at(-2)!, zone }
  }

  #factOf(namespace: string): ClientFact {
    const known = this.#facts.get(namespace)
    if (known) return known
    if (this.#facts.size >= namespacesRemembered) this.#facts.clear()
    const fact: ClientFact = {
      name: `pod in ${namespace}`,
      of: (client: Client) => (this.#clients.find(client.address).namespace === namespace ? 'yes' : 'no'),
    }
    this.#facts.set(namespace, fact)
    return fact
  }
}

const searchZones = (namespace: string, zone: Name): readonly Name[] => {
  const services = zone.prepend('svc')
  return [services.prepend(namespace), services, zone]
}

/** What is known of a client: '' if it is no pod, or if several have its address, as those of a node's own network do. */
interface ClientNamespace {
  readonly namespace: string
  /** Stands until the address gets or loses a pod. */
  readonly version: Version
}

/** Namespaces by address, kept while they stand: a fact is asked for with each answer that is given again. */
class ClientNamespaces {
  readonly #index: ClusterIndex
  readonly #known = new Map<string, ClientNamespace>()

  constructor(index: ClusterIndex) {
    this.#index = index
  }

  find(address: string): ClientNamespace {
    const known = this.#known.get(address)
    if (known?.version.stands) return known
    const key = textKey(address)
    const version = this.#index.podAddresses.version(key)
    const pods = this.#index.podsByAddress.get(key)
    const found = { namespace: pods.length === 1 ? pods[0]!.namespace : '', version }
    if (this.#known.size >= clientsRemembered) this.#known.clear()
    this.#known.set(address, found)
    return found
  }
}
