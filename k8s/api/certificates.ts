// Certificates and keys in PEM: what is wrong with them is said in CoreDNS's words, before a handshake fails for a reason that nobody can read.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { AccessError } from './credentials.ts'
import { clientError } from './server-url.ts'

/** The certificates in the text; null for an empty one, which means those that this machine trusts. As in Go, one that cannot be read spoils none of the others. Throws AccessError if there is text and no certificate in it. */
export function checkedAuthority(pem: string): string | null {
  if (pem === '') return null
  const blocks = pem.match(/-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g)
  if (!blocks) throw authorityError('unable to parse bytes as PEM block')
  const certificates = blocks.filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'))
  if (certificates.length === 0) throw authorityError('no valid certificate authority data seen')
  const readable = certificates.filter((block) => leafOf(block) !== null)
  if (readable.length === 0) throw authorityError('failed to parse certificate')
  return readable.map((block) => `${block}\n`).join('')
}

const authorityError = (reason: string): AccessError => clientError(`unable to load root certificates: ${reason}`)

/** Why the certificate and the key cannot be used together; '' if they can. */
export function pairFault(certificate: string, key: string): string {
  const leaf = leafOf(certificate)
  if (!leaf) return 'tls: failed to find any PEM data in certificate input'
  const own = keyOf(key)
  if (!own) return 'tls: failed to find any PEM data in key input'
  return leaf.checkPrivateKey(own) ? '' : 'tls: private key does not match public key'
}

function leafOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

function keyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}
