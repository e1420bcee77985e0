// Trims a plain object (parsed YAML or JSON) to a ClusterObject, checking its shape on the way. Kinds that no answer needs are passed over.
//
//   manifest file ─► decodeObject ─┐
//   JSON of an API server ─► decodeItem ─► Field (types) ─► trim.ts (rules) ─► Decoded

import type { Decoded, DecodedItem } from './decoder.ts'
import { Field } from './field.ts'
import type { ClusterObject, ObjectName, ObjectPort, Trim } from './objects.ts'
import { importedServiceLabel, resources, serviceNameLabel, sourceClusterLabel } from './resources.ts'
import {
  decodedItem,
  type EndpointSource,
  type MetadataSource,
  makeDecoded,
  noLabels,
  type SliceSource,
  trimImport,
  trimImportedSlice,
  trimPod,
  trimService,
  trimSlice,
} from './trim.ts'

type Kind = ClusterObject['kind']

/** Annotation of slices: when that happened which the latest change of the slice follows. */
export const changedAtAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'
/** Annotation of the bookmark that ends the initial events of a WatchList. */
export const initialEventsEndAnnotation = 'k8s.io/initial-events-end'

/** The objects of one document: of a List each item, otherwise the document itself. */
export function itemsOf(document: Field): Field[] {
  if (document.absent) return []
  const kind = document.at('kind').text()
  return kind.endsWith('List') ? document.at('items').items() : [document]
}

/** Trims one object of a manifest, whose labels are kept: most give one, a slice from another cluster two, and kinds that no answer needs none. Throws ShapeError. */
export function decodeObject(source: Field, trim: Trim): Decoded[] {
  const written = source.at('kind').requiredText()
  const kind = kinds.get(`${source.at('apiVersion').requiredText()} ${written}`)
  if (kind === undefined) return []
  source.at('metadata').at('name').requiredText()
  // What it complains of below is told with the object's name, so paths begin at the object.
  const object = new Field(source.value)
  const decoded = [decode(kind, object, trim, true)]
  const isImported =
    kind === 'EndpointSlice' && object.at('metadata').at('labels').at(importedServiceLabel).text() !== ''
  if (isImported) decoded.push(decode('ImportedSlice', object, trim, true))
  return decoded
}

/** Trims one object of an API server's list or watch of `kind`; what it says of its own kind does not matter. */
export function decodeItem(kind: Kind, value: unknown, trim: Trim): DecodedItem {
  return decodedItem(kind, () => decode(kind, new Field(value), trim, false))
}

/** The object as one that is gone: only its metadata is looked at. */
export function decodeGone(kind: Kind, value: unknown): DecodedItem {
  const object = new Field(value)
  return decodedItem(kind, () =>
    makeDecoded(kind, readOwner(object), () => ({ metadata: readMetadata(object, false), object: null })),
  )
}

/** The kind for each apiVersion and kind that a manifest may say. */
const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.values(resources)
    .filter(({ kind }) => kind !== 'ImportedSlice')
    .map(({ group, version, kind }) => [`${group === '' ? '' : `${group}/`}${version} ${kind}`, kind]),
)

function decode(kind: Kind, object: Field, trim: Trim, labelled: boolean): Decoded {
  const decoded = makeDecoded(kind, readOwner(object), (name) => {
    const metadata = readMetadata(object, labelled || (kind === 'Pod' && trim.podLabels))
    return { metadata, object: build(name, metadata, object, trim) }
  })
  return labelled ? decoded : { ...decoded, labels: noLabels }
}

function build(name: ObjectName, metadata: MetadataSource, object: Field, trim: Trim): ClusterObject | null {
  switch (name.kind) {
    case 'Service':
      return trimService(name, readService(object))
    case 'Namespace':
      return { kind: 'Namespace', namespace: '', name: name.name }
    case 'Pod': {
      const status = object.at('status')
      return trimPod(name, metadata, { phase: status.at('phase').text(), podIP: status.at('podIP').text() }, trim)
    }
    case 'EndpointSlice':
      return trimSlice(name, metadata, readSlice(object), trim)
    case 'ImportedSlice':
      return trimImportedSlice(name, metadata, readSlice(object), trim)
    case 'ServiceImport': {
      const spec = object.at('spec')
      const source = {
        type: spec.at('type').text(),
        ips: readTexts(spec.at('ips')),
        ports: readPorts(spec.at('ports')),
      }
      return trimImport(name, source)
    }
  }
}

function readOwner(object: Field): { namespace: string; name: string } {
  const metadata = object.at('metadata')
  return { namespace: metadata.at('namespace').text(), name: metadata.at('name').text() }
}

function readMetadata(object: Field, labelled: boolean): MetadataSource {
  const metadata = object.at('metadata')
  const labels = metadata.at('labels')
  return {
    ...readOwner(object),
    uid: metadata.at('uid').text(),
    resourceVersion: metadata.at('resourceVersion').text(),
    deleted: !metadata.at('deletionTimestamp').absent,
    changedAt: metadata.at('annotations').at(changedAtAnnotation).text(),
    service: labels.at(serviceNameLabel).text(),
    importedService: labels.at(importedServiceLabel).text(),
    sourceCluster: labels.at(sourceClusterLabel).text(),
    labels: labelled ? labels.texts() : noLabels,
  }
}

function readService(object: Field) {
  const spec = object.at('spec')
  const ingress = object.at('status').at('loadBalancer').at('ingress').items()
  return {
    type: spec.at('type').text('ClusterIP'),
    clusterIP: spec.at('clusterIP').text(),
    clusterIPs: readTexts(spec.at('clusterIPs')),
    externalIPs: readTexts(spec.at('externalIPs')),
    externalName: spec.at('externalName').text(),
    ports: readPorts(spec.at('ports')),
    ingress: ingress.map((each) => each.at('ip').text() || each.at('hostname').text()),
  }
}

const readTexts = (list: Field): string[] => list.items().map((item) => item.text())

const readPorts = (list: Field): ObjectPort[] =>
  list.items().map((port) => ({
    name: port.at('name').text(),
    protocol: port.at('protocol').text() || 'TCP',
    port: readPort(port.at('port')),
  }))

/** Any integer: its range is checked with everything else. */
const readPort = (port: Field): number | null =>
  typeof port.value === 'number' && Number.isInteger(port.value) ? port.value : port.integer(1, 0xffff)

function readSlice(object: Field): SliceSource {
  return {
    addressType: object.at('addressType').text(),
    ports: readPorts(object.at('ports')),
    endpoints: object.at('endpoints').items().map(readEndpoint),
  }
}

function readEndpoint(source: Field): EndpointSource {
  const conditions = source.at('conditions')
  return {
    addresses: readTexts(source.at('addresses')),
    ready: readCondition(conditions.at('ready')),
    serving: readCondition(conditions.at('serving')),
    hostname: source.at('hostname').text(),
    target: source.at('targetRef').at('name').text(),
    zone: source.at('zone').text(),
  }
}

const readCondition = (condition: Field): boolean | null => (condition.absent ? null : condition.flag(false))
