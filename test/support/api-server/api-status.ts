// metav1.Status: what an API server says instead of an answer, in its own words.

import { encodeObject } from '../kubernetes-schema.ts'
import type { Media } from './frames.ts'
import type { JsonObject, KubernetesObject } from './kubernetes-object.ts'
import type { ApiResource } from './resource-table.ts'

/** What a refusal may say beyond code, reason and message. */
export interface StatusExtras {
  readonly details?: JsonObject
  /** Seconds, also said by the header Retry-After. */
  readonly retryAfterSeconds?: number
  /** With which a list that has expired can be read on, inconsistently. */
  readonly continueToken?: string
}

/** A request that is refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: number
  readonly reason: string
  readonly extras: StatusExtras

  constructor(code: number, reason: string, message: string, extras: StatusExtras = {}) {
    super(message)
    this.code = code
    this.reason = reason
    this.extras = extras
  }

  /** The Status object of the body, or of an ERROR event. */
  status(): KubernetesObject {
    const { details, retryAfterSeconds, continueToken } = this.extras
    const more = retryAfterSeconds === undefined ? details : { ...details, retryAfterSeconds }
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: (continueToken === undefined
        ? {}
        : { continue: continueToken }) as unknown as KubernetesObject['metadata'],
      status: 'Failure',
      message: this.message,
      ...(this.reason !== '' && { reason: this.reason }),
      ...(more && { details: more }),
      code: this.code,
    }
  }
}

/** A Status as a body, or as the object of an event. */
export function encodeStatus(media: Media, status: KubernetesObject): Buffer {
  return Buffer.from(media === 'json' ? JSON.stringify(status) : encodeObject(status))
}

type Group = Pick<ApiResource, 'group' | 'plural' | 'kind'>

/** `services`, `endpointslices.discovery.k8s.io`. */
const qualified = ({ group, plural }: Group): string => (group === '' ? plural : `${plural}.${group}`)

const detailsOf = (resource: Group, name: string): JsonObject => ({
  name,
  ...(resource.group !== '' && { group: resource.group }),
  kind: resource.plural,
})

export const notFound = (resource: Group, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, { details: detailsOf(resource, name) })

export const alreadyExists = (resource: Group, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  })

export const conflict = (resource: Group, name: string, why = modified): ApiError =>
  new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, {
    details: detailsOf(resource, name),
  })

const modified = 'the object has been modified; please apply your changes to the latest version and try again'

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

/** 422 of an object, or of list options; each fault is `field: what is wrong`. */
export function invalid(kind: string, name: string, faults: readonly string[]): ApiError {
  const text = faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`, { details: { name, kind } })
}

export const expired = (message: string, extras: StatusExtras = {}): ApiError =>
  new ApiError(410, 'Expired', message, extras)

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized')

/** The server knows no such path. */
export const noSuchPath = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', { details: {} })

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** The reason that goes with a status code, '' for codes without one. */
export const reasonOf = (code: number): string => reasons[code] ?? ''
