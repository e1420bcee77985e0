// What the fake API server serves: one row a resource. Everything else about a resource (paths, discovery, storage, forms) follows from its row.

/** How a patch merges a list instead of replacing it. */
export interface ListMerge {
  /** The field that tells the items apart in a strategic merge patch; '' for a set of plain values. */
  readonly patchKey: string
  /** The fields that do in server-side apply. */
  readonly applyKeys: readonly string[]
}

/** One resource. */
export interface ApiResource {
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** Of a CustomResourceDefinition: JSON only, items of lists carry their type, no strategic merge patch. */
  readonly custom: boolean
  /** Whether it has a protobuf form here. */
  readonly protobuf: boolean
  /** Whether `status` is written by a subresource and by nothing else. */
  readonly statusSubresource: boolean
  /** Field selectors besides metadata.name and metadata.namespace: label of the field and its path. */
  readonly selectable: readonly string[]
  /** Lists that patches merge, by their path; paths through such lists leave the items out (`spec.containers.env`). */
  readonly merges: Readonly<Record<string, ListMerge>>
}

const keyed = (patchKey: string, applyKeys: readonly string[] = [patchKey]): ListMerge => ({ patchKey, applyKeys })
const anySet = keyed('', [])

const metadataMerges = { 'metadata.finalizers': anySet, 'metadata.ownerReferences': keyed('uid') }
const conditions = { 'status.conditions': keyed('type') }

const core = {
  group: '',
  version: 'v1',
  shortNames: [],
  namespaced: true,
  custom: false,
  protobuf: true,
  statusSubresource: false,
  selectable: [],
  merges: metadataMerges,
} as const satisfies Partial<ApiResource>

/** All resources. */
export const apiResources: readonly ApiResource[] = [
  {
    ...core,
    plural: 'namespaces',
    kind: 'Namespace',
    shortNames: ['ns'],
    namespaced: false,
    statusSubresource: true,
    selectable: ['status.phase'],
    merges: { ...metadataMerges, ...conditions },
  },
  {
    ...core,
    plural: 'services',
    kind: 'Service',
    shortNames: ['svc'],
    statusSubresource: true,
    selectable: ['spec.clusterIP', 'spec.type'],
    merges: { ...metadataMerges, ...conditions, 'spec.ports': keyed('port', ['port', 'protocol']) },
  },
  {
    ...core,
    plural: 'pods',
    kind: 'Pod',
    shortNames: ['po'],
    statusSubresource: true,
    selectable: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
    merges: {
      ...metadataMerges,
      ...conditions,
      'spec.containers': keyed('name'),
      'spec.containers.env': keyed('name'),
      'spec.containers.ports': keyed('containerPort', ['containerPort', 'protocol']),
      'spec.volumes': keyed('name'),
      'status.podIPs': keyed('ip'),
    },
  },
  {
    ...core,
    plural: 'nodes',
    kind: 'Node',
    shortNames: ['no'],
    namespaced: false,
    statusSubresource: true,
    selectable: ['spec.unschedulable'],
    merges: { ...metadataMerges, ...conditions, 'status.addresses': keyed('type') },
  },
  { ...core, plural: 'endpoints', kind: 'Endpoints', shortNames: ['ep'], protobuf: false },
  { ...core, plural: 'configmaps', kind: 'ConfigMap', shortNames: ['cm'], protobuf: false },
  { ...core, group: 'discovery.k8s.io', plural: 'endpointslices', kind: 'EndpointSlice' },
  { ...core, group: 'coordination.k8s.io', plural: 'leases', kind: 'Lease', protobuf: false },
  {
    ...core,
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    shortNames: ['crd'],
    namespaced: false,
    protobuf: false,
  },
  {
    ...core,
    group: 'multicluster.x-k8s.io',
    version: 'v1alpha1',
    plural: 'serviceimports',
    kind: 'ServiceImport',
    shortNames: ['svcim'],
    custom: true,
    protobuf: false,
  },
]

/** `v1`, `discovery.k8s.io/v1`. */
export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`

/** The row of a type, undefined if it is not served. */
export const resourceOfKind = (apiVersion: string, kind: string): ApiResource | undefined =>
  apiResources.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion)

/** The row of a plural (`services`); plurals are unique here. Throws for others. */
export function resourceOf(plural: string): ApiResource {
  const found = apiResources.find((resource) => resource.plural === plural)
  if (!found) throw new Error(`no such resource: ${plural}`)
  return found
}
