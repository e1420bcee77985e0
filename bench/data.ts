// What the servers serve: a cluster of Services, as objects of Kubernetes for Meridian and CoreDNS and as a master file for those that know no cluster, and a zone of hosts.
// Names and addresses are the same everywhere.

/** The zones of the demo's Corefile. */
export const clusterZone = 'cluster.local'
export const hostZone = 'aikernel.local'

/** TTL of all records, in seconds. */
const ttl = 30

/** A Service with a ClusterIP. */
export interface BenchService {
  readonly name: string
  readonly namespace: string
  readonly address: string
  readonly endpoint: string
}

/** `count` Services in namespaces of fifty. */
export function makeServices(count: number): BenchService[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `service-${index}`,
    namespace: `team-${Math.floor(index / 50)}`,
    address: `10.96.${index >> 8}.${index & 255}`,
    endpoint: `10.244.${index >> 8}.${index & 255}`,
  }))
}

/** A Service's name in DNS. */
export const serviceName = ({ name, namespace }: BenchService): string => `${name}.${namespace}.svc.${clusterZone}`

/** The cluster as YAML for `manifests`. JSON is YAML. */
export function manifestsOf(services: readonly BenchService[]): string {
  const namespaces = [...new Set(services.map((service) => service.namespace))].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }))
  const objects = [...namespaces, ...services.flatMap(objectsOf)]
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n')
}

function objectsOf({ name, namespace, address, endpoint }: BenchService): object[] {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { clusterIP: address, clusterIPs: [address], ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [endpoint], conditions: { ready: true } }],
    },
  ]
}

/** The same names as a master file. */
export function clusterZoneFile(services: readonly BenchService[]): string {
  return [
    ...apexOf(clusterZone, 'ns.dns'),
    'ns.dns IN A 10.96.255.10',
    ...services.map((service) => `${serviceName(service)}. IN A ${service.address}`),
    '',
  ].join('\n')
}

/** A host of the zone file. */
export interface BenchHost {
  readonly name: string
  readonly address: string
}

/** `count` hosts of the zone file. */
export function makeHosts(count: number): BenchHost[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `host-${index}.${hostZone}`,
    address: `10.20.${index >> 8}.${index & 255}`,
  }))
}

/** The hosts as a master file. */
export function hostZoneFile(hosts: readonly BenchHost[]): string {
  return [
    ...apexOf(hostZone, 'ns1'),
    'ns1 IN A 10.96.255.10',
    ...hosts.map(({ name, address }) => `${name}. IN A ${address}`),
    '',
  ].join('\n')
}

function apexOf(zone: string, server: string): string[] {
  return [
    `$ORIGIN ${zone}.`,
    `$TTL ${ttl}`,
    `@ IN SOA ${server} hostmaster 1 3600 600 604800 ${ttl}`,
    `@ IN NS ${server}`,
  ]
}
