// Trims a plain object (parsed YAML or JSON) to a ClusterObject, checking its shape on the way. Kinds that no answer needs are passed over.

import { isIP } from 'node:net'
import { Field, ShapeError } from './field.ts'
import type {
  ClusterObject,
  Endpoint,
  EndpointSliceObject,
  Labels,
  ObjectPort,
  PodObject,
  ServiceObject,
} from './objects.ts'

/** A trimmed object beside the labels that selectors look at; `object` is null if it is of a kind or in a state that DNS does not show. */
export interface Decoded {
  readonly object: ClusterObject | null
  readonly labels: Labels
}

const serviceNameLabel = 'kubernetes.io/service-name'
const nothing: Decoded = { object: null, labels: {} }

/** The objects of one document: of a List each item, otherwise the document itself. */
export function itemsOf(document: Field): Field[] {
  if (document.absent) return []
  const kind = document.at('kind').text()
  return kind.endsWith('List') ? document.at('items').items() : [document]
}

/** Trims one object; throws ShapeError naming kind, name and field if it cannot be what it says it is. */
export function decodeObject(source: Field): Decoded {
  const kind = source.at('kind').requiredText()
  const decode = decoders.get(`${source.at('apiVersion').requiredText()} ${kind}`)
  if (!decode) return nothing
  // What it complains of below is told with the object's name, so paths begin at the object.
  const object = new Field(source.value)
  const metadata = object.at('metadata')
  const name = source.at('metadata').at('name').requiredText()
  const namespace = metadata.at('namespace').text('default')
  try {
    checkName(metadata.at('name'))
    checkName(metadata.at('namespace'))
    return { object: decode(object, namespace, name), labels: metadata.at('labels').texts() }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const owner = kind === 'Namespace' ? name : `${namespace}/${name}`
    throw new ShapeError(`${kind} ${owner}: ${error.message}`)
  }
}

type Decoder = (source: Field, namespace: string, name: string) => ClusterObject | null

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['v1 Service', decodeService],
  ['v1 Namespace', (_source, _namespace, name) => ({ kind: 'Namespace', namespace: '', name })],
  ['v1 Pod', decodePod],
  ['discovery.k8s.io/v1 EndpointSlice', decodeEndpointSlice],
])

/** Kubernetes' DNS subdomain (RFC 1123), without which neither keys nor owner names could be made of it. */
function checkName(field: Field): void {
  if (field.absent) return
  const text = field.text()
  if (text.length > 253 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text))
    throw field.wrong('must be a lower-case DNS name')
}

function decodeService(source: Field, namespace: string, name: string): ServiceObject {
  const spec = source.at('spec')
  const external = spec.at('type').text('ClusterIP') === 'ExternalName'
  const several = spec.at('clusterIPs').items()
  const addresses = (several.length > 0 ? several : [spec.at('clusterIP')]).filter((field) => field.text() !== '')
  const headless = addresses[0]?.text() === 'None'
  const clusterIPs = external || headless ? [] : addresses.map(addressText)
  const externalName = external ? spec.at('externalName').requiredText() : null
  const ports = spec.at('ports').items().map(decodePort)
  for (const [index, { port }] of ports.entries())
    if (port === null) throw spec.at('ports').items()[index]!.at('port').wrong('is required')
  return { kind: 'Service', namespace, name, externalName, headless: headless && !external, clusterIPs, ports }
}

function decodePort(source: Field): ObjectPort {
  return {
    name: source.at('name').text(),
    protocol: source.at('protocol').text('TCP'),
    port: source.at('port').integer(1, 0xffff),
  }
}

function decodeEndpointSlice(source: Field, namespace: string, name: string): EndpointSliceObject | null {
  const addressType = source.at('addressType').requiredText()
  // Endpoints that are themselves names have no address records to give.
  if (addressType === 'FQDN') return null
  if (addressType !== 'IPv4' && addressType !== 'IPv6')
    throw source.at('addressType').wrong('must be IPv4, IPv6 or FQDN')
  const family = addressType === 'IPv4' ? 4 : 6
  const service = source.at('metadata').at('labels').at(serviceNameLabel).text()
  const ports = source.at('ports').items().map(decodePort)
  const endpoints = source
    .at('endpoints')
    .items()
    .flatMap((endpoint) => decodeEndpoint(endpoint, family))
  return { kind: 'EndpointSlice', namespace, name, service, family, ports, endpoints }
}

/** The addresses of one endpoint if it is ready; an unknown state counts as ready (the API's own rule). */
function decodeEndpoint(source: Field, family: 4 | 6): Endpoint[] {
  const ready = source.at('conditions').at('ready').flag(true)
  const hostname = source.at('hostname').text().toLowerCase()
  if (hostname !== '' && !isLabel(hostname)) throw source.at('hostname').wrong('must be a DNS label')
  const target = source.at('targetRef').at('name').text()
  const zone = source.at('zone').text().toLowerCase()
  const endpoints: Endpoint[] = []
  for (const field of source.at('addresses').items()) {
    const address = field.requiredText()
    if (addressFamily(address) !== family) throw field.wrong(`must be an IPv${family} address`)
    endpoints.push({ address, hostname, target, zone })
  }
  return ready ? endpoints : []
}

/** 4 or 6, 0 for what is no address; one with a zone id means something on one machine only. */
const addressFamily = (text: string): number => (text.includes('%') ? 0 : isIP(text))

const isLabel = (text: string): boolean => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)

function addressText(field: Field): string {
  const text = field.requiredText()
  if (addressFamily(text) === 0) throw field.wrong('must be an IP address or None')
  return text
}

/** Pods whose phase is final (their addresses may be another's by now) or which are being deleted are not shown. */
function decodePod(source: Field, namespace: string, name: string): PodObject | null {
  const phase = source.at('status').at('phase').text()
  const address = source.at('status').at('podIP').text()
  const labels = source.at('metadata').at('labels').texts()
  if (phase === 'Succeeded' || phase === 'Failed' || phase === 'Unknown') return null
  if (address === '' || !source.at('metadata').at('deletionTimestamp').absent) return null
  return { kind: 'Pod', namespace, name, address: addressText(source.at('status').at('podIP')), labels }
}
