// Which objects a list or watch asks for: namespace, label selector, field selector. Written anew and not taken from k8s/, which is what is tested here.

import { badRequest } from './api-status.ts'
import { isJsonObject, type KubernetesObject } from './kubernetes-object.ts'
import type { ApiResource } from './resource-table.ts'

/** True for objects that are asked for. */
export type Match = (object: KubernetesObject) => boolean

/** What narrows a list or watch; '' is no narrowing. */
export interface Selection {
  readonly namespace: string
  readonly labelSelector: string
  readonly fieldSelector: string
}

/** One condition for all; throws ApiError 400 for selectors that cannot be read. */
export function matchOf(resource: ApiResource, { namespace, labelSelector, fieldSelector }: Selection): Match {
  const matches: Match[] = []
  if (namespace !== '') matches.push(({ metadata }) => metadata.namespace === namespace)
  for (const term of termsOf(labelSelector)) matches.push(labelMatch(term))
  for (const term of termsOf(fieldSelector)) matches.push(fieldMatch(resource, term))
  return (object) => matches.every((match) => match(object))
}

/** Parts between commas outside parentheses. */
const termsOf = (selector: string): string[] =>
  (selector.match(/(?:\([^)]*\)|[^,(])+/g) ?? []).map((term) => term.trim()).filter((term) => term !== '')

const key = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?'
const exists = new RegExp(`^(!?)\\s*(${key})$`)
const equality = new RegExp(`^(${key})\\s*(=|==|!=)\\s*([-A-Za-z0-9_.]*)$`)
const inSet = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^)]*)\\)$`)

function labelMatch(term: string): Match {
  const found = equality.exec(term)
  if (found) {
    const [, name = '', , operator, value] = found
    return operator === '!=' ? (object) => label(object, name) !== value : (object) => label(object, name) === value
  }
  const set = inSet.exec(term)
  if (set) {
    const [, name = '', , operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => value.trim()))
    return (object) => {
      const value = label(object, name)
      return (value !== undefined && values.has(value)) === (operator === 'in')
    }
  }
  const presence = exists.exec(term)
  if (!presence) throw badRequest(`unable to parse requirement: ${term}`)
  const [, negated, name = ''] = presence
  return (object) => (label(object, name) === undefined) === (negated === '!')
}

const label = ({ metadata }: KubernetesObject, name: string): string | undefined =>
  metadata.labels && Object.hasOwn(metadata.labels, name) ? metadata.labels[name] : undefined

function fieldMatch(resource: ApiResource, term: string): Match {
  const [, field = '', operator, value] = /^([A-Za-z0-9_.]+)(==|!=|=)(.*)$/.exec(term) ?? []
  if (operator === undefined) throw badRequest(`invalid field selector: ${term}`)
  if (!['metadata.name', 'metadata.namespace', ...resource.selectable].includes(field))
    throw badRequest(
      `Unable to find ${JSON.stringify(`${resource.group === '' ? '' : `${resource.group}/`}${resource.version}, Resource=${resource.plural}`)} that match label selector "", field selector "${term}": field label not supported: ${field}`,
    )
  const path = field.split('.')
  const wantEqual = operator !== '!='
  return (object) => (valueAt(object, path) === value) === wantEqual
}

/** A field as the text that selectors compare; missing ones are ''. */
function valueAt(object: KubernetesObject, path: readonly string[]): string {
  let value: unknown = object
  for (const field of path) value = isJsonObject(value) ? value[field] : undefined
  return value === undefined || value === null ? '' : String(value)
}
