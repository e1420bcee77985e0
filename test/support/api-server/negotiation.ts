// What a client accepts: the first of its media types that the server has decides, as in Kubernetes.

import { ApiError, badRequest } from './api-status.ts'
import type { Media } from './frames.ts'
import type { ApiResource } from './resource-table.ts'
import type { Form } from './stored-object.ts'

/** One media range of an Accept header. */
interface Range {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** What is asked for; lists and other answers have different metadata forms. */
export type Purpose = 'object' | 'list' | 'watch'

const protobufType = 'application/vnd.kubernetes.protobuf'
const jsonTypes = ['application/json', 'application/*', '*/*']

/** The Content-Type of an answer. */
export function contentTypeOf(media: Media, purpose: Purpose): string {
  if (media === 'json') return 'application/json'
  return purpose === 'watch' ? `${protobufType};stream=watch` : protobufType
}

/** How to show objects of a resource. Throws 406 if nothing fits. */
export function negotiate(accept: string, resource: ApiResource, purpose: Purpose): Form {
  for (const range of rangesOf(accept)) {
    const media = mediaOf(range)
    if (!media || (media === 'protobuf' && !resource.protobuf)) continue
    const as = range.parameters.get('as')
    if (as === undefined) return { media, shape: 'whole' }
    if (range.parameters.get('g') !== 'meta.k8s.io' || range.parameters.get('v') !== 'v1') continue
    if (as === 'PartialObjectMetadataList' || as === 'PartialObjectMetadata') {
      const wanted = purpose === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata'
      if (as === wanted) return { media, shape: 'metadata' }
    }
  }
  throw notAcceptable(resource.protobuf)
}

/** How to say a Status: what the client accepts, JSON if that is nothing we have. */
export function mediaForStatus(accept: string): Media {
  for (const range of rangesOf(accept)) {
    const media = mediaOf(range)
    if (media) return media
  }
  return 'json'
}

/** For documents that exist in JSON only (discovery, version). Throws 406. */
export function requireJson(accept: string): void {
  const plain = (range: Range): boolean => mediaOf(range) === 'json' && !range.parameters.has('as')
  if (!rangesOf(accept).some(plain)) throw notAcceptable(false)
}

function mediaOf({ type }: Range): Media | null {
  if (type === protobufType) return 'protobuf'
  return jsonTypes.includes(type) ? 'json' : null
}

function rangesOf(accept: string): Range[] {
  return (accept === '' ? '*/*' : accept).split(',').map((text) => {
    const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
    return {
      type: type.toLowerCase(),
      parameters: new Map(
        parameters.map((parameter): [string, string] => {
          const [name = '', value = ''] = parameter.split('=')
          return [name, value]
        }),
      ),
    }
  })
}

const notAcceptable = (protobuf: boolean): ApiError =>
  new ApiError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: application/json${protobuf ? `, ${protobufType}` : ''}`,
  )

/** A number of the query string; null without one. Throws 400. */
export function numberOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name) ?? ''
  if (text === '') return null
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return Number(text)
}

/** A switch of the query string (`watch=1`, `watch=true`). */
export const switchOf = (query: URLSearchParams, name: string): boolean =>
  query.has(name) && !['0', 'false'].includes(query.get(name)!)
