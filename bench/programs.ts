// Finds the programs that a run needs, and what they call themselves.

import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of an executable: looked for in PATH and where Debian keeps servers; null if it is not installed. */
export function findProgram(name: string, path: string = process.env.PATH ?? ''): string | null {
  if (name.includes('/')) return isExecutable(name) ? name : null
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first version number that the command prints (programs differ in the stream they print to), or `?`. */
export function versionOf(command: readonly string[]): string {
  const [program = '', ...words] = command
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  return /\d+\.\d+(?:\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? '?'
}
