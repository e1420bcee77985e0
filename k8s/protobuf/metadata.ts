// metav1.ObjectMeta as a protobuf message, which is field 1 of every object. Managed fields and the annotations that nobody looks at are passed over by their length.

import { changedAtAnnotation, initialEventsEndAnnotation } from '../decode.ts'
import { DecodeError, type MetadataItem } from '../decoder.ts'
import { importedServiceLabel, serviceNameLabel, sourceClusterLabel } from '../resources.ts'
import { type MetadataSource, noLabels } from '../trim.ts'
import type { WireReader } from './wire-reader.ts'

/** Reads any object's message for its identity. */
export function readIdentity(reader: WireReader): MetadataItem {
  const { namespace, name, uid, resourceVersion } = readMetadataOnly(reader, noWishes)
  if (name === '') throw new DecodeError('an object without a name')
  return { namespace, name, uid, resourceVersion }
}

/** Reads the object of a BOOKMARK event. */
export function readBookmark(reader: WireReader): { resourceVersion: string; initialEventsEnd: boolean } {
  const { resourceVersion, initialEventsEnd } = readMetadataOnly(reader, noWishes)
  return { resourceVersion, initialEventsEnd }
}

/** The metadata and what only bookmarks have. */
export interface ObjectMeta extends MetadataSource {
  initialEventsEnd: boolean
}

/** What of the metadata is worth a string. */
export interface Wishes {
  readonly labels: boolean
  /** The labels and annotations of slices. */
  readonly slice: boolean
}

export const noWishes: Wishes = { labels: false, slice: false }
export const sliceWishes: Wishes = { labels: false, slice: true }
export const podWishes: Wishes = { labels: true, slice: false }

/** Metadata of which nothing has been read yet. */
export const newMeta = (): ObjectMeta => ({
  name: '',
  namespace: '',
  uid: '',
  resourceVersion: '',
  deleted: false,
  changedAt: '',
  service: '',
  importedService: '',
  sourceCluster: '',
  labels: noLabels,
  initialEventsEnd: false,
})

/** Reads any object's message up to its end, for its metadata. */
export function readMetadataOnly(reader: WireReader, wishes: Wishes): ObjectMeta {
  const metadata = newMeta()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readMetadata(reader, metadata, wishes)
    else reader.skip()
  }
  return metadata
}

/** Reads the ObjectMeta that is the field that comes. */
export function readMetadata(reader: WireReader, metadata: ObjectMeta, wishes: Wishes): void {
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) metadata.name = reader.text()
    else if (field === 3) metadata.namespace = reader.sharedText()
    else if (field === 5) metadata.uid = reader.text()
    else if (field === 6) metadata.resourceVersion = reader.text()
    else if (field === 9) metadata.deleted = reader.size() > 0
    else if (field === 11 && wishes.labels) readLabel(reader, metadata)
    else if (field === 11 && wishes.slice) readSliceLabel(reader, metadata)
    else if (field === 12) readAnnotation(reader, metadata)
    else reader.skip()
  }
  reader.leave(outer)
}

function readLabel(reader: WireReader, metadata: ObjectMeta): void {
  let key = ''
  let value = ''
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.sharedText()
    else if (field === 2) value = reader.sharedText()
    else reader.skip()
  }
  reader.leave(outer)
  const labels: Record<string, string> = metadata.labels === noLabels ? {} : (metadata.labels as Record<string, string>)
  // A plain assignment to __proto__ would set the prototype.
  Object.defineProperty(labels, key, { value, enumerable: true, writable: true, configurable: true })
  metadata.labels = labels
}

function readSliceLabel(reader: WireReader, metadata: ObjectMeta): void {
  let key = ''
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.sharedText()
    else if (field !== 2) reader.skip()
    else if (key === serviceNameLabel) metadata.service = reader.text()
    else if (key === importedServiceLabel) metadata.importedService = reader.text()
    else if (key === sourceClusterLabel) metadata.sourceCluster = reader.sharedText()
    else reader.skip()
  }
  reader.leave(outer)
}

function readAnnotation(reader: WireReader, metadata: ObjectMeta): void {
  let key = ''
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.sharedText()
    else if (field !== 2) reader.skip()
    else if (key === changedAtAnnotation) metadata.changedAt = reader.text()
    else if (key === initialEventsEndAnnotation) metadata.initialEventsEnd = reader.text() === 'true'
    else reader.skip()
  }
  reader.leave(outer)
}
