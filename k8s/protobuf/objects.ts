// The objects that DNS answers come from, as protobuf messages: field numbers of k8s.io/api (core/v1, discovery/v1) and k8s.io/apimachinery (meta/v1). Only what
// counts is made into values; managed fields, conditions, specs of containers and the like are passed over by their length.

import type { DecodedItem } from '../decoder.ts'
import type { ClusterObject, ObjectPort, Trim } from '../objects.ts'
import {
  decodedItem,
  type EndpointSource,
  makeDecoded,
  noLabels,
  type PodSource,
  type ServiceSource,
  type SliceSource,
  trimImportedSlice,
  trimPod,
  trimService,
  trimSlice,
} from '../trim.ts'
import { newMeta, noWishes, podWishes, readMetadata, readMetadataOnly, sliceWishes } from './metadata.ts'
import type { WireReader } from './wire-reader.ts'

type Kind = ClusterObject['kind']

/** Reads one object's message, up to its end; throws DecodeError if it is damaged, one of a wrong shape is an Undecodable. */
export type ObjectReader = (reader: WireReader, trim: Trim) => DecodedItem

/** How objects of each kind are read. ServiceImports are a custom resource: they have no protobuf form. */
export const objectReaders: ReadonlyMap<Kind, ObjectReader> = new Map<Kind, ObjectReader>([
  ['Service', readService],
  ['Namespace', readNamespace],
  ['Pod', readPod],
  ['EndpointSlice', (reader, trim) => readSlice('EndpointSlice', reader, trim)],
  ['ImportedSlice', (reader, trim) => readSlice('ImportedSlice', reader, trim)],
])

/** Reads the object of a DELETED event: its metadata, nothing else. */
export function readGone(kind: Kind, reader: WireReader): DecodedItem {
  const metadata = readMetadataOnly(reader, noWishes)
  return decodedItem(kind, () => makeDecoded(kind, metadata, () => ({ metadata, object: null })))
}

function readNamespace(reader: WireReader): DecodedItem {
  const metadata = readMetadataOnly(reader, noWishes)
  return decodedItem('Namespace', () =>
    makeDecoded('Namespace', metadata, ({ name }) => ({
      metadata,
      object: { kind: 'Namespace', namespace: '', name },
    })),
  )
}

function readPod(reader: WireReader, trim: Trim): DecodedItem {
  const metadata = newMeta()
  const source: PodSource = { phase: '', podIP: '' }
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readMetadata(reader, metadata, trim.podLabels ? podWishes : noWishes)
    else if (field === 3) readPodStatus(reader, source)
    else reader.skip()
  }
  return decodedItem('Pod', () =>
    makeDecoded('Pod', metadata, (name) => ({
      metadata: { ...metadata, labels: noLabels },
      object: trimPod(name, metadata, source, trim),
    })),
  )
}

function readPodStatus(reader: WireReader, source: PodSource): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) source.phase = reader.sharedText()
    else if (field === 6) source.podIP = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
}

// ---- Service -----------------------------------------------------------------------------------------------------------------------

interface ServiceLists extends ServiceSource {
  readonly clusterIPs: string[]
  readonly externalIPs: string[]
  readonly ports: ObjectPort[]
  readonly ingress: string[]
}

function readService(reader: WireReader): DecodedItem {
  const metadata = newMeta()
  const source: ServiceLists = {
    type: '',
    clusterIP: '',
    clusterIPs: [],
    externalIPs: [],
    externalName: '',
    ports: [],
    ingress: [],
  }
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readMetadata(reader, metadata, noWishes)
    else if (field === 2) readServiceSpec(reader, source)
    else if (field === 3) readServiceStatus(reader, source)
    else reader.skip()
  }
  return decodedItem('Service', () =>
    makeDecoded('Service', metadata, (name) => ({ metadata, object: trimService(name, source) })),
  )
}

function readServiceSpec(reader: WireReader, source: ServiceLists): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) source.ports.push(readServicePort(reader))
    else if (field === 3) source.clusterIP = reader.text()
    else if (field === 4) source.type = reader.sharedText()
    else if (field === 5) source.externalIPs.push(reader.text())
    else if (field === 10) source.externalName = reader.text()
    else if (field === 18) source.clusterIPs.push(reader.text())
    else reader.skip()
  }
  reader.leave(outer)
}

/** A port of a Service always has a number: 0 is none. */
function readServicePort(reader: WireReader): ObjectPort {
  let name = ''
  let protocol = ''
  let port: number | null = null
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.sharedText()
    else if (field === 2) protocol = reader.sharedText()
    else if (field === 3) port = reader.number() || null
    else reader.skip()
  }
  reader.leave(outer)
  return { name, protocol: protocol || 'TCP', port }
}

/** ServiceStatus, of which loadBalancer (1) counts. */
function readServiceStatus(reader: WireReader, source: ServiceLists): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readLoadBalancer(reader, source)
    else reader.skip()
  }
  reader.leave(outer)
}

function readLoadBalancer(reader: WireReader, source: ServiceLists): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) source.ingress.push(readIngress(reader))
    else reader.skip()
  }
  reader.leave(outer)
}

function readIngress(reader: WireReader): string {
  let address = ''
  let hostname = ''
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) address = reader.text()
    else if (field === 2) hostname = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
  return address || hostname
}

// ---- EndpointSlice -----------------------------------------------------------------------------------------------------------------

interface SliceLists extends SliceSource {
  readonly ports: ObjectPort[]
  readonly endpoints: EndpointSource[]
}

function readSlice(kind: 'EndpointSlice' | 'ImportedSlice', reader: WireReader, trim: Trim): DecodedItem {
  const metadata = newMeta()
  const source: SliceLists = { addressType: '', ports: [], endpoints: [] }
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readMetadata(reader, metadata, sliceWishes)
    else if (field === 2) source.endpoints.push(readEndpoint(reader, trim))
    else if (field === 3) source.ports.push(readEndpointPort(reader))
    else if (field === 4) source.addressType = reader.sharedText()
    else reader.skip()
  }
  const trimmed = kind === 'EndpointSlice' ? trimSlice : trimImportedSlice
  return decodedItem(kind, () =>
    makeDecoded(kind, metadata, (name) => ({ metadata, object: trimmed(name, metadata, source, trim) })),
  )
}

function readEndpoint(reader: WireReader, trim: Trim): EndpointSource {
  const addresses: string[] = []
  const endpoint: EndpointSource = { addresses, ready: null, serving: null, hostname: '', target: '', zone: '' }
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) addresses.push(reader.text())
    else if (field === 2) readConditions(reader, endpoint)
    else if (field === 3) endpoint.hostname = reader.text()
    else if (field === 4 && trim.targets) readTarget(reader, endpoint)
    else if (field === 7 && trim.zones) endpoint.zone = reader.sharedText()
    else reader.skip()
  }
  reader.leave(outer)
  return endpoint
}

function readConditions(reader: WireReader, endpoint: EndpointSource): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) endpoint.ready = reader.flag()
    else if (field === 2) endpoint.serving = reader.flag()
    else reader.skip()
  }
  reader.leave(outer)
}

/** ObjectReference, of which the name (3) counts. */
function readTarget(reader: WireReader, endpoint: EndpointSource): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) endpoint.target = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
}

function readEndpointPort(reader: WireReader): ObjectPort {
  let name = ''
  let protocol = ''
  let port: number | null = null
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.sharedText()
    else if (field === 2) protocol = reader.sharedText()
    else if (field === 3) port = reader.number()
    else reader.skip()
  }
  reader.leave(outer)
  return { name, protocol: protocol || 'TCP', port }
}
