// A connection to an API server on loopback, with a clock that the test owns, and what it told of itself.

import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import type { ApiConnection } from '../../k8s/api/api-connection.ts'
import { type ConnectOptions, connect, type RequestSeen } from '../../k8s/api/connection.ts'
import { intermediateAuthority, serverIdentity } from './api-server/certificates.ts'
import { FakeClock } from './fake-clock.ts'
import { folderWith } from './loopback-api.ts'

interface Teardown {
  teardown(handler: () => unknown): void
}

/** What a server needs to be https://127.0.0.1, https://[::1] or https://localhost. */
export const serverTls = { cert: serverIdentity.certificate + intermediateAuthority, key: serverIdentity.key }
const noLimits = { queriesPerSecond: 0, burst: 0, maxInflight: 0 }
const never = new AbortController().signal

/** A connection under test. */
export interface Rig {
  readonly api: ApiConnection
  readonly clock: FakeClock
  readonly seen: RequestSeen[]
  readonly warnings: string[]
  get(path?: string, signal?: AbortSignal): ReturnType<ApiConnection['get']>
  /** Status and body. */
  text(path?: string): Promise<[status: number, body: string]>
}

/** Connects; closed with the test. */
export async function rig(
  t: Teardown,
  options: Partial<ConnectOptions> & Pick<ConnectOptions, 'access'>,
): Promise<Rig> {
  const clock = new FakeClock()
  const seen: RequestSeen[] = []
  const warnings: string[] = []
  const api = await connect({
    limits: noLimits,
    clock,
    observe: (event) => seen.push(event),
    warning: (text) => warnings.push(text),
    environment: {},
    ...options,
  })
  t.teardown(() => api.close())
  const get: Rig['get'] = (path = '/api/v1/services', signal = never) =>
    api.get({ path, accept: 'application/json', signal })
  const text: Rig['text'] = async (path) => {
    const { status, body } = await get(path)
    return [status, Buffer.concat(await Array.fromAsync(body)).toString()]
  }
  return { api, clock, seen, warnings, get, text }
}

/** The endpoint of a server, with the files of `tls` in a folder. */
export function endpoint(
  t: Teardown,
  url: string,
  tls: { authority?: string; certificate?: string; key?: string } = {},
) {
  const folder = folderWith(t, { authority: '', certificate: '', key: '', ...tls })
  const path = (name: 'authority' | 'certificate' | 'key'): string => (tls[name] ? join(folder, name) : '')
  return {
    kind: 'endpoint',
    url,
    tls: { authority: path('authority'), certificate: path('certificate'), key: path('key') },
  } as const
}

/** An endpoint without TLS. */
export const plain = (url: string) => ({ kind: 'endpoint', url, tls: null }) as const

/** Answers with what it was asked. */
export const echo: RequestListener = ({ headers, url }, response) =>
  response.end(`${url} ${headers.accept} ${headers['user-agent']} ${headers.authorization ?? '-'}`)
