// Addresses to listen on in a Corefile (`health :8080`, `prometheus localhost:9153`), checked in CoreDNS's words. Used by a plugin's setup only.

import { ConfigError, type Directive } from './directive.ts'

/** What a directive of the form `NAME [ADDRESS] { … }` may say besides its address. */
export interface ListenDirective {
  /** The address if the directive names none. */
  readonly usual: string
  /** True: a second one in the same server block is an error; else the last counts. */
  readonly once: boolean
  /** Reads one line of the braces, whose first word is `directive.value`. */
  option(directive: Directive): void
}

/** Reads all of such a directive and returns its address; throws ConfigError. */
export function parseListenDirective(directive: Directive, { usual, once, option }: ListenDirective): string {
  let address = usual
  for (let occurrence = 0; directive.next(); occurrence++) {
    if (once && occurrence > 0) throw new ConfigError('this plugin can only be used once per Server Block')
    const args = directive.remainingArguments()
    if (args.length > 1) throw directive.argumentError()
    if (args[0] !== undefined) {
      checkListenAddress(args[0])
      address = args[0]
    }
    while (directive.nextBlock()) option(directive)
  }
  return address
}

/** Throws a ConfigError (`address x: missing port in address`) if `address` is not `HOST:PORT`; IPv6 stands in brackets and the host may be empty. */
export function checkListenAddress(address: string): void {
  const reason = faultOf(address)
  if (reason !== null) throw new ConfigError(`address ${address}: ${reason}`)
}

function faultOf(address: string): string | null {
  const colon = address.lastIndexOf(':')
  if (colon < 0) return 'missing port in address'
  let rest = address
  if (address.startsWith('[')) {
    const end = address.indexOf(']')
    if (end < 0) return "missing ']' in address"
    if (end + 1 === address.length) return 'missing port in address'
    if (end + 1 !== colon) return address[end + 1] === ':' ? 'too many colons in address' : 'missing port in address'
    rest = address.slice(1, end) + address.slice(end + 1)
  } else if (address.indexOf(':') !== colon) {
    return 'too many colons in address'
  }
  if (rest.includes('[')) return "unexpected '[' in address"
  return rest.includes(']') ? "unexpected ']' in address" : null
}
