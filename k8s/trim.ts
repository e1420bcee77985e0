// From what a format's reader found in an object (plain values of the right types, '' or null where there is nothing) to the ClusterObject that DNS answers come from.
// Here are the rules that protobuf, JSON and manifests share: what counts, what is left out, and which values cannot be part of an answer.

import { isIP } from 'node:net'
import type { Decoded, DecodedItem } from './decoder.ts'
import { ShapeError, wrongAt } from './field.ts'
import type {
  ClusterObject,
  Endpoint,
  EndpointSliceObject,
  ImportedSliceObject,
  Labels,
  ObjectName,
  ObjectPort,
  PodObject,
  ServiceImportObject,
  ServiceObject,
  Trim,
} from './objects.ts'

type Kind = ClusterObject['kind']

/** What counts of an object's metadata. */
export interface MetadataSource {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  /** On its way out: it has a deletionTimestamp. */
  deleted: boolean
  /** The annotation endpoints.kubernetes.io/last-change-trigger-time. */
  changedAt: string
  /** The labels of a slice that say whose it is; see resources.ts. */
  service: string
  importedService: string
  sourceCluster: string
  /** All labels, where somebody looks at them. */
  labels: Labels
}

/** What counts of a Service. */
export interface ServiceSource {
  type: string
  clusterIP: string
  clusterIPs: readonly string[]
  externalIPs: readonly string[]
  externalName: string
  ports: readonly ObjectPort[]
  /** The address of each ingress of the load balancer, or else its host name. */
  ingress: readonly string[]
}

/** What counts of an EndpointSlice. */
export interface SliceSource {
  addressType: string
  ports: readonly ObjectPort[]
  endpoints: readonly EndpointSource[]
}

/** One endpoint with its addresses; a condition that is not given is null. */
export interface EndpointSource {
  addresses: readonly string[]
  ready: boolean | null
  serving: boolean | null
  hostname: string
  target: string
  zone: string
}

/** What counts of a ServiceImport. */
export interface ImportSource {
  type: string
  ips: readonly string[]
  ports: readonly ObjectPort[]
}

/** What counts of a Pod. */
export interface PodSource {
  phase: string
  podIP: string
}

/** What is wrong with an object whose name is known, or null if even that is wrong. */
class ObjectFault extends ShapeError {
  readonly object: ObjectName | null

  constructor(object: ObjectName | null, message: string) {
    super(message)
    this.object = object
  }
}

/** What is read of an object once its name is known. */
export interface Content {
  readonly metadata: MetadataSource
  readonly object: ClusterObject | null
}

/** Puts an object together; throws ShapeError (`Service default/web: spec.clusterIP: must be …`) if its name is none or `read` complains. */
export function makeDecoded(
  kind: Kind,
  owner: { readonly namespace: string; readonly name: string },
  read: (name: ObjectName) => Content,
): Decoded {
  let name: ObjectName | null = null
  try {
    name = nameOf(kind, owner)
    const { metadata, object } = read(name)
    const { uid, resourceVersion, labels, changedAt } = metadata
    return { name, object, labels, uid, resourceVersion, changedAtMs: timeOf(changedAt) }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const place = kind === 'Namespace' ? owner.name : `${owner.namespace || defaultNamespace}/${owner.name}`
    throw new ObjectFault(name, `${writtenKind(kind)} ${place.slice(0, placeMax)}: ${error.message}`)
  }
}

/** What `decode` gives, or its complaint as an item of its own. */
export function decodedItem(kind: Kind, decode: () => Decoded): DecodedItem {
  try {
    return decode()
  } catch (error) {
    if (error instanceof ObjectFault) return { name: error.object, fault: error.message }
    if (error instanceof ShapeError) return { name: null, fault: `${writtenKind(kind)}: ${error.message}` }
    throw error
  }
}

/** The kind as objects of it are marked: an ImportedSlice is an EndpointSlice to the API. */
export const writtenKind = (kind: Kind): string => (kind === 'ImportedSlice' ? 'EndpointSlice' : kind)

/** Labels of objects whose labels nobody looks at. */
export const noLabels: Labels = Object.freeze({})

/** Where objects without a namespace are. */
const defaultNamespace = 'default'
/** Letters of a name in a complaint: more is no name. */
const placeMax = 520

function nameOf(kind: Kind, { name, namespace }: { readonly namespace: string; readonly name: string }): ObjectName {
  if (name === '') throw wrongAt('metadata.name', 'is required')
  if (!isSubdomain(name)) throw wrongAt('metadata.name', 'must be a lower-case DNS name')
  if (kind === 'Namespace') return { kind, namespace: '', name }
  if (namespace !== '' && !isSubdomain(namespace)) throw wrongAt('metadata.namespace', 'must be a lower-case DNS name')
  return { kind, namespace: namespace || defaultNamespace, name }
}

/** Kubernetes' DNS subdomain (RFC 1123), without which neither keys nor owner names could be made of it. */
const isSubdomain = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)

const isLabel = (text: string): boolean => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)

/** The address; '' for what is none. API servers take leading zeros, and IPv4 in IPv6's clothes, and mean the plain address. One with a zone id means something on one machine only. */
function plainAddress(text: string): string {
  const family = isIP(text)
  if (family === 4) return text
  if (family === 6 && !text.includes('%')) return text.replace(/^::ffff:(?=[0-9.]+$)/i, '')
  const plain = text.replace(/\b0+(?=[0-9])/g, '')
  return isIP(plain) === 4 ? plain : ''
}

/** RFC 3339 as milliseconds; what cannot be read is no time. */
function timeOf(text: string): number {
  if (text === '' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/.test(text)) return 0
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? 0 : ms
}

/** A Service; aliases and headless ones have no addresses. */
export function trimService({ namespace, name }: ObjectName, source: ServiceSource): ServiceObject {
  const alias = source.type === 'ExternalName'
  if (alias && source.externalName === '') throw wrongAt('spec.externalName', 'is required')
  const several = source.clusterIPs.length > 0
  const addresses = several ? source.clusterIPs.filter(isText) : [source.clusterIP].filter(isText)
  const headless = addresses[0] === 'None'
  const clusterIPs = (alias || headless ? [] : addresses).map((text) => {
    const path = several ? `spec.clusterIPs[${source.clusterIPs.indexOf(text)}]` : 'spec.clusterIP'
    return plainAddress(text) || wrong(path, 'must be an IP address or None')
  })
  return {
    kind: 'Service',
    namespace,
    name,
    externalName: alias ? source.externalName : null,
    headless: headless && !alias,
    clusterIPs,
    external: [...source.externalIPs, ...source.ingress].filter(isText).map((text) => plainAddress(text) || text),
    ports: checkPorts(source.ports),
  }
}

/** A ServiceImport; headless ones have no addresses. */
export function trimImport({ namespace, name }: ObjectName, source: ImportSource): ServiceImportObject {
  const headless = source.type === 'Headless'
  const addresses = (headless ? [] : source.ips.filter(isText)).map(
    (text) => plainAddress(text) || wrong(`spec.ips[${source.ips.indexOf(text)}]`, 'must be an IP address'),
  )
  const ports = checkPorts(source.ports)
  return { kind: 'ServiceImport', namespace, name, headless, addresses, ports }
}

/** A slice of this cluster's Service; null if its endpoints are themselves names, which have no address records to give. */
export function trimSlice(
  { namespace, name }: ObjectName,
  metadata: MetadataSource,
  source: SliceSource,
  trim: Trim,
): EndpointSliceObject | null {
  const family = familyOf(source.addressType)
  if (family === null) return null
  // Nothing checks these at the API server; a number that is no port is no reason to lose the endpoints.
  const ports = source.ports.filter(({ port }) => port === null || isPort(port))
  const endpoints = trimEndpoints(source.endpoints, family, trim)
  return { kind: 'EndpointSlice', namespace, name, service: metadata.service, family, ports, endpoints }
}

/** A slice of a Service that other clusters export; zones are those of another cluster's nodes and are left out. */
export function trimImportedSlice(
  { namespace, name }: ObjectName,
  metadata: MetadataSource,
  source: SliceSource,
  trim: Trim,
): ImportedSliceObject | null {
  const slice = trimSlice({ kind: 'ImportedSlice', namespace, name }, metadata, source, { ...trim, zones: false })
  if (!slice) return null
  return { ...slice, kind: 'ImportedSlice', service: metadata.importedService, cluster: metadata.sourceCluster }
}

/** Pods whose phase is final (their addresses may be another's by now) or which are being deleted are not shown. */
export function trimPod(
  { namespace, name }: ObjectName,
  metadata: MetadataSource,
  { phase, podIP }: PodSource,
  trim: Trim,
): PodObject | null {
  if (phase === 'Succeeded' || phase === 'Failed' || phase === 'Unknown') return null
  if (podIP === '' || metadata.deleted) return null
  const address = plainAddress(podIP) || wrong('status.podIP', 'must be an IP address')
  return { kind: 'Pod', namespace, name, address, labels: trim.podLabels ? metadata.labels : noLabels }
}

function familyOf(addressType: string): 4 | 6 | null {
  if (addressType === 'IPv4') return 4
  if (addressType === 'IPv6') return 6
  if (addressType === 'FQDN') return null
  throw wrongAt('addressType', addressType === '' ? 'is required' : 'must be IPv4, IPv6 or FQDN')
}

function trimEndpoints(sources: readonly EndpointSource[], family: 4 | 6, trim: Trim): Endpoint[] {
  const endpoints: Endpoint[] = []
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!
    const hostname = source.hostname.toLowerCase()
    if (hostname !== '' && !isLabel(hostname)) throw wrongAt(`endpoints[${i}].hostname`, 'must be a DNS label')
    // A longer name fits into no label; only the name of the endpoint could come of it.
    const target = trim.targets && source.target.length <= 63 ? source.target : ''
    const zone = trim.zones ? source.zone.toLowerCase() : ''
    const counted = counts(source, trim)
    for (const [index, text] of source.addresses.entries()) {
      const address = plainAddress(text)
      if (address === '' || address.includes(':') !== (family === 6))
        throw wrongAt(
          `endpoints[${i}].addresses[${index}]`,
          text === '' ? 'is required' : `must be an IPv${family} address`,
        )
      if (counted) endpoints.push({ address, hostname, target, zone })
    }
  }
  return endpoints
}

/** An unknown state counts as ready, and what is not said to serve serves if it is ready (the API's own rules). */
function counts({ ready, serving }: EndpointSource, { endpoints }: Trim): boolean {
  if (endpoints === 'all' || ready !== false) return true
  return endpoints === 'serving' && serving === true
}

function checkPorts(ports: readonly ObjectPort[]): readonly ObjectPort[] {
  for (const [i, { port }] of ports.entries()) {
    const path = `spec.ports[${i}].port`
    if (port === null) throw wrongAt(path, 'is required')
    if (!isPort(port)) throw wrongAt(path, 'must be an integer from 1 to 65535')
  }
  return ports
}

const isPort = (port: number): boolean => port >= 1 && port <= 0xffff

const isText = (text: string): boolean => text !== ''

function wrong(path: string, reason: string): never {
  throw wrongAt(path, reason)
}
