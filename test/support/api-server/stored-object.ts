// One state of one object, with its bytes in every form that was asked for: encoded once a change, however many lists and watches show it.

import { encodeObject } from '../kubernetes-schema.ts'
import { envelope, listItem, type Media, rawOf, type TypeMeta } from './frames.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { type ApiResource, apiVersionOf } from './resource-table.ts'

/** How an object is shown: in what language, and how much of it. `broken`: its metadata, and nonsense for the rest (faults.ts). */
export interface Form {
  readonly media: Media
  readonly shape: 'whole' | 'metadata' | 'broken'
}

/** The type that objects of a resource have in a form. */
export function typeOf(resource: ApiResource, { shape }: Pick<Form, 'shape'>): TypeMeta {
  return shape === 'metadata'
    ? { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }
    : { apiVersion: apiVersionOf(resource), kind: resource.kind }
}

/** Immutable; a change makes another one. */
export class StoredObject {
  readonly resource: ApiResource
  /** `namespace/name`, or the name alone. */
  readonly key: string
  readonly object: KubernetesObject
  readonly revision: number
  readonly #items = new Map<string, Buffer>()

  /** `object` gets the revision as its resourceVersion. */
  constructor(resource: ApiResource, object: KubernetesObject, revision: number) {
    this.resource = resource
    this.object = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    this.revision = revision
    const { namespace, name } = object.metadata
    this.key = resource.namespaced ? `${namespace}/${name}` : name
  }

  /** As an item of a list. */
  item(form: Form): Buffer {
    const id = `${form.media} ${form.shape}`
    let bytes = this.#items.get(id)
    if (!bytes) {
      bytes = listItem(form.media, this.#encode(form))
      this.#items.set(id, bytes)
    }
    return bytes
  }

  /** For itself: the answer to a GET, or the object of an event. */
  whole(form: Form): Buffer {
    if (form.media === 'protobuf') return this.#envelope(form)
    const item = this.item(form)
    return hasType(this.resource, form) ? item : Buffer.concat([typePrefix(this.resource), item.subarray(1)])
  }

  #envelope(form: Form): Buffer {
    const id = `envelope ${form.shape}`
    let bytes = this.#items.get(id)
    if (!bytes) {
      bytes = envelope('protobuf', typeOf(this.resource, form), this.#encode(form))
      this.#items.set(id, bytes)
    }
    return bytes
  }

  #encode(form: Form): Buffer {
    const { apiVersion, kind, ...fields } = this.object
    const shown = form.shape === 'whole' ? fields : { metadata: this.object.metadata }
    if (form.media === 'json') {
      const more = form.shape === 'broken' ? nonsense : {}
      const type = hasType(this.resource, form) ? typeOf(this.resource, form) : {}
      return Buffer.from(JSON.stringify({ ...type, ...shown, ...more }))
    }
    const raw = rawOf(encodeObject({ ...shown, ...typeOf(this.resource, form) }))
    return form.shape === 'broken' ? Buffer.concat([metadataField(raw), brokenFields]) : raw
  }
}

/** Lists of built-in types say their items' type once, in the list's kind. */
const hasType = (resource: ApiResource, { shape }: Form): boolean => resource.custom || shape === 'metadata'

const typePrefix = (resource: ApiResource): Buffer => {
  const { kind, apiVersion } = typeOf(resource, { shape: 'whole' })
  return Buffer.from(`${JSON.stringify({ kind, apiVersion }).slice(0, -1)},`)
}

/** What no object may have there. */
const nonsense = { spec: 17, status: 'none', endpoints: 'some', ports: { http: true }, addressType: 4 }
/** Fields 2 and 3 are messages in every kind; here they are numbers. */
const brokenFields = Buffer.from([2 << 3, 17, 3 << 3, 4])

/** The first field of a message (metadata in every kind), whose length takes one to five octets. */
function metadataField(raw: Buffer): Buffer {
  let length = 0
  for (let at = 1, scale = 1; ; at++, scale *= 128) {
    const byte = raw[at]!
    length += (byte & 0x7f) * scale
    if (byte < 0x80) return raw.subarray(0, at + 1 + length)
  }
}
