// Documents by which clients find out what there is: groups, resources, version, and as much OpenAPI as kubectl needs to leave validation to the server.

import type { JsonObject } from './kubernetes-object.ts'
import { type ApiResource, apiResources, apiVersionOf } from './resource-table.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const version = { major: '1', minor: '35', gitVersion: 'v1.35.0', platform: 'linux/amd64' }

/** The document of a path, null if there is none. */
export function discoveryDocument(path: string): JsonObject | null {
  switch (path) {
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups().map(groupDocument) }
    case '/version':
      return version
    case '/openapi/v3':
      return {
        paths: Object.fromEntries(
          groupVersions().map((each) => [pathOf(each).slice(1), { serverRelativeURL: `/openapi/v3${pathOf(each)}` }]),
        ),
      }
  }
  if (path.startsWith('/openapi/v3/')) return openApiDocument(path.slice('/openapi/v3'.length))
  const inVersion = apiResources.filter((resource) => pathOf(resource) === path)
  if (inVersion.length > 0) return resourceDocument(inVersion)
  const group = groups().find((name) => path === `/apis/${name}`)
  return group === undefined ? null : { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) }
}

/** `/api/v1`, `/apis/discovery.k8s.io/v1`. */
const pathOf = (resource: Pick<ApiResource, 'group' | 'version'>): string =>
  `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`

const groups = (): string[] => [...new Set(apiResources.map(({ group }) => group))].filter((group) => group !== '')

const groupVersions = (): ApiResource[] => [
  ...new Map(apiResources.map((resource) => [pathOf(resource), resource])).values(),
]

function groupDocument(group: string): JsonObject {
  const versions = [...new Set(apiResources.filter((resource) => resource.group === group).map((each) => each.version))]
  const named = versions.map((each) => ({ groupVersion: `${group}/${each}`, version: each }))
  return { name: group, versions: named, preferredVersion: named[0] }
}

function resourceDocument(inVersion: readonly ApiResource[]): JsonObject {
  const resources = inVersion.flatMap(({ plural, kind, namespaced, shortNames, statusSubresource }) => {
    const row = { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs, shortNames }
    const status = { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] }
    return statusSubresource ? [row, status] : [row]
  })
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(inVersion[0]!), resources }
}

/** kubectl looks here for one thing: whether PATCH of a kind takes `fieldValidation`. */
function openApiDocument(path: string): JsonObject | null {
  const inVersion = apiResources.filter((resource) => pathOf(resource) === path)
  if (inVersion.length === 0) return null
  const paths = inVersion.map((resource) => {
    const { group, version, kind, namespaced, plural } = resource
    const gvk = { 'x-kubernetes-group-version-kind': { group, version, kind } }
    const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string' },
    }))
    const patch = { ...gvk, 'x-kubernetes-action': 'patch', parameters, responses: { 200: { description: 'OK' } } }
    return [`${path}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`, { patch }] as const
  })
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: version.gitVersion },
    paths: Object.fromEntries(paths),
  }
}
