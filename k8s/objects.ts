// The objects of a cluster that DNS answers come from, trimmed to what an answer can show. Everything that feeds the server with a cluster (manifests, the API
// server's lists and watches) makes these; a change that they don't show is no change.
//
//   YAML, JSON or protobuf ─► decoder ─► ClusterObject ─► ObjectStore (diff) ─► ChangeBatch (bytes) ─► index of each serving thread

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
  /** How it is reached from outside the cluster: `spec.externalIPs`, then the addresses or host names of `status.loadBalancer.ingress`. */
  readonly external: readonly string[]
  readonly ports: readonly ObjectPort[]
}

/** One address of an EndpointSlice that the Trim lets through; what it does not have, or the Trim leaves out, is ''. */
export interface Endpoint {
  readonly address: string
  readonly hostname: string
  /** The name of the object behind the address, a Pod as a rule. */
  readonly target: string
  /** The topology zone, in lower case. */
  readonly zone: string
}

/** discovery.k8s.io/v1 EndpointSlice, with the endpoints that count. */
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

/** The EndpointSlice of a Service that other clusters export (label multicluster.kubernetes.io/service-name; KEP-1645). The same slice may also be an EndpointSlice of this cluster. */
export interface ImportedSliceObject extends Omit<EndpointSliceObject, 'kind'> {
  readonly kind: 'ImportedSlice'
  /** Label multicluster.kubernetes.io/source-cluster. */
  readonly cluster: string
}

/** multicluster.x-k8s.io/v1alpha1 ServiceImport (KEP-1645). */
export interface ServiceImportObject {
  readonly kind: 'ServiceImport'
  readonly namespace: string
  readonly name: string
  /** `type: Headless`. */
  readonly headless: boolean
  /** The addresses of the set of clusters, as text. */
  readonly addresses: readonly string[]
  readonly ports: readonly ObjectPort[]
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

export type ClusterObject =
  | ServiceObject
  | EndpointSliceObject
  | NamespaceObject
  | PodObject
  | ServiceImportObject
  | ImportedSliceObject

/** What decoders leave out of objects because nobody asked for it: memory is counted in endpoints. */
export interface Trim {
  /** Which endpoints count: `ready` ones (unknown counts as ready); also those that are `serving` while they end; `all`. */
  readonly endpoints: 'ready' | 'serving' | 'all'
  /** Keep the names of the pods behind endpoints (`endpoint_pod_names`). */
  readonly targets: boolean
  /** Keep the topology zones of endpoints (`zonal`). */
  readonly zones: boolean
  /** Keep the labels of pods (metadata). */
  readonly podLabels: boolean
}

/** An object's labels, by key. */
export type Labels = Readonly<Record<string, string>>

/** Equal for names of the same object; neither kinds, namespaces nor names hold a slash. */
export const keyOf = ({ kind, namespace, name }: ObjectName): string => `${kind}/${namespace}/${name}`
