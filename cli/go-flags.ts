// Flags as Go's flag package takes them, for a drop-in command line: `-conf FILE` is `--conf FILE`, `-quiet=true` is `--quiet`.

const names = ['conf', 'dns.port', 'p', 'pidfile', 'plugins', 'quiet', 'version', 'manifests'] as const
const switches: ReadonlySet<string> = new Set(['plugins', 'quiet', 'version'])
const known: ReadonlySet<string> = new Set(names)

/** Arguments with CoreDNS's single-dash flags in two-dash form; everything else as it is. */
export function goFlags(args: readonly string[]): string[] {
  return args.flatMap((argument) => {
    const match = /^--?([a-z.]+)(?:=(.*))?$/s.exec(argument)
    const name = match?.[1] ?? ''
    if (!known.has(name)) return [argument]
    const value = match?.[2]
    const flag = name === 'p' ? '-p' : `--${name}`
    if (value === undefined) return [flag]
    if (!switches.has(name)) return [flag, value]
    return value === 'false' || value === '0' ? [] : [flag]
  })
}
