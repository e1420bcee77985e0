// The objects of a cluster that DNS answers come from, trimmed to what an answer can show. Everything that feeds the server with a cluster (manifests, the API
// server's lists and watches) makes these; a change that they don't show is no change.
//
//   YAML, JSON or protobuf ─► decode ─► ClusterObject ─► ObjectStore (diff) ─► ChangeBatch ─► index of each serving thread

import { isDeepStrictEqual } from 'node:util'

/** What identifies an object; `namespace` is '' for objects of the whole cluster. */
export interface ObjectName {
  readonly kind: ClusterObject['kind']
  readonly namespace: string
  readonly name: string
}

/** A port of a Service or EndpointSlice; `port` is null where a slice means every port. */
export interface ObjectPort {
  readonly name: string
  readonly protocol: string
  readonly port: number | null
}

/** v1 Service. */
export interface ServiceObject {
  readonly kind: 'Service'
  readonly namespace: string
  readonly name: string
  /** The alias's target of a Service of type ExternalName, null for the other types. */
  readonly externalName: string | null
  /** `clusterIP: None`. */
  readonly headless: boolean
  /** Addresses as text; empty for headless Services and aliases. */
  readonly clusterIPs: readonly string[]
  readonly ports: readonly ObjectPort[]
}

/** One ready address of an EndpointSlice; what it does not have is ''. */
export interface Endpoint {
  readonly address: string
  readonly hostname: string
  /** The name of the object behind the address, a Pod as a rule. */
  readonly target: string
  /** The topology zone, in lower case. */
  readonly zone: string
}

/** discovery.k8s.io/v1 EndpointSlice, its ready endpoints only. */
export interface EndpointSliceObject {
  readonly kind: 'EndpointSlice'
  readonly namespace: string
  readonly name: string
  /** The Service it belongs to, '' if its labels name none. */
  readonly service: string
  readonly family: 4 | 6
  readonly ports: readonly ObjectPort[]
  readonly endpoints: readonly Endpoint[]
}

/** v1 Namespace. */
export interface NamespaceObject {
  readonly kind: 'Namespace'
  readonly namespace: ''
  readonly name: string
}

/** v1 Pod that has an address and is not on its way out. */
export interface PodObject {
  readonly kind: 'Pod'
  readonly namespace: string
  readonly name: string
  readonly address: string
  readonly labels: Labels
}

export type ClusterObject = ServiceObject | EndpointSliceObject | NamespaceObject | PodObject

/** An object's labels, by key. */
export type Labels = Readonly<Record<string, string>>

/** Equal for names of the same object; neither kinds, namespaces nor names hold a slash. */
export const keyOf = ({ kind, namespace, name }: ObjectName): string => `${kind}/${namespace}/${name}`

/** True if two states of an object look the same in DNS. */
export const sameObject = (one: ClusterObject, other: ClusterObject): boolean => isDeepStrictEqual(one, other)
