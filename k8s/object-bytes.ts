// Objects as bytes: what the store keeps, what batches carry between threads and what a snapshot file holds. Equal bytes are equal objects.
//
//   change    length │ tag │ namespace │ name │ fields of the kind …        the tag says the kind, and whether this is the object or that it is gone
//   slice     … service │ flags │ ports │ count │ IPv4 addresses packed, or texts │ host names │ targets │ zones        columns only where one is not ''
//
// Pods end with their labels, which no record shows: what comes before is what DNS shows.

import { isIPv4 } from 'node:net'
import { ByteReader, ByteWriter, DamagedBytes, SharedStrings } from './byte-text.ts'
import type {
  ClusterObject,
  Endpoint,
  EndpointSliceObject,
  ImportedSliceObject,
  Labels,
  ObjectName,
  ObjectPort,
  PodObject,
} from './objects.ts'

/** One change: the object as it is now, or the name of one that is gone. */
export type Change = { readonly object: ClusterObject } | { readonly deleted: ObjectName }

/** What changed, in one go. Plain data: it is copied into every serving thread. */
export interface ChangeBatch {
  /** Changes back to back, in the order that they happened. */
  readonly records: Uint8Array
  /** Unix seconds of the last change that DNS shows; 0 before the first. */
  readonly serial: number
  /** Everything wanted has been listed: what is not there does not exist. */
  readonly synced: boolean
  /** These are all objects there are: what the receiver has beyond them is gone. */
  readonly whole: boolean
  /** Kinds that this server has no right to list: what is not there of them may exist all the same. Left out where there are none. */
  readonly unlisted?: readonly ClusterObject['kind'][]
}

/** An EndpointSlice whose endpoints are columns: as compact as in its bytes, for who keeps it so. */
export interface PackedSlice extends Omit<EndpointSliceObject, 'kind' | 'endpoints'> {
  readonly kind: 'EndpointSlice' | 'ImportedSlice'
  /** '' for a slice of this cluster. */
  readonly cluster: string
  readonly count: number
  /** Four octets an endpoint, one character each; null where `addresses` has texts. */
  readonly octets: string | null
  readonly addresses: readonly string[]
  /** One an endpoint, or null if all are ''. */
  readonly hostnames: readonly string[] | null
  readonly targets: readonly string[] | null
  readonly zones: readonly string[] | null
}

/** As Change, slices packed. */
export type PackedChange =
  | { readonly deleted: ObjectName }
  | { readonly slice: PackedSlice }
  | { readonly object: Exclude<ClusterObject, EndpointSliceObject | ImportedSliceObject> }

/** The changes of a batch, decoded one at a time; throws DamagedBytes if they are no changes. */
export function* changesOf(batch: Pick<ChangeBatch, 'records'>): Generator<Change, void, void> {
  for (const change of packedChangesOf(batch.records, new SharedStrings())) yield unpackedChange(change)
}

/** The object that the bytes are; null if they say that it is gone. */
export function objectOf(reader: ByteReader): ClusterObject | null {
  const change = unpackedChange(readChange(reader))
  return 'object' in change ? change.object : null
}

const unpackedChange = (change: PackedChange): Change =>
  'slice' in change ? { object: unpacked(change.slice) } : change

/** As changesOf; equal names in different batches are one string as far as `strings` remembers. */
export function* packedChangesOf(records: Uint8Array, strings: SharedStrings): Generator<PackedChange, void, void> {
  for (let reader = new ByteReader(records, strings); !reader.ended; ) {
    const length = reader.count()
    const end = reader.position + length
    if (length === 0 || end > records.length) throw new DamagedBytes('the records end early')
    const change = readChange(new ByteReader(reader.bytes, strings, reader.position, end))
    reader.position = end
    yield change
  }
}

/** A batch of these changes: for tests, and wherever objects don't come from a store. */
export function batchOf(changes: Iterable<Change>, state: Omit<ChangeBatch, 'records'>): ChangeBatch {
  const records = new ByteWriter()
  const change = new ByteWriter()
  for (const each of changes) {
    change.reset()
    if ('object' in each) writeObject(change, each.object)
    else writeDeleted(change, each.deleted)
    records.append(change.bytes.subarray(0, change.length), true)
  }
  return { ...state, records: records.copy() }
}

/** Kinds, by the tag of their bytes. */
export const kinds = ['Service', 'EndpointSlice', 'Namespace', 'Pod', 'ServiceImport', 'ImportedSlice'] as const
const tagOf = Object.fromEntries(kinds.map((kind, tag) => [kind, tag])) as Record<ClusterObject['kind'], number>

/** Set in the tag of what is gone. */
export const deletedBit = 0x80

/** Writes that the object is gone. */
export function writeDeleted(writer: ByteWriter, { kind, namespace, name }: ObjectName): void {
  writer.octet(tagOf[kind] | deletedBit)
  writer.text(namespace)
  writer.text(name)
}

/** Writes the object; returns how many of its bytes DNS shows. */
export function writeObject(writer: ByteWriter, object: ClusterObject): number {
  writer.octet(tagOf[object.kind])
  writer.text(object.namespace)
  writer.text(object.name)
  switch (object.kind) {
    case 'Namespace':
      break
    case 'Service':
      writer.octet((object.headless ? 1 : 0) | (object.externalName === null ? 0 : 2))
      if (object.externalName !== null) writer.text(object.externalName)
      writeTexts(writer, object.clusterIPs)
      writeTexts(writer, object.external)
      writePorts(writer, object.ports)
      break
    case 'ServiceImport':
      writer.octet(object.headless ? 1 : 0)
      writeTexts(writer, object.addresses)
      writePorts(writer, object.ports)
      break
    case 'ImportedSlice':
      writer.text(object.cluster)
      writeSlice(writer, object)
      break
    case 'EndpointSlice':
      writeSlice(writer, object)
      break
    case 'Pod': {
      writer.text(object.address)
      const shown = writer.length
      writeLabels(writer, object.labels)
      return shown
    }
  }
  return writer.length
}

function readChange(reader: ByteReader): PackedChange {
  const tag = reader.octet()
  const kind = kinds[tag & ~deletedBit]
  if (kind === undefined) throw new DamagedBytes(`there is no kind of object ${tag}`)
  const namespace = reader.sharedText()
  const name = reader.text()
  if (tag & deletedBit) return { deleted: { kind, namespace, name } }
  switch (kind) {
    case 'Namespace':
      return { object: { kind, namespace: '', name } }
    case 'Service': {
      const flags = reader.octet()
      const externalName = flags & 2 ? reader.text() : null
      const clusterIPs = readTexts(reader)
      const external = readTexts(reader)
      const ports = readPorts(reader)
      return {
        object: { kind, namespace, name, externalName, headless: (flags & 1) !== 0, clusterIPs, external, ports },
      }
    }
    case 'ServiceImport': {
      const headless = reader.octet() !== 0
      const addresses = readTexts(reader)
      return { object: { kind, namespace, name, headless, addresses, ports: readPorts(reader) } }
    }
    case 'Pod':
      return { object: readRestOfPod(reader, namespace, name) }
    case 'ImportedSlice': {
      const cluster = reader.sharedText()
      return { slice: readSlice(reader, { kind, namespace, name, cluster }) }
    }
    case 'EndpointSlice':
      return { slice: readSlice(reader, { kind, namespace, name, cluster: '' }) }
  }
}

/** Reads the bytes of a pod. */
export function readPod(reader: ByteReader): PodObject {
  reader.octet()
  const namespace = reader.sharedText()
  return readRestOfPod(reader, namespace, reader.text())
}

function readRestOfPod(reader: ByteReader, namespace: string, name: string): PodObject {
  const address = reader.text()
  return { kind: 'Pod', namespace, name, address, labels: readLabels(reader) }
}

// ---- parts -----------------------------------------------------------------------------------------------------------------------

function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.count(texts.length)
  for (const text of texts) writer.text(text)
}

function readTexts(reader: ByteReader): string[] {
  const texts: string[] = []
  for (let left = reader.count(); left > 0; left--) texts.push(reader.text())
  return texts
}

function writePorts(writer: ByteWriter, ports: readonly ObjectPort[]): void {
  writer.count(ports.length)
  for (const { name, protocol, port } of ports) {
    writer.text(name)
    writer.text(protocol)
    writer.count(port === null ? 0 : port + 1)
  }
}

function readPorts(reader: ByteReader): ObjectPort[] {
  const ports: ObjectPort[] = []
  for (let left = reader.count(); left > 0; left--) {
    const name = reader.sharedText()
    const protocol = reader.sharedText()
    const port = reader.count()
    ports.push({ name, protocol, port: port === 0 ? null : port - 1 })
  }
  return ports
}

function writeLabels(writer: ByteWriter, labels: Labels): void {
  // In order, so that equal labels are equal bytes.
  const keys = Object.keys(labels).sort()
  writer.count(keys.length)
  for (const key of keys) {
    writer.text(key)
    writer.text(labels[key]!)
  }
}

function readLabels(reader: ByteReader): Labels {
  // Keys come from the cluster: `__proto__` must be one like any other.
  const labels: [string, string][] = []
  for (let left = reader.count(); left > 0; left--) labels.push([reader.sharedText(), reader.sharedText()])
  return Object.fromEntries(labels)
}

// ---- slices ----------------------------------------------------------------------------------------------------------------------

const ipv6Flag = 1
const packedFlag = 2
const hostnamesFlag = 4
const targetsFlag = 8
const zonesFlag = 16

function writeSlice(writer: ByteWriter, slice: EndpointSliceObject | ImportedSliceObject): void {
  const { endpoints } = slice
  const packed = endpoints.every(({ address }) => isIPv4(address))
  let flags = (slice.family === 6 ? ipv6Flag : 0) | (packed ? packedFlag : 0)
  for (const { hostname, target, zone } of endpoints) {
    if (hostname !== '') flags |= hostnamesFlag
    if (target !== '') flags |= targetsFlag
    if (zone !== '') flags |= zonesFlag
  }
  writer.text(slice.service)
  writer.octet(flags)
  writePorts(writer, slice.ports)
  writer.count(endpoints.length)
  for (const { address } of endpoints) {
    if (packed) writeIpv4(writer, address)
    else writer.text(address)
  }
  if (flags & hostnamesFlag) for (const { hostname } of endpoints) writer.text(hostname)
  if (flags & targetsFlag) for (const { target } of endpoints) writer.text(target)
  if (flags & zonesFlag) for (const { zone } of endpoints) writer.text(zone)
}

/** isIPv4 takes no leading zeros, so the text can be had back from the octets. */
function writeIpv4(writer: ByteWriter, text: string): void {
  let octet = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2e) {
      writer.octet(octet)
      octet = 0
    } else octet = octet * 10 + code - 0x30
  }
  writer.octet(octet)
}

function readSlice(reader: ByteReader, of: Pick<PackedSlice, 'kind' | 'namespace' | 'name' | 'cluster'>): PackedSlice {
  const service = reader.text()
  const flags = reader.octet()
  const ports = readPorts(reader)
  const count = reader.countOfMore()
  const octets = flags & packedFlag ? reader.latin1(4 * count) : null
  const column = (present: boolean, read: () => string): string[] | null => {
    if (!present) return null
    // With no room to grow: these are most of what an index keeps.
    const texts = new Array<string>(count)
    for (let i = 0; i < count; i++) texts[i] = read()
    return texts
  }
  const own = (): string => reader.text()
  const shared = (): string => reader.sharedText()
  const addresses = column(octets === null, own) ?? []
  const hostnames = column((flags & hostnamesFlag) !== 0, own)
  const targets = column((flags & targetsFlag) !== 0, own)
  const zones = column((flags & zonesFlag) !== 0, shared)
  const family = flags & ipv6Flag ? 6 : 4
  return { ...of, service, family, ports, count, octets, addresses, hostnames, targets, zones }
}

/** The slice as a plain object. */
function unpacked(slice: PackedSlice): EndpointSliceObject | ImportedSliceObject {
  const { kind, namespace, name, cluster, service, family, ports } = slice
  const endpoints = Array.from(
    { length: slice.count },
    (_, index): Endpoint => ({
      address: addressText(slice, index),
      hostname: slice.hostnames?.[index] ?? '',
      target: slice.targets?.[index] ?? '',
      zone: slice.zones?.[index] ?? '',
    }),
  )
  if (kind === 'EndpointSlice') return { kind, namespace, name, service, family, ports, endpoints }
  return { kind, namespace, name, service, cluster, family, ports, endpoints }
}

function addressText({ octets, addresses }: PackedSlice, index: number): string {
  if (octets === null) return addresses[index]!
  const at = (offset: number): number => octets.charCodeAt(4 * index + offset)
  return `${at(0)}.${at(1)}.${at(2)}.${at(3)}`
}
