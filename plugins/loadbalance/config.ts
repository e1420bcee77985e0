// The options of `loadbalance`, with CoreDNS's error texts.

import { type Prefix, parsePrefix } from '../../wire/address.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { quote } from '../number.ts'

const weightReloadMs = 30_000

/** How the first record is chosen. */
type Policy =
  | { readonly kind: 'round_robin' }
  /** `reloadMs` 0: the file is read once. */
  | { readonly kind: 'weighted'; readonly file: string; readonly reloadMs: number }

/** What the directive says; of several, the last. */
export interface LoadbalanceOptions {
  readonly policy: Policy
  /** Subnets whose addresses come first, in this order. */
  readonly prefer: readonly Prefix[]
}

/** Reads the directive; throws ConfigError. */
export function parseLoadbalance(directive: Directive): LoadbalanceOptions {
  let policy: Policy = { kind: 'round_robin' }
  const prefer: Prefix[] = []
  while (directive.next()) {
    policy = parsePolicy(directive, directive.remainingArguments())
    let reloadMs = policy.kind === 'weighted' ? policy.reloadMs : 0
    while (directive.nextBlock()) {
      if (directive.value === 'prefer') prefer.push(...parsePrefer(directive))
      else if (directive.value === 'reload' && policy.kind === 'weighted') reloadMs = parseReload(directive)
      else throw directive.error(`unknown property '${directive.value}'`)
    }
    if (policy.kind === 'weighted') policy = { ...policy, reloadMs }
  }
  return { policy, prefer }
}

function parsePolicy(directive: Directive, args: readonly string[]): Policy {
  const [name, file] = args
  switch (name) {
    case undefined:
      return { kind: 'round_robin' }
    case 'round_robin':
      if (args.length > 1) throw directive.error(`unknown property for ${name}`)
      return { kind: 'round_robin' }
    case 'weighted':
      if (file === undefined) throw directive.error('missing weight file argument')
      if (args.length > 2) throw directive.error('unexpected argument(s)')
      return { kind: 'weighted', file, reloadMs: weightReloadMs }
    default:
      throw new ConfigError(`unknown policy: ${name}`)
  }
}

function parseReload(directive: Directive): number {
  const args = directive.remainingArguments()
  if (args.length === 0) throw directive.error('reload duration value is missing')
  if (args.length > 1) throw directive.error('unexpected argument')
  try {
    return parseDuration(args[0]!)
  } catch {
    throw directive.error(`invalid reload duration '${args[0]}'`)
  }
}

function parsePrefer(directive: Directive): Prefix[] {
  return directive.remainingArguments().map((text) => {
    const prefix = parsePrefix(text)
    if (!prefix) throw directive.error(`invalid CIDR ${quote(text)}: invalid CIDR address: ${text}`)
    return prefix
  })
}
