// What is listed and watched, one row for each kind of object that DNS answers come from.

import type { ClusterObject } from './objects.ts'

/** One kind at the API server. */
export interface Resource {
  readonly kind: ClusterObject['kind']
  /** API group, '' for the core group, and version. */
  readonly group: string
  readonly version: string
  /** As in paths and RBAC rules. */
  readonly plural: string
  /** Custom resources have no protobuf form. */
  readonly custom: boolean
  /** A selector that the row itself asks for; '' for none. */
  readonly labelSelector: string
  readonly fieldSelector: string
}

/** Label of a slice that belongs to a Service of this cluster. */
export const serviceNameLabel = 'kubernetes.io/service-name'
/** Labels of a slice that came from another cluster (KEP-1645). */
export const importedServiceLabel = 'multicluster.kubernetes.io/service-name'
export const sourceClusterLabel = 'multicluster.kubernetes.io/source-cluster'

const core = { group: '', version: 'v1', custom: false, labelSelector: '', fieldSelector: '' } as const
const discovery = { ...core, group: 'discovery.k8s.io' } as const

/** Every resource, by the kind of object that it gives. */
export const resources: Readonly<Record<ClusterObject['kind'], Resource>> = {
  Service: { ...core, kind: 'Service', plural: 'services' },
  Namespace: { ...core, kind: 'Namespace', plural: 'namespaces' },
  Pod: {
    ...core,
    kind: 'Pod',
    plural: 'pods',
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown',
  },
  EndpointSlice: { ...discovery, kind: 'EndpointSlice', plural: 'endpointslices' },
  ImportedSlice: {
    ...discovery,
    kind: 'ImportedSlice',
    plural: 'endpointslices',
    labelSelector: importedServiceLabel,
  },
  ServiceImport: {
    ...core,
    kind: 'ServiceImport',
    group: 'multicluster.x-k8s.io',
    version: 'v1alpha1',
    plural: 'serviceimports',
    custom: true,
  },
}

/** Where its list is, for all namespaces: `/apis/discovery.k8s.io/v1/endpointslices`. */
export const pathOf = ({ group, version, plural }: Resource): string =>
  group === '' ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`
