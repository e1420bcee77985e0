// Objects from YAML or JSON, all fields kept: the same files that Meridian's own `manifests` reads, and read by other code on purpose.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { isJsonObject, type KubernetesObject } from './kubernetes-object.ts'

/** Objects of a text (anything with a line break or a brace), a file or a folder of *.yaml, *.yml and *.json. Rejects with what is wrong. */
export async function objectsOf(manifests: string): Promise<KubernetesObject[]> {
  if (/[\n{]/.test(manifests)) return objectsOfText(manifests)
  const isFolder = (await stat(manifests)).isDirectory()
  const names = isFolder ? (await readdir(manifests)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort() : []
  const files = isFolder ? names.map((name) => join(manifests, name)) : [manifests]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.flatMap(objectsOfText)
}

function objectsOfText(text: string): KubernetesObject[] {
  if (/^\s*\{"/.test(text)) return flatten(JSON.parse(text))
  return parseAllDocuments(text).flatMap((document) => {
    const [fault] = document.errors ?? []
    if (fault) throw fault
    return flatten(document.toJS())
  })
}

/** The items of a List, or the object itself; nothing for an empty document. */
function flatten(value: unknown): KubernetesObject[] {
  if (value === null || value === undefined) return []
  if (!isJsonObject(value)) throw new Error(`no Kubernetes object: ${JSON.stringify(value)}`)
  if (value.kind === 'List' && Array.isArray(value.items)) return value.items.flatMap(flatten)
  const { apiVersion, kind, metadata } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isJsonObject(metadata))
    throw new Error(`no Kubernetes object: ${JSON.stringify(value).slice(0, 200)}`)
  return [value as KubernetesObject]
}
