// Where an API server is, from what a person wrote: `https://10.0.0.1:6443/path`, `10.0.0.1:6443` or `localhost`.

import { AccessError } from './credentials.ts'

/** A server's base URL and the user that it may name. */
export interface ServerUrl {
  /** Without a slash at its end, user and query: `https://10.0.0.1:6443`. */
  readonly base: string
  /** `Basic …` for `https://user:password@host`, '' without a user. */
  readonly authorization: string
}

/** Reads it; without a scheme it is https if `tls` (certificates were given), else http. Throws AccessError. */
export function serverUrl(text: string, tls: boolean): ServerUrl {
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(text)
  const url = URL.parse(hasScheme ? text : `${tls ? 'https' : 'http'}://${text}`)
  if (!url || (!hasScheme && url.pathname !== '/')) {
    throw clientError(`host must be a URL or a host:port pair: ${JSON.stringify(withoutUser(text))}`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw clientError(`unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`)
  }
  return {
    base: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`,
    authorization: authorizationOf(url),
  }
}

function authorizationOf({ username, password }: URL): string {
  if (username === '' && password === '') return ''
  try {
    return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  } catch {
    throw clientError('invalid percent-encoding in the user or password of the URL')
  }
}

/** A URL fit for a message: user and password are secrets. */
export const withoutUser = (url: string): string => url.replace(/\/\/[^/]*@/, '//')

/** As CoreDNS words what its client can't be made from: the reason is quoted. */
export const clientError = (reason: string): AccessError =>
  new AccessError(`failed to create kubernetes notification controller: ${JSON.stringify(reason)}`)
