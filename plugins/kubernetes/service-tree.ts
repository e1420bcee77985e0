// The Services of a cluster by namespace and name, or those that other clusters export, with the way back from addresses.
//
//   namespace ─► Branch ─► name ─► ServiceNode ◄── SliceNode ◄─ name of the slice
//   address ─► Services with it as their own, Services reached by it from outside, slices with such an endpoint
//
// A change raises exactly what it changes: an endpoint that goes raises its own name, its address and its Service's `endpoints`, but nothing that a ClusterIP's
// answer was made from.

import type { PackedSlice } from '../../k8s/object-bytes.ts'
import type { ServiceImportObject, ServiceObject } from '../../k8s/objects.ts'
import { AddressTable, hashAddress } from './address-table.ts'
import { addressKey } from './addresses.ts'
import { FamilyCensus } from './family-census.ts'
import {
  ServiceNode,
  ServiceView,
  type SharedPorts,
  SliceNode,
  type SliceTrim,
  SliceView,
  samePorts,
} from './service-node.ts'
import { VersionTable } from './version-table.ts'

/** What one namespace has of a tree. */
export class Branch {
  readonly services = new Map<string, ServiceNode>()
  readonly slices = new Map<string, SliceNode>()
}

/** What a tree is told by its index. */
export interface TreeOptions {
  readonly trim: SliceTrim
  readonly ports: SharedPorts
  /** Raised for each address that comes or goes. */
  readonly addresses: VersionTable
  /** The tree's part of a namespace; null if the namespace is not there. */
  readonly find: (namespace: string) => Branch | null
  /** As `find`, made if need be. */
  readonly make: (namespace: string) => Branch
  /** Told that a Service is gone, and with it perhaps the last of its namespace. */
  readonly pruned: (namespace: string) => void
}

/** Owners by address. */
export interface AddressMap<Owner> {
  /** Who has the address with this key (`addressKey`). */
  get(key: string): readonly Owner[]
}

/** One tree of Services. */
export class ServiceTree {
  /** `NAMESPACE/SERVICE` that don't exist. */
  readonly absent = new VersionTable()
  /** `NAMESPACE/SERVICE/LABEL`, existing or not; of imports `NAMESPACE/SERVICE/LABEL.CLUSTER`. */
  readonly endpointNames = new VersionTable()
  /** Services by cluster address. */
  readonly clusterAddresses: AddressMap<ServiceNode>
  /** Services by external address. */
  readonly externalAddresses: AddressMap<ServiceNode>
  readonly endpointAddresses: AddressMap<SliceNode>
  /** Cluster addresses and endpoints by family. */
  readonly families = new FamilyCensus()
  readonly #options: TreeOptions
  readonly #services = new Numbers<ServiceNode>()
  readonly #slices = new Numbers<SliceNode>()
  readonly #ofCluster = new AddressTable()
  readonly #ofOutside = new AddressTable()
  readonly #ofEndpoints = new AddressTable()
  readonly #noEndpoints: SliceView

  constructor(options: TreeOptions) {
    this.#options = options
    this.#noEndpoints = new SliceView(null, options.trim, options.ports)
    const map = <Owner>(table: AddressTable, owners: Numbers<Owner>, has: (owner: Owner, key: string) => boolean) => ({
      get: (key: string): readonly Owner[] =>
        table.owners(hashAddress(key)).flatMap((number) => {
          const owner = owners.get(number)
          return owner && has(owner, key) ? [owner] : []
        }),
    })
    this.clusterAddresses = map(this.#ofCluster, this.#services, ({ view }, key) => clusterKeys(view).includes(key))
    this.externalAddresses = map(this.#ofOutside, this.#services, ({ view }, key) => outsideKeys(view).includes(key))
    this.endpointAddresses = map(this.#ofEndpoints, this.#slices, ({ view }, key) => view.hasKey(key))
  }

  get(namespace: string, name: string): ServiceNode | undefined {
    return this.#options.find(namespace)?.services.get(name)
  }

  // ---- services ------------------------------------------------------------------------------------------------------------------

  putService(object: ServiceObject | ServiceImportObject, mark: number): void {
    const node = this.#serviceNode(object.namespace, object.name)
    const before = node.view
    node.view = new ServiceView(object, this.#options.ports)
    node.mark = mark
    if (!before && !this.absent.idle) this.absent.changed(`${object.namespace}/${object.name}`)
    node.specChanged()
    this.#moveAddresses(node, before, node.view)
  }

  dropService(namespace: string, name: string): void {
    const node = this.get(namespace, name)
    if (!node?.view) return
    const before = node.view
    node.view = null
    this.#moveAddresses(node, before, null)
    node.specChanged()
    this.#dropIfEmpty(node)
  }

  #serviceNode(namespace: string, name: string): ServiceNode {
    const { services } = this.#options.make(namespace)
    const known = services.get(name)
    if (known) return known
    const node = this.#services.add((number) => new ServiceNode(namespace, name, number))
    services.set(name, node)
    return node
  }

  #dropIfEmpty(node: ServiceNode): void {
    if (node.view || node.slices.length > 0) return
    this.#services.delete(node.number)
    this.#options.find(node.namespace)?.services.delete(node.name)
    this.#options.pruned(node.namespace)
  }

  #moveAddresses(node: ServiceNode, before: ServiceView | null, after: ServiceView | null): void {
    this.#moveKeys(this.#ofCluster, node, new Set(clusterKeys(before)), new Set(clusterKeys(after)))
    this.#moveKeys(this.#ofOutside, node, new Set(outsideKeys(before)), new Set(outsideKeys(after)))
    for (const key of clusterKeys(after)) this.families.add(key.length, 1)
    for (const key of clusterKeys(before)) this.families.add(key.length, -1)
  }

  #moveKeys(table: AddressTable, node: ServiceNode, before: Set<string>, after: Set<string>): void {
    for (const key of after) {
      if (before.has(key)) continue
      table.add(hashAddress(key), node.number)
      this.#options.addresses.changed(key)
    }
    for (const key of before) {
      if (after.has(key)) continue
      table.delete(hashAddress(key), node.number)
      this.#options.addresses.changed(key)
    }
  }

  // ---- slices --------------------------------------------------------------------------------------------------------------------

  putSlice(object: PackedSlice, mark: number): void {
    const { namespace, name, service } = object
    const known = this.#options.find(namespace)?.slices.get(name)
    if (known && known.service.name !== service) this.dropSlice(namespace, name)
    const slice = this.#sliceNode(object)
    slice.mark = mark
    this.#changeSlice(slice, new SliceView(object, this.#options.trim, this.#options.ports))
  }

  dropSlice(namespace: string, name: string): void {
    const branch = this.#options.find(namespace)
    const slice = branch?.slices.get(name)
    if (!branch || !slice) return
    this.#changeSlice(slice, this.#noEndpoints)
    branch.slices.delete(name)
    this.#slices.delete(slice.number)
    const { service } = slice
    service.slices = service.slices.filter((each) => each !== slice)
    this.#dropIfEmpty(service)
  }

  #sliceNode({ namespace, name, service: serviceName }: PackedSlice): SliceNode {
    const service = this.#serviceNode(namespace, serviceName)
    const { slices } = this.#options.make(namespace)
    const known = slices.get(name)
    if (known) return known
    const slice = this.#slices.add((number) => new SliceNode(service, number, this.#noEndpoints))
    // A spread would make room for sixteen more.
    service.slices = service.slices.length === 0 ? [slice] : [...service.slices, slice]
    slices.set(name, slice)
    return slice
  }

  #changeSlice(slice: SliceNode, view: SliceView): void {
    const { service, view: before } = slice
    this.#moveEndpoints(slice, before, view)
    this.families.add(view.width, view.count)
    this.families.add(before.width, -before.count)
    const wasEmpty = service.endpointCount === 0
    service.endpointCount += view.count - before.count
    slice.view = view
    const differs = this.#raiseEndpoints(service, before, view)
    if (wasEmpty !== (service.endpointCount === 0)) service.occupancyChanged()
    if (differs) service.endpointsChanged()
  }

  #moveEndpoints({ number }: SliceNode, before: SliceView, after: SliceView): void {
    if (before.packed === after.packed && before.width === after.width) return
    const { width } = after
    for (let i = 0; i < after.count; i++) this.#ofEndpoints.add(hashAddress(after.packed, i * width, width), number)
    for (let i = 0; i < before.count; i++)
      this.#ofEndpoints.delete(hashAddress(before.packed, i * before.width, before.width), number)
  }

  /** Raises the names and addresses of endpoints that are not the same in both; true if there were any. */
  #raiseEndpoints(service: ServiceNode, before: SliceView, after: SliceView): boolean {
    const portsDiffer = !samePorts(before.ports, after.ports)
    const { addresses } = this.#options
    // Nobody to tell which endpoint it was.
    if (before.count === 0 && this.endpointNames.idle && addresses.idle) return after.count > 0
    const old = identities(before)
    const now = identities(after)
    let differs = false
    const raise = (view: SliceView, own: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>): void => {
      for (const [identity, index] of own) {
        const moved = !others.has(identity)
        if (!moved && !portsDiffer) continue
        differs = true
        const label = view.cluster === '' ? view.label(index) : `${view.label(index)}.${view.cluster}`
        this.endpointNames.changed(`${service.namespace}/${service.name}/${label}`)
        if (moved) addresses.changed(view.key(index))
      }
    }
    raise(before, old, now)
    raise(after, now, old)
    return differs
  }
}

/** The endpoints of a slice by all that answers show of them but the ports. One that is repeated counts each time: it weighs more. */
function identities(view: SliceView): Map<string, number> {
  const found = new Map<string, number>()
  const repeats = new Map<string, number>()
  for (let i = 0; i < view.count; i++) {
    const identity = `${view.ownName(i)}/${view.zone(i)}/${view.cluster}/${view.key(i)}`
    if (!found.has(identity)) {
      found.set(identity, i)
      continue
    }
    const repeat = (repeats.get(identity) ?? 0) + 1
    repeats.set(identity, repeat)
    found.set(`${identity} ${repeat}`, i)
  }
  return found
}

const clusterKeys = (view: ServiceView | null): readonly string[] => view?.addressKeys ?? []
const outsideKeys = (view: ServiceView | null): string[] => view?.externalAddresses.map(addressKey) ?? []

/** Values by small numbers, which are given again when one is gone. */
class Numbers<Value> {
  readonly #values: (Value | undefined)[] = []
  readonly #free: number[] = []

  add(make: (number: number) => Value): Value {
    const number = this.#free.pop() ?? this.#values.length
    const value = make(number)
    this.#values[number] = value
    return value
  }

  get(number: number): Value | undefined {
    return this.#values[number]
  }

  delete(number: number): void {
    this.#values[number] = undefined
    this.#free.push(number)
  }
}
