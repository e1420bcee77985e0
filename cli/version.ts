// What this build calls itself.

import { readFileSync } from 'node:fs'

interface Package {
  readonly version: string
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Package

/** The package's version. */
export const meridianVersion = version

/** The two lines of `-version`, in CoreDNS's form. */
export const versionLines: readonly string[] = [
  `Meridian-${version}`,
  `${process.platform}/${process.arch}, node ${process.version.slice(1)}`,
]
