// A Service and its endpoints as answers need them: addresses as octets, names folded, one node for each Service whether its object or its slices came first.
//
//   ServiceNode ── view (the Service object, null until it comes)
//        └─ slices: SliceNode ── view (addresses of one family back to back, ports, names)

import type { EndpointSliceObject, ObjectPort, ServiceObject } from '../../k8s/objects.ts'
import { Name, NameError } from '../../wire/name.ts'
import { Versioned } from '../version.ts'
import { addressLabel, octetsOf } from './addresses.ts'

/** A port, names folded; `number` is -1 where a Service or slice declares none. */
export interface Port {
  readonly name: string
  readonly protocol: string
  readonly number: number
}

/** What a Service object says. */
export interface ServiceView {
  readonly headless: boolean
  readonly external: boolean
  /** The target of an ExternalName; null for other types, and where it is an address or no name at all: such a Service exists without records. */
  readonly target: Name | null
  readonly addresses: readonly Uint8Array[]
  /** Never empty. */
  readonly ports: readonly Port[]
}

/** One Service. */
export class ServiceNode {
  readonly namespace: string
  readonly name: string
  view: ServiceView | null = null
  readonly slices = new Set<SliceNode>()
  /** Ready endpoints of all slices. */
  endpointCount = 0
  /** Raised when the Service object comes, changes or goes. */
  readonly spec = new Versioned()
  /** Raised when an endpoint comes, changes or goes. */
  readonly endpoints = new Versioned()
  /** Raised when the first endpoint comes or the last goes. */
  readonly occupancy = new Versioned()

  constructor(namespace: string, name: string) {
    this.namespace = namespace
    this.name = name
  }
}

/** One EndpointSlice; maps of addresses point at it, so that a changed slice only moves what changed. */
export class SliceNode {
  readonly service: ServiceNode
  view: SliceView

  constructor(service: ServiceNode, view: SliceView) {
    this.service = service
    this.view = view
  }
}

/** Which parts of an endpoint the configuration asks for. */
export interface SliceTrim {
  /** `endpoint_pod_names`. */
  readonly podNames: boolean
  readonly zonal: boolean
}

/** What an EndpointSlice object says. */
export class SliceView {
  readonly count: number
  /** Never empty. */
  readonly ports: readonly Port[]
  readonly #width: 4 | 16
  readonly #octets: Uint8Array
  /** Own names of endpoints, '' for one that is called by its address; null if all are. */
  readonly #names: readonly string[] | null
  readonly #zones: readonly string[] | null

  constructor(object: EndpointSliceObject | null, trim: SliceTrim) {
    this.#width = object?.family === 6 ? 16 : 4
    this.ports = portsOf(object?.ports ?? [])
    const endpoints = (object?.endpoints ?? []).flatMap((endpoint) => {
      const octets = octetsOf(endpoint.address)
      return octets?.length === this.#width ? [{ ...endpoint, octets }] : []
    })
    this.count = endpoints.length
    this.#octets = new Uint8Array(this.count * this.#width)
    for (const [index, { octets }] of endpoints.entries()) this.#octets.set(octets, index * this.#width)
    // A pod's name that is no label's length cannot name an endpoint.
    const names = endpoints.map(({ hostname, target }) =>
      hostname !== '' || !trim.podNames || target.length > 63 ? hostname : target,
    )
    this.#names = names.some((name) => name !== '') ? names : null
    this.#zones = trim.zonal ? endpoints.map(({ zone }) => zone) : null
  }

  octets(index: number): Uint8Array {
    return this.#octets.subarray(index * this.#width, (index + 1) * this.#width)
  }

  /** What the endpoint is called below its Service; a pod's name may have dots. */
  label(index: number): string {
    const name = this.#names?.[index] ?? ''
    return name === '' ? addressLabel(this.octets(index)) : name
  }

  /** True if the endpoint has the address. */
  hasAddress(index: number, octets: Uint8Array): boolean {
    if (octets.length !== this.#width) return false
    const start = index * this.#width
    for (let i = 0; i < octets.length; i++) if (this.#octets[start + i] !== octets[i]) return false
    return true
  }

  /** True if the endpoint is called `label`, which spells the address `octets` if it is one. */
  isCalled(index: number, label: string, octets: Uint8Array | null): boolean {
    const name = this.#names?.[index] ?? ''
    return name === '' ? octets !== null && this.hasAddress(index, octets) : name === label
  }

  zone(index: number): string {
    return this.#zones?.[index] ?? ''
  }
}

/** What `object` says; never throws. */
export function viewService(object: ServiceObject): ServiceView {
  const external = object.externalName !== null
  return {
    headless: object.headless,
    external,
    target: external ? targetOf(object.externalName) : null,
    addresses: object.clusterIPs.flatMap((text) => octetsOf(text) ?? []),
    ports: portsOf(object.ports),
  }
}

function targetOf(text: string): Name | null {
  if (octetsOf(text)) return null
  try {
    return Name.parse(text)
  } catch (error) {
    if (error instanceof NameError) return null
    throw error
  }
}

function portsOf(ports: readonly ObjectPort[]): Port[] {
  if (ports.length === 0) return [{ name: '', protocol: '', number: -1 }]
  return ports.map(({ name, protocol, port }) => ({
    name: name.toLowerCase(),
    protocol: protocol.toLowerCase(),
    number: port ?? -1,
  }))
}

/** True for the same ports in the same order. */
export const samePorts = (one: readonly Port[], other: readonly Port[]): boolean =>
  one.length === other.length &&
  one.every((port, index) => {
    const { name, protocol, number } = other[index]!
    return port.name === name && port.protocol === protocol && port.number === number
  })
