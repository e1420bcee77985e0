// A cluster of any size for the benchmarks of its memory, its start and its churn: Services with one EndpointSlice each, spread over namespaces, some of them headless with
// named endpoints. The same seed gives the same cluster; it is told trimmed (what the store takes) and as Kubernetes' own JSON (what an API server holds).

import type { ClusterObject, Endpoint, EndpointSliceObject, ObjectPort, ServiceObject } from '../k8s/objects.ts'
import { pick, seeded } from './random.ts'

/** How large. */
export interface ClusterSize {
  readonly services: number
  /** Endpoints of each slice. */
  readonly endpoints: number
  readonly namespaces: number
  /** How many of a hundred Services are headless. */
  readonly headlessPercent: number
  /** With a Pod for each endpoint. */
  readonly pods: boolean
  readonly seed: number
}

/** The cluster that the figures in bench/README.md are of. */
export const largeCluster: ClusterSize = {
  services: 10_000,
  endpoints: 10,
  namespaces: 50,
  headlessPercent: 10,
  pods: false,
  seed: 1,
}

/** A Service with all that belongs to it. */
interface ClusterPart {
  readonly service: ServiceObject
  readonly slice: EndpointSliceObject
}

/** The name of namespace `index`. */
const namespaceName = (index: number): string => `team-${index}`

/** Every Service of the cluster, made one at a time. */
function* clusterParts({
  services,
  endpoints,
  namespaces,
  headlessPercent,
  seed,
}: ClusterSize): Generator<ClusterPart> {
  const random = seeded(seed)
  for (let index = 0; index < services; index++) {
    const headless = random() * 100 < headlessPercent
    const namespace = namespaceName(index % namespaces)
    const name = `${pick(words, random)}-${pick(words, random)}-${index}`
    const ports = pick(portLists, random)
    const suffix = letters(10, random)
    const service: ServiceObject = {
      kind: 'Service',
      namespace,
      name,
      externalName: null,
      headless,
      clusterIPs: headless ? [] : [addressIn(serviceNetwork, firstServiceAddress + index)],
      external: [],
      ports,
    }
    const slice: EndpointSliceObject = {
      kind: 'EndpointSlice',
      namespace,
      name: `${name}-${letters(5, random)}`,
      service: name,
      family: 4,
      ports,
      endpoints: Array.from(
        { length: endpoints },
        (_, pod): Endpoint => ({
          address: addressIn(podNetwork, index * endpoints + pod + 1),
          hostname: headless ? `${name}-${pod}` : '',
          target: headless ? `${name}-${pod}` : `${name}-${suffix}-${letters(5, random)}`,
          zone: pick(zones, random),
        }),
      ),
    }
    yield { service, slice }
  }
}

/** The cluster's objects as decoders give them when nobody asks for pods' names and zones. */
export function* clusterObjects(size: ClusterSize): Generator<ClusterObject> {
  for (let index = 0; index < size.namespaces; index++)
    yield { kind: 'Namespace', namespace: '', name: namespaceName(index) }
  for (const { service, slice } of clusterParts(size)) {
    yield service
    yield { ...slice, endpoints: slice.endpoints.map((endpoint) => ({ ...endpoint, target: '', zone: '' })) }
    if (!size.pods) continue
    const { namespace } = slice
    for (const { target: name, address } of slice.endpoints) yield { kind: 'Pod', namespace, name, address, labels: {} }
  }
}

/** A Kubernetes object as JSON has it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** The cluster's objects as an API server holds them. */
export function* kubernetesObjects(size: ClusterSize): Generator<KubernetesObject> {
  for (let index = 0; index < size.namespaces; index++)
    yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceName(index) } }
  for (const { service, slice } of clusterParts(size)) {
    yield kubernetesService(service)
    yield kubernetesSlice(slice)
    if (size.pods) for (const endpoint of slice.endpoints) yield kubernetesPod(slice, endpoint)
  }
}

/** A Service as JSON has it. */
function kubernetesService({ namespace, name, headless, clusterIPs, ports }: ServiceObject): KubernetesObject {
  const addresses = headless ? ['None'] : clusterIPs
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      type: 'ClusterIP',
      clusterIP: addresses[0],
      clusterIPs: addresses,
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      selector: { app: name },
      ports: ports.map((port) => ({ ...port, targetPort: port.port })),
    },
    status: { loadBalancer: {} },
  }
}

/** An EndpointSlice as JSON has it. */
function kubernetesSlice({ namespace, name, service, ports, endpoints }: EndpointSliceObject): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': service,
      },
    },
    addressType: 'IPv4',
    ports,
    endpoints: endpoints.map(({ address, hostname, target, zone }, index) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      ...(hostname === '' ? {} : { hostname }),
      nodeName: `node-${index}`,
      targetRef: { kind: 'Pod', namespace, name: target },
      zone,
    })),
  }
}

function kubernetesPod({ namespace, service }: EndpointSliceObject, { target, address }: Endpoint): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: target, namespace, labels: { app: service } },
    spec: { containers: [{ name: 'main', image: 'registry.example/main:1' }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  }
}

const words = ['cart', 'checkout', 'search', 'ledger', 'session', 'catalog', 'mail', 'image', 'quote', 'audit']
const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']
const tcp = (name: string, port: number): ObjectPort => ({ name, protocol: 'TCP', port })
const portLists: readonly (readonly ObjectPort[])[] = [
  [tcp('http', 8080)],
  [tcp('http', 8080), tcp('metrics', 9090)],
  [tcp('grpc', 50_051)],
  [tcp('https', 8443), tcp('metrics', 9090), { name: 'dns', protocol: 'UDP', port: 53 }],
]

/** 10.96.0.0/12 and 10.128.0.0/9. */
const serviceNetwork = 0x0a600000
/** API servers keep the first addresses for themselves. */
const firstServiceAddress = 256
const podNetwork = 0x0a800000

function addressIn(network: number, index: number): string {
  const address = network + index
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}

/** As in names that Kubernetes makes up. */
const letters = (count: number, random: () => number): string =>
  Array.from({ length: count }, () => 'bcdfghjklmnpqrstvwxz2456789'[Math.floor(random() * 27)]).join('')
