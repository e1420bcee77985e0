// The cluster as one serving thread sees it, and the versions that tell answers when they are stale.
//
//   names     namespace ─► presence        "NS", "NS/SERVICE" that don't exist: slot of `absent`
//                └─ service ─► spec, endpoints, occupancy        endpoint names: slot of `endpointNames`
//   reverse   address ─► Services with that cluster address, slices with that endpoint        slot of `addresses`
//   pods      address ─► pods        slot of `podAddresses`
//
// A change raises exactly what it changes: an endpoint that goes raises its own name, its address and its Service's `endpoints`, but nothing that a ClusterIP's
// answer was made from. Batches are applied in steps of one object, so that queries in between see each object whole.

import type {
  ClusterObject,
  EndpointSliceObject,
  NamespaceObject,
  ObjectName,
  PodObject,
  ServiceObject,
} from '../../k8s/objects.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import { Versioned } from '../version.ts'
import { addressKey, textKey } from './addresses.ts'
import { MultiMap } from './multi-map.ts'
import { ServiceNode, SliceNode, type SliceTrim, SliceView, samePorts, viewService } from './service-node.ts'
import { VersionTable } from './version-table.ts'

/** A namespace, or the place of one whose Services came first. */
export class NamespaceNode {
  exists = false
  readonly presence = new Versioned()
  readonly services = new Map<string, ServiceNode>()
}

/** The serving thread's copy of the cluster. */
export class ClusterIndex {
  /** Unix seconds of the last change: the SOA's serial, which moves in answers that are already made. */
  readonly serial = { value: 0 }
  readonly namespaces = new Map<string, NamespaceNode>()
  readonly clusterAddresses = new MultiMap<ServiceNode>()
  readonly endpointAddresses = new MultiMap<SliceNode>()
  readonly podsByAddress = new MultiMap<PodObject>()
  /** `NAMESPACE` and `NAMESPACE/SERVICE` that don't exist. */
  readonly absent = new VersionTable()
  /** `NAMESPACE/SERVICE/LABEL`, existing or not. */
  readonly endpointNames = new VersionTable()
  /** Keys of addresses that PTR answers were made for, or denied. */
  readonly addresses = new VersionTable()
  readonly podAddresses = new VersionTable()
  /** Raised once, when the index becomes complete. */
  readonly completion = new Versioned()
  readonly #trim: SliceTrim
  readonly #slices = new Map<string, SliceNode>()
  readonly #pods = new Map<string, PodObject>()
  #synced = false

  constructor(trim: SliceTrim) {
    this.#trim = trim
  }

  /** What is not here does not exist. */
  get synced(): boolean {
    return this.#synced
  }

  service(namespace: string, name: string): ServiceNode | undefined {
    return this.namespaces.get(namespace)?.services.get(name)
  }

  /** Applies a batch, one object a step. */
  *apply(batch: ChangeBatch): Generator<void, void, void> {
    for (const object of batch.upserts) {
      this.#upsert(object)
      this.serial.value = batch.serial
      yield
    }
    for (const object of batch.deletes) {
      this.#delete(object)
      this.serial.value = batch.serial
      yield
    }
    this.serial.value = batch.serial
    if (!batch.synced || this.#synced) return
    this.#synced = true
    this.completion.changed()
  }

  #upsert(object: ClusterObject): void {
    switch (object.kind) {
      case 'Service':
        this.#putService(object)
        break
      case 'EndpointSlice':
        this.#putSlice(object)
        break
      case 'Namespace':
        this.#putNamespace(object)
        break
      case 'Pod':
        this.#putPod(object)
        break
    }
  }

  #delete({ kind, namespace, name }: ObjectName): void {
    switch (kind) {
      case 'Service':
        this.#dropService(namespace, name)
        break
      case 'EndpointSlice':
        this.#dropSlice(`${namespace}/${name}`)
        break
      case 'Namespace':
        this.#dropNamespace(name)
        break
      case 'Pod':
        this.#dropPod(`${namespace}/${name}`)
        break
    }
  }

  // ---- namespaces ----------------------------------------------------------------------------------------------------------------

  #namespaceNode(name: string): NamespaceNode {
    const node = this.namespaces.get(name) ?? new NamespaceNode()
    this.namespaces.set(name, node)
    return node
  }

  #putNamespace({ name }: NamespaceObject): void {
    const node = this.#namespaceNode(name)
    if (node.exists) return
    node.exists = true
    this.absent.changed(name)
  }

  #dropNamespace(name: string): void {
    const node = this.namespaces.get(name)
    if (!node?.exists) return
    node.exists = false
    node.presence.changed()
    if (node.services.size === 0) this.namespaces.delete(name)
  }

  // ---- services ------------------------------------------------------------------------------------------------------------------

  #serviceNode(namespace: string, name: string): ServiceNode {
    const { services } = this.#namespaceNode(namespace)
    const node = services.get(name) ?? new ServiceNode(namespace, name)
    services.set(name, node)
    return node
  }

  #dropIfEmpty(node: ServiceNode): void {
    if (node.view || node.slices.size > 0) return
    const namespace = this.namespaces.get(node.namespace)
    namespace?.services.delete(node.name)
    if (namespace && !namespace.exists && namespace.services.size === 0) this.namespaces.delete(node.namespace)
  }

  #putService(object: ServiceObject): void {
    const node = this.#serviceNode(object.namespace, object.name)
    const before = node.view
    node.view = viewService(object)
    if (!before) this.absent.changed(`${object.namespace}/${object.name}`)
    node.spec.changed()
    this.#moveClusterAddresses(node, before?.addresses ?? [], node.view.addresses)
  }

  #dropService(namespace: string, name: string): void {
    const node = this.service(namespace, name)
    if (!node?.view) return
    this.#moveClusterAddresses(node, node.view.addresses, [])
    node.view = null
    node.spec.changed()
    this.#dropIfEmpty(node)
  }

  #moveClusterAddresses(node: ServiceNode, before: readonly Uint8Array[], after: readonly Uint8Array[]): void {
    const old = new Set(before.map(addressKey))
    const now = new Set(after.map(addressKey))
    for (const key of now) {
      if (old.has(key)) continue
      this.clusterAddresses.add(key, node)
      this.addresses.changed(key)
    }
    for (const key of old) {
      if (now.has(key)) continue
      this.clusterAddresses.delete(key, node)
      this.addresses.changed(key)
    }
  }

  // ---- endpoints -----------------------------------------------------------------------------------------------------------------

  #putSlice(object: EndpointSliceObject): void {
    const key = `${object.namespace}/${object.name}`
    const known = this.#slices.get(key)
    if (known && known.service.name !== object.service) this.#dropSlice(key)
    const view = new SliceView(object, this.#trim)
    const slice = this.#slices.get(key) ?? this.#newSlice(key, object)
    this.#changeSlice(slice, view)
  }

  #newSlice(key: string, object: EndpointSliceObject): SliceNode {
    const service = this.#serviceNode(object.namespace, object.service)
    const slice = new SliceNode(service, new SliceView(null, this.#trim))
    service.slices.add(slice)
    this.#slices.set(key, slice)
    return slice
  }

  #dropSlice(key: string): void {
    const slice = this.#slices.get(key)
    if (!slice) return
    this.#changeSlice(slice, new SliceView(null, this.#trim))
    this.#slices.delete(key)
    slice.service.slices.delete(slice)
    this.#dropIfEmpty(slice.service)
  }

  #changeSlice(slice: SliceNode, view: SliceView): void {
    const { service } = slice
    const before = endpointsByIdentity(slice.view)
    const after = endpointsByIdentity(view)
    const portsDiffer = !samePorts(slice.view.ports, view.ports)
    let differs = portsDiffer && (before.size > 0 || after.size > 0)
    const touched = (endpoints: typeof before, others: typeof before): void => {
      for (const [identity, { label, key }] of endpoints) {
        const moved = !others.has(identity)
        if (!moved && !portsDiffer) continue
        differs = true
        this.endpointNames.changed(`${service.namespace}/${service.name}/${label}`)
        if (moved) this.addresses.changed(key)
      }
    }
    const oldKeys = new Set([...before.values()].map(({ key }) => key))
    const newKeys = new Set([...after.values()].map(({ key }) => key))
    for (const key of newKeys) if (!oldKeys.has(key)) this.endpointAddresses.add(key, slice)
    for (const key of oldKeys) if (!newKeys.has(key)) this.endpointAddresses.delete(key, slice)
    const wasEmpty = service.endpointCount === 0
    service.endpointCount += view.count - slice.view.count
    slice.view = view
    touched(before, after)
    touched(after, before)
    if (wasEmpty !== (service.endpointCount === 0)) service.occupancy.changed()
    if (differs) service.endpoints.changed()
  }

  // ---- pods ----------------------------------------------------------------------------------------------------------------------

  #putPod(object: PodObject): void {
    const name = `${object.namespace}/${object.name}`
    this.#dropPod(name)
    const key = textKey(object.address)
    this.#pods.set(name, object)
    this.podsByAddress.add(key, object)
    this.podAddresses.changed(key)
  }

  #dropPod(name: string): void {
    const object = this.#pods.get(name)
    if (!object) return
    const key = textKey(object.address)
    this.#pods.delete(name)
    this.podsByAddress.delete(key, object)
    this.podAddresses.changed(key)
  }
}

/** The endpoints of a slice by all that answers show of them but the ports. */
function endpointsByIdentity(view: SliceView): Map<string, { readonly label: string; readonly key: string }> {
  const found = new Map<string, { label: string; key: string }>()
  for (let i = 0; i < view.count; i++) {
    const label = view.label(i)
    const key = addressKey(view.octets(i))
    found.set(`${label}/${view.zone(i)}/${key}`, { label, key })
  }
  return found
}
