// The credentials of all watches in one thread: who goes the same way to an API server shares what it takes. So the process that reads a kubeconfig (credentials-process.ts) is
// started once for all server blocks, and a refresh token that works only once is spent by one.

import type { Clock } from '../clock.ts'
import { CredentialSource, type Resolve } from './credentials.ts'

/** A source of credentials, and how to let go of it. */
export interface Lease {
  readonly source: CredentialSource
  release(): void
}

/** How credentials are had. */
export interface Resolver {
  readonly resolve: Resolve
  /** Ends what is still at it. */
  readonly close: () => void
}

interface Shared {
  readonly source: CredentialSource
  readonly resolver: Resolver
  /** Of those who share it; one of them is told what is odd. */
  readonly warnings: Set<(text: string) => void>
}

/** Keeps a source as long as somebody uses it. */
export class SharedCredentials {
  readonly #clock: Clock
  readonly #shared = new Map<string, Shared>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The source called `key`; `make` tells how to get such credentials if nobody uses them yet. */
  lease(key: string, make: () => Resolver, warning: (text: string) => void): Lease {
    const shared = this.#shared.get(key) ?? this.#start(key, make())
    const own = (text: string): void => warning(text)
    shared.warnings.add(own)
    return {
      source: shared.source,
      release: () => {
        shared.warnings.delete(own)
        if (shared.warnings.size > 0 || this.#shared.get(key) !== shared) return
        this.#shared.delete(key)
        shared.resolver.close()
      },
    }
  }

  #start(key: string, resolver: Resolver): Shared {
    const warnings: Shared['warnings'] = new Set()
    const warning = (text: string): void => {
      const [first] = warnings
      first?.(text)
    }
    const source = new CredentialSource({ resolve: resolver.resolve, clock: this.#clock, warning })
    const shared = { source, resolver, warnings }
    this.#shared.set(key, shared)
    return shared
  }
}
