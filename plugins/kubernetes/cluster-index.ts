// The cluster as one serving thread sees it, and the versions that tell answers when they are stale.
//
//   namespaces  name ─► presence           a namespace that doesn't exist: slot of `absent`
//      ├─ services: ServiceTree            Services of this cluster
//      └─ imports:  ServiceTree            Services of all clusters (KEP-1645), by the same namespaces
//   pods        by address                 slot of `podAddresses`
//
// Batches are applied in steps of one object, so that queries in between see each object whole.

import { SharedStrings } from '../../k8s/byte-text.ts'
import { type PackedChange, packedChangesOf } from '../../k8s/object-bytes.ts'
import type { ClusterObject, NamespaceObject, ObjectName, PodObject } from '../../k8s/objects.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import { Versioned } from '../version.ts'
import { PodTable } from './pod-table.ts'
import { type ServiceNode, SharedPorts, type SliceNode, type SliceTrim } from './service-node.ts'
import { type AddressMap, Branch, ServiceTree } from './service-tree.ts'
import { VersionTable } from './version-table.ts'

/** A namespace, or the place of one whose Services came first. */
export class NamespaceNode {
  exists = false
  /** Which whole batch named it last. */
  mark = 0
  readonly presence = new Versioned()
  readonly own = new Branch()
  /** Null in nearly all clusters. */
  imported: Branch | null = null

  /** Services of this cluster by name. */
  get services(): ReadonlyMap<string, ServiceNode> {
    return this.own.services
  }

  /** Services of all clusters by name. */
  get imports(): ReadonlyMap<string, ServiceNode> {
    return this.imported?.services ?? nobody
  }
}

/** The serving thread's copy of the cluster. */
export class ClusterIndex {
  /** Unix seconds of the last change: the SOA's serial, which moves in answers that are already made. */
  readonly serial = { value: 0 }
  /** What it was when the index became complete. */
  serialAtSync = 0
  readonly namespaces = new Map<string, NamespaceNode>()
  readonly services: ServiceTree
  readonly imports: ServiceTree
  /** Keys of addresses that PTR answers were made for, or denied: of Services, imports and endpoints, inside and outside. */
  readonly addresses = new VersionTable()
  /** Pods by address key. */
  readonly podsByAddress: AddressMap<PodObject>
  readonly podAddresses = new VersionTable()
  /** Raised when the index becomes complete, and when a kind of objects may be listed or may not any more. */
  readonly completion = new Versioned()
  readonly #strings = new SharedStrings()
  readonly #pods = new PodTable(this.podAddresses, this.#strings)
  #wholeBatches = 0
  #synced = false
  #unlisted: ReadonlySet<ClusterObject['kind']> = new Set()

  constructor(trim: SliceTrim) {
    const shared = {
      trim,
      ports: new SharedPorts(),
      addresses: this.addresses,
      pruned: (namespace: string) => this.#prune(namespace),
    }
    this.services = new ServiceTree({
      ...shared,
      find: (namespace) => this.namespaces.get(namespace)?.own ?? null,
      make: (namespace) => this.#namespaceNode(namespace).own,
    })
    this.imports = new ServiceTree({
      ...shared,
      find: (namespace) => this.namespaces.get(namespace)?.imported ?? null,
      make: (namespace) => {
        const node = this.#namespaceNode(namespace)
        node.imported ??= new Branch()
        return node.imported
      },
    })
    this.podsByAddress = this.#pods.byAddress
  }

  /** What is not here does not exist. */
  get synced(): boolean {
    return this.#synced
  }

  /** True if objects of one of the kinds may exist that are not here, because this server has no right to list them. */
  lacks(...kinds: readonly ClusterObject['kind'][]): boolean {
    return this.#unlisted.size > 0 && kinds.some((kind) => this.#unlisted.has(kind))
  }

  /** `NAMESPACE` and `NAMESPACE/SERVICE` that don't exist. */
  get absent(): VersionTable {
    return this.services.absent
  }

  /** `NAMESPACE/SERVICE/LABEL`, existing or not. */
  get endpointNames(): VersionTable {
    return this.services.endpointNames
  }

  get clusterAddresses(): AddressMap<ServiceNode> {
    return this.services.clusterAddresses
  }

  get endpointAddresses(): AddressMap<SliceNode> {
    return this.services.endpointAddresses
  }

  service(namespace: string, name: string): ServiceNode | undefined {
    return this.services.get(namespace, name)
  }

  import(namespace: string, name: string): ServiceNode | undefined {
    return this.imports.get(namespace, name)
  }

  /** Applies a batch, one object a step; `podSeen` is told of each pod that is new or changed. */
  *apply(batch: ChangeBatch, podSeen: (pod: PodObject) => void = () => {}): Generator<void, void, void> {
    const known = this.namespaces.size > 0 || this.#pods.count > 0
    if (batch.whole) this.#wholeBatches++
    for (const change of packedChangesOf(batch.records, this.#strings)) {
      this.#change(change)
      if ('object' in change && change.object.kind === 'Pod') podSeen(change.object)
      yield
    }
    if (batch.whole && known) yield* this.#sweep()
    // Not sooner: a secondary that has this serial has all that came with it.
    this.serial.value = batch.serial
    const unlisted = new Set(batch.unlisted)
    const completes = batch.synced && !this.#synced
    const isNews = completes || unlisted.symmetricDifference(this.#unlisted).size > 0
    this.#unlisted = unlisted
    if (completes) this.serialAtSync = batch.serial
    this.#synced ||= batch.synced
    if (isNews) this.completion.changed()
  }

  #change(change: PackedChange): void {
    const mark = this.#wholeBatches
    if ('deleted' in change) this.#delete(change.deleted)
    else if ('slice' in change) this.#treeOf(change.slice.kind).putSlice(change.slice, mark)
    else if (change.object.kind === 'Namespace') this.#putNamespace(change.object)
    else if (change.object.kind === 'Pod') this.#pods.put(change.object, mark)
    else this.#treeOf(change.object.kind).putService(change.object, mark)
  }

  #delete({ kind, namespace, name }: ObjectName): void {
    switch (kind) {
      case 'Service':
      case 'ServiceImport':
        this.#treeOf(kind).dropService(namespace, name)
        break
      case 'EndpointSlice':
      case 'ImportedSlice':
        this.#treeOf(kind).dropSlice(namespace, name)
        break
      case 'Namespace':
        this.#dropNamespace(name)
        break
      case 'Pod':
        this.#pods.drop(namespace, name)
        break
    }
  }

  #treeOf(kind: 'Service' | 'EndpointSlice' | 'ServiceImport' | 'ImportedSlice'): ServiceTree {
    return kind === 'Service' || kind === 'EndpointSlice' ? this.services : this.imports
  }

  /** Drops, after a whole batch, what it did not name. Whatever it named is there by now, so nothing is missing in between. */
  *#sweep(): Generator<void, void, void> {
    const mark = this.#wholeBatches
    for (const [name, node] of this.namespaces) {
      yield* this.#sweepBranch(this.services, name, node.own)
      if (node.imported) yield* this.#sweepBranch(this.imports, name, node.imported)
      if (node.mark !== mark) this.#dropNamespace(name)
    }
    const pods: PodObject[] = []
    for (const pod of this.#pods.withoutMark(mark)) {
      if (pod) pods.push(pod)
      yield
    }
    for (const { namespace, name } of pods) {
      this.#pods.drop(namespace, name)
      yield
    }
  }

  *#sweepBranch(tree: ServiceTree, namespace: string, { services, slices }: Branch): Generator<void, void, void> {
    const mark = this.#wholeBatches
    for (const [name, slice] of slices) {
      if (slice.mark !== mark) tree.dropSlice(namespace, name)
      yield
    }
    for (const [name, service] of services) {
      if (service.mark !== mark) tree.dropService(namespace, name)
      yield
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
    node.mark = this.#wholeBatches
    if (node.exists) return
    node.exists = true
    this.absent.changed(name)
  }

  #dropNamespace(name: string): void {
    const node = this.namespaces.get(name)
    if (!node?.exists) return
    node.exists = false
    node.presence.changed()
    this.#prune(name)
  }

  #prune(name: string): void {
    const node = this.namespaces.get(name)
    if (!node || node.exists || node.services.size > 0 || node.imports.size > 0) return
    this.namespaces.delete(name)
  }
}

const nobody: ReadonlyMap<string, ServiceNode> = new Map()
