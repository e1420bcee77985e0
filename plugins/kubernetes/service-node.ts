// A Service and its endpoints as answers need them, in few bytes: one node for each Service whether its object or its slices came first, addresses as octets in strings
// (one character an octet: a string costs a quarter of a typed array), versions made when somebody asks. An import of other clusters' Services looks the same.
//
//   ServiceNode ── view (the Service object, null until it comes)
//        └─ slices: SliceNode ── view (addresses of one family back to back, ports, names)

import type { PackedSlice } from '../../k8s/object-bytes.ts'
import type { ObjectPort, ServiceImportObject, ServiceObject } from '../../k8s/objects.ts'
import { latin1Bytes, Name, NameError } from '../../wire/name.ts'
import { Versioned } from '../version.ts'
import { addressKey, addressLabel, octetsOf, textKey } from './addresses.ts'

/** A port, names folded; `number` is -1 where a Service or slice declares none. */
export interface Port {
  readonly name: string
  readonly protocol: string
  readonly number: number
}

/** One Service, or one import. */
export class ServiceNode {
  readonly namespace: string
  readonly name: string
  /** Its number in the tree that it belongs to. */
  readonly number: number
  view: ServiceView | null = null
  slices: readonly SliceNode[] = noSlices
  /** Endpoints of all slices. */
  endpointCount = 0
  /** Which whole batch named the object last. */
  mark = 0
  #spec: Versioned | null = null
  #endpoints: Versioned | null = null
  #occupancy: Versioned | null = null

  constructor(namespace: string, name: string, number: number) {
    this.namespace = namespace
    this.name = name
    this.number = number
  }

  /** Raised when the Service object comes, changes or goes. */
  get spec(): Versioned {
    this.#spec ??= new Versioned()
    return this.#spec
  }

  /** Raised when an endpoint comes, changes or goes. */
  get endpoints(): Versioned {
    this.#endpoints ??= new Versioned()
    return this.#endpoints
  }

  /** Raised when the first endpoint comes or the last goes. */
  get occupancy(): Versioned {
    this.#occupancy ??= new Versioned()
    return this.#occupancy
  }

  specChanged(): void {
    this.#spec?.changed()
  }

  endpointsChanged(): void {
    this.#endpoints?.changed()
  }

  occupancyChanged(): void {
    this.#occupancy?.changed()
  }
}

/** One EndpointSlice; tables of addresses point at it, so that a changed slice only moves what changed. */
export class SliceNode {
  readonly service: ServiceNode
  readonly number: number
  view: SliceView
  mark = 0

  constructor(service: ServiceNode, number: number, view: SliceView) {
    this.service = service
    this.number = number
    this.view = view
  }

  /** The cluster that it was imported from, '' for this one. */
  get cluster(): string {
    return this.view.cluster
  }
}

/** What a Service or ServiceImport object says. */
export class ServiceView {
  readonly headless: boolean
  /** Type ExternalName. */
  readonly external: boolean
  /** The target of an ExternalName; null for other types, and where it is an address or no name at all: such a Service exists without records. */
  readonly target: Name | null
  /** Never empty. */
  readonly ports: readonly Port[]
  /** Keys of `addresses`. */
  readonly addressKeys: readonly string[]
  readonly #outside: readonly string[]

  constructor(object: ServiceObject | ServiceImportObject, ports: SharedPorts) {
    const service = object.kind === 'Service' ? object : null
    const addresses = object.kind === 'Service' ? object.clusterIPs : object.addresses
    this.headless = object.headless
    this.external = service !== null && service.externalName !== null
    this.target = targetOf(service?.externalName ?? '')
    this.ports = ports.of(object.ports)
    this.addressKeys = addresses.length === 0 ? nothing : keysOf(addresses)
    this.#outside = service && service.external.length > 0 ? service.external : nothing
  }

  /** Addresses inside the cluster. */
  get addresses(): readonly Uint8Array[] {
    return this.addressKeys.map(latin1Bytes)
  }

  /** Addresses outside the cluster. */
  get externalAddresses(): readonly Uint8Array[] {
    return this.#outside.flatMap((text) => octetsOf(text) ?? [])
  }

  /** Host names outside the cluster, of load balancers without an address of their own. */
  get externalNames(): readonly Name[] {
    return this.#outside.flatMap((text) => targetOf(text) ?? [])
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
  /** The cluster that it was imported from, folded; '' for this one. */
  readonly cluster: string
  /** Octets of one address. */
  readonly width: 4 | 16
  /** All addresses, one character an octet. */
  readonly packed: string
  /** Own names of endpoints, '' for one that is called by its address; null if all are. */
  readonly #names: readonly string[] | null
  readonly #zones: readonly string[] | null

  constructor(slice: PackedSlice | null, trim: SliceTrim, ports: SharedPorts) {
    this.width = slice?.family === 6 ? 16 : 4
    this.ports = ports.of(slice?.ports ?? nothing)
    this.cluster = slice?.cluster.toLowerCase() ?? ''
    const { packed, kept } = packAddresses(slice, this.width)
    this.packed = packed
    this.count = packed.length / this.width
    this.#names = kept(namesOf(slice, trim))
    this.#zones = trim.zonal ? kept(slice?.zones ?? null) : null
  }

  octets(index: number): Uint8Array {
    return latin1Bytes(this.key(index))
  }

  /** `addressKey` of the endpoint. */
  key(index: number): string {
    return this.packed.slice(index * this.width, (index + 1) * this.width)
  }

  /** What the endpoint is called below its Service, or below the cluster that it was imported from; a pod's name may have dots. */
  label(index: number): string {
    const name = this.ownName(index)
    return name === '' ? addressLabel(this.octets(index)) : name
  }

  /** The endpoint's name, '' for one that is called by its address. */
  ownName(index: number): string {
    return this.#names?.[index] ?? ''
  }

  /** True if the endpoint has the address. */
  hasAddress(index: number, octets: Uint8Array): boolean {
    if (octets.length !== this.width) return false
    const start = index * this.width
    for (let i = 0; i < octets.length; i++) if (this.packed.charCodeAt(start + i) !== octets[i]) return false
    return true
  }

  /** True if any endpoint has the address with this key. */
  hasKey(key: string): boolean {
    if (key.length !== this.width) return false
    for (let at = this.packed.indexOf(key); at !== -1; at = this.packed.indexOf(key, at + 1))
      if (at % this.width === 0) return true
    return false
  }

  /** True if the endpoint is called `label`, which spells the address `octets` if it is one. */
  isCalled(index: number, label: string, octets: Uint8Array | null): boolean {
    const name = this.ownName(index)
    return name === '' ? octets !== null && this.hasAddress(index, octets) : name === label
  }

  zone(index: number): string {
    return this.#zones?.[index] ?? ''
  }
}

type Column = readonly string[] | null

/** The addresses back to back, and which entries of a column belong to them: those of another family are left out. */
function packAddresses(slice: PackedSlice | null, width: number): { packed: string; kept: (column: Column) => Column } {
  if (!slice || slice.count === 0) return { packed: '', kept: () => null }
  if (slice.octets !== null)
    return width === 4 ? { packed: slice.octets, kept: (column) => column } : { packed: '', kept: () => null }
  const keys = slice.addresses.map((text) => {
    const octets = octetsOf(text)
    return octets?.length === width ? addressKey(octets) : ''
  })
  return { packed: keys.join(''), kept: (column) => column?.filter((_, index) => keys[index] !== '') ?? null }
}

/** Own names by endpoint; null if none has one. */
function namesOf(slice: PackedSlice | null, { podNames }: SliceTrim): Column {
  if (!slice) return null
  const { hostnames, targets } = slice
  if (!podNames || !targets) return hostnames
  // A pod's name that is no label's length cannot name an endpoint.
  return targets.map((target, index) => {
    const hostname = hostnames?.[index] ?? ''
    return hostname !== '' || target.length > 63 ? hostname : target
  })
}

/** Keys of the texts that are addresses. What `map` makes has no room to grow, unlike what `filter` makes: that would be most of a Service's memory. */
function keysOf(texts: readonly string[]): readonly string[] {
  const keys = texts.map(textKey)
  return keys.includes('') ? keys.filter((key) => key !== '') : keys
}

function targetOf(text: string): Name | null {
  if (text === '' || octetsOf(text)) return null
  try {
    return Name.parse(text)
  } catch (error) {
    if (error instanceof NameError) return null
    throw error
  }
}

/** Lists of ports, of which a cluster has few different ones: equal ones are one. */
export class SharedPorts {
  readonly #lists = new Map<string, readonly Port[]>()

  of(ports: readonly ObjectPort[]): readonly Port[] {
    if (ports.length === 0) return noPorts
    let key = ''
    for (const { name, protocol, port } of ports) key += `${name} ${protocol} ${port ?? ''}\n`
    const known = this.#lists.get(key)
    if (known) return known
    const list = ports.map(({ name, protocol, port }) => ({
      name: name.toLowerCase(),
      protocol: protocol.toLowerCase(),
      number: port ?? -1,
    }))
    if (this.#lists.size >= sharedPortsMax) this.#lists.clear()
    this.#lists.set(key, list)
    return list
  }
}

const sharedPortsMax = 1024
const noPorts: readonly Port[] = [{ name: '', protocol: '', number: -1 }]
const noSlices: readonly SliceNode[] = []
const nothing: readonly never[] = []

/** True for the same ports in the same order. */
export const samePorts = (one: readonly Port[], other: readonly Port[]): boolean =>
  one === other ||
  (one.length === other.length &&
    one.every((port, index) => {
      const { name, protocol, number } = other[index]!
      return port.name === name && port.protocol === protocol && port.number === number
    }))
