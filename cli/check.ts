// `meridian check`: every problem of a Corefile, without serving anything. The first line is what `serve` would stop with; exit code 1 if there is a problem.

import { readFile } from 'node:fs/promises'
import { ConfigError } from '../plugins/directive.ts'
import { order } from '../plugins/order.ts'
import { configurationProblems } from '../server/check.ts'

/** Checks `file` and prints what is wrong with it. */
export async function check(
  file: string,
  flags: { readonly 'dns.port': string; readonly manifests: string },
): Promise<void> {
  const problems = await configurationProblems({
    file,
    port: Number(flags['dns.port']),
    manifests: flags.manifests,
    environment: process.env,
    plugins: order,
    read: (path) => readFile(path, 'utf8'),
  }).catch((error: unknown) => {
    if (error instanceof ConfigError) return [error.message]
    throw error
  })
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  if (problems.length === 0) process.stdout.write(`${file}: no problems\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
