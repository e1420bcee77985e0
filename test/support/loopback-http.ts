// HTTP listeners for tests: whatever address a Corefile names, a free port of the loopback address is bound; equal addresses still share one listener.

import type { HttpHandler, HttpListeners, HttpRoute } from '../../plugins/plugin.ts'

/** Wraps real listeners. */
export class LoopbackHttp implements HttpListeners {
  readonly #real: HttpListeners
  readonly #places = new Map<string, string>()

  constructor(real: HttpListeners) {
    this.#real = real
  }

  async route(address: string, path: string, handle: HttpHandler): Promise<HttpRoute> {
    const route = await this.#real.route(this.#places.get(address) ?? '127.0.0.1:0', path, handle)
    this.#places.set(address, route.address)
    return route
  }

  /** GET `path` where the Corefile's `address` really listens. */
  async get(address: string, path: string): Promise<{ status: number; body: string }> {
    const place = this.#places.get(address)
    if (place === undefined) throw new Error(`nothing listens for ${address}`)
    const response = await fetch(`http://${place}${path}`)
    return { status: response.status, body: await response.text() }
  }
}
