// Licences of the packages whose code is in the bundle: nearly all of them ask that their text goes with every copy.

import { posix } from 'node:path'

/** Reads files of the checkout, by path from its root. */
export interface Reader {
  read(path: string): Promise<string>
  list(folder: string): Promise<readonly string[]>
}

/** One text for each package that the inputs of a bundle belong to, sorted by package. A package without a licence file is named with what its package.json says. */
export async function licenceTexts(inputs: readonly string[], reader: Reader): Promise<string[]> {
  const folders = [...new Set(inputs.flatMap((input) => packageFolder(input) ?? []))]
  const texts = await Promise.all(folders.map((folder) => textOf(folder, reader)))
  return texts.sort()
}

/** `node_modules/a/node_modules/@b/c` of a file in it, null for a source of ours. */
export function packageFolder(input: string): string | null {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? null
}

async function textOf(folder: string, reader: Reader): Promise<string> {
  const { name, version, license } = JSON.parse(await reader.read(posix.join(folder, 'package.json')))
  const files = (await reader.list(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort()
  const bodies = await Promise.all(files.map((file) => reader.read(posix.join(folder, file))))
  return [`${name} ${version}: ${license ?? 'see below'}`, ...bodies.map((body) => body.trim()), ''].join('\n\n')
}
