// What an API server adds to an object that is written: addresses and defaults of Services, phases, names. Objects that tests put in by themselves are left as they are.

import { invalid } from './api-status.ts'
import type { Collection } from './cluster-state.ts'
import {
  isJsonObject,
  type Json,
  type JsonObject,
  type KubernetesObject,
  objectAt,
  textAt,
  without,
} from './kubernetes-object.ts'

/** The object as it is stored; `before` is its present state, null for a new one. Throws ApiError 422. */
export function withDefaults(
  object: KubernetesObject,
  before: KubernetesObject | null,
  addresses: ServiceAddresses,
): KubernetesObject {
  switch (object.kind) {
    case 'Service':
      return {
        ...object,
        spec: serviceSpec(object, before, addresses),
        status: { loadBalancer: {}, ...objectAt(object, 'status') },
      }
    case 'Namespace': {
      const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
      const status = { phase: 'Active', ...objectAt(object, 'status') }
      return { spec: { finalizers: ['kubernetes'] }, ...object, status, metadata: { ...object.metadata, labels } }
    }
    case 'Pod':
      return { ...object, status: { phase: 'Pending', ...objectAt(object, 'status') } }
    case 'EndpointSlice':
      return { ...object, ports: withProtocols(object.ports) }
    default:
      return object
  }
}

function withProtocols(ports: Json | undefined): Json {
  if (!Array.isArray(ports)) return ports ?? []
  return (ports as readonly Json[]).map((port) => (isJsonObject(port) ? { name: '', protocol: 'TCP', ...port } : port))
}

const families = { IPv4: 'IPv4', IPv6: 'IPv6' } as const

function serviceSpec(
  object: KubernetesObject,
  before: KubernetesObject | null,
  addresses: ServiceAddresses,
): JsonObject {
  const spec = { type: 'ClusterIP', sessionAffinity: 'None', ...objectAt(object, 'spec') }
  const ports = servicePorts(spec)
  const old = before ? objectAt(before, 'spec') : {}
  if (textAt(spec, 'type') === 'ExternalName') {
    if (textAt(spec, 'externalName') === '')
      throw invalid('Service', object.metadata.name, ['spec.externalName: Required value'])
    return { ...without(spec, ...allocated), ...(ports && { ports }) }
  }
  const named = clusterIPsOf(spec)
  const present = textAt(old, 'type') === 'ExternalName' ? [] : clusterIPsOf(old)
  if (named.length > 0 && present.length > 0 && named[0] !== present[0])
    throw invalid('Service', object.metadata.name, [
      `spec.clusterIPs[0]: Invalid value: ${JSON.stringify(named)}: may not change once set`,
    ])
  const policy = textAt(spec, 'ipFamilyPolicy') || textAt(old, 'ipFamilyPolicy') || 'SingleStack'
  const wanted = familiesOf(spec, policy)
  const known = named.length > 0 ? named : present
  const clusterIPs =
    known[0] === 'None' ? ['None'] : wanted.map((family, index) => known[index] ?? addresses.free(family))
  return {
    ...without(spec, 'externalName'),
    clusterIP: clusterIPs[0],
    clusterIPs,
    ipFamilies: wanted,
    ipFamilyPolicy: policy,
    internalTrafficPolicy: textAt(spec, 'internalTrafficPolicy') || 'Cluster',
    ...(ports && { ports }),
  }
}

/** Fields that an alias has not. */
const allocated = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']

function clusterIPsOf(spec: JsonObject): string[] {
  const { clusterIPs } = spec
  if (Array.isArray(clusterIPs) && clusterIPs.length > 0) return clusterIPs.map(String)
  const first = textAt(spec, 'clusterIP')
  return first === '' ? [] : [first]
}

function familiesOf(spec: JsonObject, policy: string): string[] {
  const given = Array.isArray(spec.ipFamilies) ? spec.ipFamilies.map(String) : []
  const addresses = clusterIPsOf(spec).filter((address) => address !== 'None')
  const told =
    given.length > 0 ? given : addresses.map((address) => (address.includes(':') ? families.IPv6 : families.IPv4))
  const first = told[0] ?? families.IPv4
  if (policy === 'SingleStack') return [first]
  return [first, told[1] ?? (first === families.IPv4 ? families.IPv6 : families.IPv4)]
}

function servicePorts(spec: JsonObject): Json | undefined {
  const { ports } = spec
  if (!Array.isArray(ports)) return ports
  return (ports as readonly Json[]).map((port) =>
    isJsonObject(port) ? { protocol: 'TCP', targetPort: port.port, ...port } : port,
  )
}

/** The addresses of Services: 10.97.0.0/16 (within 10.96.0.0/12) and fd00:10:96::/112, from .1.0 and ::100 on. One that was given back comes again after all others. */
export class ServiceAddresses {
  readonly #uses = new Map<string, number>()
  #next = firstAddress

  /** Follows the Services, however they are written. */
  constructor(services: Collection) {
    services.listen(({ type, object, before }) => {
      if (before) this.#count(before.object, -1)
      if (type !== 'DELETED') this.#count(object.object, 1)
    })
  }

  /** An address that no Service has. Throws ApiError 422 if there is none left. */
  free(family: string): string {
    for (let tries = firstAddress; tries < addresses; tries++) {
      const number = this.#next
      this.#next = number + 1 < addresses ? number + 1 : firstAddress
      const address =
        family === families.IPv6 ? `fd00:10:96::${number.toString(16)}` : `10.97.${number >> 8}.${number & 255}`
      if (!this.#uses.has(address)) return address
    }
    throw invalid('Service', '', ['spec.clusterIPs: Invalid value: []: failed to allocate IP addresses: range is full'])
  }

  #count(service: KubernetesObject, by: number): void {
    for (const address of clusterIPsOf(objectAt(service, 'spec'))) {
      const uses = (this.#uses.get(address) ?? 0) + by
      if (uses > 0) this.#uses.set(address, uses)
      else this.#uses.delete(address)
    }
  }
}

const firstAddress = 256
const addresses = 1 << 16
