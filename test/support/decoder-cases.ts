// Objects of a cluster as an API server would send them, and what decoders have to make of them, whatever the form. See decoder-suite.ts.

import type { ClusterObject, Trim } from '../../k8s/objects.ts'
import { resources } from '../../k8s/resources.ts'
import type { KubernetesObject } from './kubernetes-schema.ts'

type Kind = ClusterObject['kind']

/** Everything that can be kept is. */
export const wholeTrim: Trim = { endpoints: 'ready', targets: true, zones: true, podLabels: true }
/** What the server keeps without options. */
export const plainTrim: Trim = { endpoints: 'ready', targets: false, zones: false, podLabels: false }

/** The uid and version of every object here. */
export const identity = { uid: 'c0ffee', resourceVersion: '7' }
/** Metadata that nobody looks at. */
export const noise = {
  creationTimestamp: '2026-01-02T03:04:05Z',
  generation: 3,
  annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"items":[{"]}"}]}' },
  ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'x', uid: 'y', controller: true }],
  managedFields: [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:spec': { '.': {} } } }],
}

/** Service prod/web. */
export const service = (spec: object, status: object = {}, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'prod', ...identity, ...noise, ...metadata },
  spec,
  status,
})

const serviceObject = (difference: object): object => ({
  kind: 'Service',
  namespace: 'prod',
  name: 'web',
  externalName: null,
  headless: false,
  clusterIPs: [],
  external: [],
  ports: [],
  ...difference,
})

const sliceLabels = { 'kubernetes.io/service-name': 'web', app: 'x' }

/** EndpointSlice prod/web-1. */
export const slice = (fields: object, labels: object = sliceLabels, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'prod', ...identity, ...noise, labels, ...metadata },
  addressType: 'IPv4',
  ...fields,
})

const sliceObject = (difference: object): object => ({
  kind: 'EndpointSlice',
  namespace: 'prod',
  name: 'web-1',
  service: 'web',
  family: 4,
  ports: [],
  endpoints: [],
  ...difference,
})

const endpoint = (address: string, more: object = {}): object => ({
  address,
  hostname: '',
  target: '',
  zone: '',
  ...more,
})

const pod = (status: object, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'prod', ...identity, ...noise, labels: { app: 'web' }, ...metadata },
  spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
  status: { qosClass: 'Burstable', podIPs: [{ ip: '10.0.0.9' }], ...status },
})

const imported = (fields: object): KubernetesObject => ({
  apiVersion: 'multicluster.x-k8s.io/v1alpha1',
  kind: 'ServiceImport',
  metadata: { name: 'web', namespace: 'prod', ...identity },
  spec: { ports: [], ...fields },
})

const conditions = [
  { addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false } },
  { addresses: ['10.0.0.2'], conditions: {} },
  { addresses: ['10.0.0.3'] },
  { addresses: ['10.0.0.4'], conditions: { ready: false } },
  { addresses: ['10.0.0.5'], conditions: { ready: false, serving: true, terminating: true } },
  { addresses: ['10.0.0.6'], conditions: { ready: false, serving: false, terminating: true } },
]

const importedLabels = {
  'multicluster.kubernetes.io/service-name': 'web',
  'multicluster.kubernetes.io/source-cluster': 'east',
}

interface Case {
  readonly about: string
  readonly kind: Kind
  readonly source: KubernetesObject
  /** Null for what DNS does not show. */
  readonly object: object | null
  readonly trim?: Partial<Trim>
}

/** Objects as they may be, and what DNS shows of them. */
export const decoderCases: readonly Case[] = [
  {
    about: 'a dual-stack Service with named ports',
    kind: 'Service',
    source: service({
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7', 'fd00::7'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'PreferDualStack',
      selector: { app: 'web' },
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, appProtocol: 'http' },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns', nodePort: 30053 },
      ],
    }),
    object: serviceObject({
      clusterIPs: ['10.96.0.7', 'fd00::7'],
      ports: [
        { name: 'http', protocol: 'TCP', port: 80 },
        { name: 'dns', protocol: 'UDP', port: 53 },
      ],
    }),
  },
  {
    about: 'a Service of an old API server: one address, no protocol, no port name',
    kind: 'Service',
    source: service({ clusterIP: '10.96.0.7', ports: [{ port: 65535 }] }),
    object: serviceObject({ clusterIPs: ['10.96.0.7'], ports: [{ name: '', protocol: 'TCP', port: 65535 }] }),
  },
  {
    about: 'a headless Service without ports',
    kind: 'Service',
    source: service({ type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'], publishNotReadyAddresses: true }),
    object: serviceObject({ headless: true }),
  },
  {
    about: 'a Service that has no address yet, and nothing else',
    kind: 'Service',
    source: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'prod', ...identity } },
    object: serviceObject({}),
  },
  {
    about: 'an alias, whose left-over address does not count',
    kind: 'Service',
    source: service({ type: 'ExternalName', externalName: 'Db.example.', clusterIP: '10.96.0.7' }),
    object: serviceObject({ externalName: 'Db.example.' }),
  },
  {
    about: 'a load balancer: external addresses first, then addresses and host names of its ingress',
    kind: 'Service',
    source: service(
      { type: 'LoadBalancer', clusterIP: '10.96.0.7', externalIPs: ['192.0.2.9', '2001:db8::9'] },
      {
        loadBalancer: {
          ingress: [
            { ip: '192.0.2.1', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP' }] },
            { hostname: 'lb.example' },
            { ip: '192.0.2.2', hostname: 'both.example' },
            {},
          ],
        },
        conditions: [
          { type: 'x', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z', reason: 'r', message: 'm' },
        ],
      },
    ),
    object: serviceObject({
      clusterIPs: ['10.96.0.7'],
      external: ['192.0.2.9', '2001:db8::9', '192.0.2.1', 'lb.example', '192.0.2.2'],
    }),
  },
  {
    about: 'a slice whose endpoints have everything',
    kind: 'EndpointSlice',
    source: slice({
      ports: [{ name: 'http', protocol: 'TCP', port: 8080, appProtocol: 'http' }, { name: 'any' }, {}],
      endpoints: [
        {
          addresses: ['10.0.0.1', '10.0.0.2'],
          conditions: { ready: true },
          hostname: 'Web-0',
          nodeName: 'node-1',
          zone: 'Zone-A',
          targetRef: { kind: 'Pod', namespace: 'prod', name: 'web-0', uid: 'u' },
          hints: { forZones: [{ name: 'zone-a' }] },
          deprecatedTopology: { a: 'b' },
        },
        { addresses: ['10.0.0.3'], targetRef: { kind: 'Pod', name: 'x'.repeat(64) } },
      ],
    }),
    object: sliceObject({
      ports: [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: 'any', protocol: 'TCP', port: null },
        { name: '', protocol: 'TCP', port: null },
      ],
      endpoints: [
        endpoint('10.0.0.1', { hostname: 'web-0', target: 'web-0', zone: 'zone-a' }),
        endpoint('10.0.0.2', { hostname: 'web-0', target: 'web-0', zone: 'zone-a' }),
        endpoint('10.0.0.3'),
      ],
    }),
  },
  {
    about: 'targets and zones that nobody asked for',
    kind: 'EndpointSlice',
    trim: plainTrim,
    source: slice({ endpoints: [{ addresses: ['10.0.0.1'], hostname: 'h', zone: 'a', targetRef: { name: 'web-0' } }] }),
    object: sliceObject({ endpoints: [endpoint('10.0.0.1', { hostname: 'h' })] }),
  },
  ...[['ready', [1, 2, 3]] as const, ['serving', [1, 2, 3, 5]] as const, ['all', [1, 2, 3, 4, 5, 6]] as const].map(
    ([endpoints, counted]): Case => ({
      about: `endpoints by their conditions: ${endpoints}`,
      kind: 'EndpointSlice',
      trim: { endpoints },
      source: slice({ endpoints: conditions }),
      object: sliceObject({ endpoints: counted.map((last) => endpoint(`10.0.0.${last}`)) }),
    }),
  ),
  {
    about: 'addresses as API servers take them: with leading zeros, or IPv4 as IPv6',
    kind: 'EndpointSlice',
    source: slice({ endpoints: [{ addresses: ['010.000.0.10', '::FFFF:10.0.0.2', '0.0.0.0'] }] }),
    object: sliceObject({
      endpoints: ['10.0.0.10', '10.0.0.2', '0.0.0.0'].map((address) => endpoint(address)),
    }),
  },
  {
    about: 'a Service whose addresses have leading zeros',
    kind: 'Service',
    source: service({ clusterIPs: ['010.96.0.07', 'fd00::7'], externalIPs: ['192.0.02.1', '010.example'] }),
    object: serviceObject({ clusterIPs: ['10.96.0.7', 'fd00::7'], external: ['192.0.2.1', '010.example'] }),
  },
  {
    about: 'a slice with numbers that are no ports, which API servers take',
    kind: 'EndpointSlice',
    source: slice({
      ports: [
        { name: 'a', port: 0 },
        { name: 'b', port: 70_000 },
        { name: 'c', port: -5 },
        { name: 'd', port: 80 },
        { name: 'e' },
      ],
      endpoints: [{ addresses: ['10.0.0.1'] }],
    }),
    object: sliceObject({
      ports: [
        { name: 'd', protocol: 'TCP', port: 80 },
        { name: 'e', protocol: 'TCP', port: null },
      ],
      endpoints: [endpoint('10.0.0.1')],
    }),
  },
  {
    about: 'a slice of nobody, of IPv6, with empty lists',
    kind: 'EndpointSlice',
    source: slice({ addressType: 'IPv6', endpoints: [], ports: [] }, {}),
    object: sliceObject({ service: '', family: 6 }),
  },
  {
    about: 'a slice of names',
    kind: 'EndpointSlice',
    source: slice({ addressType: 'FQDN', endpoints: [{ addresses: ['a.example'] }] }),
    object: null,
  },
  {
    about: 'a slice from another cluster, whose zones are not ours',
    kind: 'ImportedSlice',
    source: slice({ endpoints: [{ addresses: ['10.0.0.1'], hostname: 'h', zone: 'a' }] }, importedLabels),
    object: sliceObject({
      kind: 'ImportedSlice',
      cluster: 'east',
      endpoints: [endpoint('10.0.0.1', { hostname: 'h' })],
    }),
  },
  {
    about: 'a Namespace',
    kind: 'Namespace',
    source: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'prod', ...identity, ...noise, labels: { env: 'live' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    },
    object: { kind: 'Namespace', namespace: '', name: 'prod' },
  },
  {
    about: 'a Pod with its labels',
    kind: 'Pod',
    source: pod(
      { phase: 'Running', podIP: '10.0.0.9', hostIP: '10.1.0.1' },
      { labels: { app: 'web', __proto__: null, 'é/x': 'ü' } },
    ),
    object: { kind: 'Pod', namespace: 'prod', name: 'p', address: '10.0.0.9', labels: { app: 'web', 'é/x': 'ü' } },
  },
  {
    about: 'a Pod without its labels',
    kind: 'Pod',
    trim: plainTrim,
    source: pod({ phase: 'Pending', podIP: 'fd00::9' }),
    object: { kind: 'Pod', namespace: 'prod', name: 'p', address: 'fd00::9', labels: {} },
  },
  { about: 'a Pod that has ended', kind: 'Pod', source: pod({ phase: 'Succeeded', podIP: '10.0.0.9' }), object: null },
  { about: 'a Pod without an address', kind: 'Pod', source: pod({ phase: 'Pending' }), object: null },
  {
    about: 'a Pod that is being deleted',
    kind: 'Pod',
    source: pod({ phase: 'Running', podIP: '10.0.0.9' }, { deletionTimestamp: '2026-01-02T03:04:05Z' }),
    object: null,
  },
  {
    about: 'a ServiceImport',
    kind: 'ServiceImport',
    source: imported({ type: 'ClusterSetIP', ips: ['10.97.0.1', 'fd00::1'], ports: [{ name: 'http', port: 80 }] }),
    object: {
      kind: 'ServiceImport',
      namespace: 'prod',
      name: 'web',
      headless: false,
      addresses: ['10.97.0.1', 'fd00::1'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    },
  },
  {
    about: 'a headless ServiceImport, whose addresses do not count',
    kind: 'ServiceImport',
    source: imported({ type: 'Headless', ips: ['10.97.0.1'] }),
    object: { kind: 'ServiceImport', namespace: 'prod', name: 'web', headless: true, addresses: [], ports: [] },
  },
]

interface FaultCase {
  readonly kind: Kind
  readonly source: KubernetesObject
  readonly fault: string
  readonly nameless?: true
}

/** Objects that cannot be as they are. */
export const faultCases: readonly FaultCase[] = [
  {
    kind: 'Service',
    source: service({ ports: [{ port: 80 }, { port: 70_000 }] }),
    fault: 'Service prod/web: spec.ports[1].port: must be an integer from 1 to 65535',
  },
  {
    kind: 'Service',
    source: service({ ports: [{ name: 'x' }] }),
    fault: 'Service prod/web: spec.ports[0].port: is required',
  },
  {
    kind: 'Service',
    source: service({ clusterIPs: ['10.0.0.1', '10.0.0.256'] }),
    fault: 'Service prod/web: spec.clusterIPs[1]: must be an IP address or None',
  },
  {
    kind: 'Service',
    source: service({ clusterIP: 'fe80::1%eth0' }),
    fault: 'Service prod/web: spec.clusterIP: must be an IP address or None',
  },
  {
    kind: 'Service',
    source: service({ type: 'ExternalName' }),
    fault: 'Service prod/web: spec.externalName: is required',
  },
  {
    kind: 'Service',
    source: service({}, {}, { name: 'A_b' }),
    fault: 'Service prod/A_b: metadata.name: must be a lower-case DNS name',
    nameless: true,
  },
  {
    kind: 'Service',
    source: service({}, {}, { name: '' }),
    fault: 'Service prod/: metadata.name: is required',
    nameless: true,
  },
  {
    kind: 'EndpointSlice',
    source: slice({ endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.1', 'fd00::1'] }] }),
    fault: 'EndpointSlice prod/web-1: endpoints[1].addresses[1]: must be an IPv4 address',
  },
  {
    kind: 'EndpointSlice',
    source: slice({ endpoints: [{ addresses: ['10.0.0.1'], hostname: 'a.b' }] }),
    fault: 'EndpointSlice prod/web-1: endpoints[0].hostname: must be a DNS label',
  },
  {
    kind: 'EndpointSlice',
    source: slice({ addressType: 'IPv7' }),
    fault: 'EndpointSlice prod/web-1: addressType: must be IPv4, IPv6 or FQDN',
  },
  {
    kind: 'ImportedSlice',
    source: slice({ addressType: '' }),
    fault: 'EndpointSlice prod/web-1: addressType: is required',
  },
  {
    kind: 'Pod',
    source: pod({ phase: 'Running', podIP: 'x' }),
    fault: 'Pod prod/p: status.podIP: must be an IP address',
  },
]

/** The list that an API server would answer with. */
export function listOf(kind: Kind, items: readonly KubernetesObject[], metadata: object = { resourceVersion: '42' }) {
  const { group, version } = resources[kind]
  const written = kind === 'ImportedSlice' ? 'EndpointSlice' : kind
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind: `${written}List`, metadata, items }
}
