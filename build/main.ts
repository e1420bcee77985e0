// `npm run build`: dist/, which the image and the npm package run. In development nothing is built, Node runs the sources.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.ts'

const { values } = parseArgs({ options: { out: { type: 'string' }, readable: { type: 'boolean', default: false } } })
const root = join(import.meta.dirname, '..')
const { entries, files } = await bundle({
  root,
  entry: join(root, 'cli/meridian.ts'),
  out: values.out ?? join(root, 'dist'),
  minify: !values.readable,
})

for (const { name, bytes } of [...files].sort((one, other) => other.bytes - one.bytes)) {
  const kind = entries.includes(name) ? 'started by name' : 'shared, or imported when asked for'
  process.stdout.write(`${(bytes / 1024).toFixed(0).padStart(6)} KiB  ${name.padEnd(32)} ${kind}\n`)
}
