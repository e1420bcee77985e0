// The files of `tls [CERT KEY] [CA]`: read once a process, in the service; the threads get their contents.

import { createSecureContext } from 'node:tls'
import { ConfigError } from '../directive.ts'
import { fileReason } from '../file-reason.ts'
import type { TlsFiles } from './config.ts'

/** PEM texts of a TLS client; null: none (the system's roots, no certificate of our own). */
export interface TlsMaterial {
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
}

/** Reads and checks the files; throws ConfigError in CoreDNS's words. `read` throws what the file system throws. */
export function loadTls(files: TlsFiles, read: (file: string) => string): TlsMaterial {
  const [cert, key] = [files.cert, files.key].map((file) => (file === null ? null : readOwn(file, read)))
  if (cert && key) {
    try {
      createSecureContext({ cert, key })
    } catch (error) {
      throw new ConfigError(`could not load TLS cert: ${(error as Error).message}`)
    }
  }
  return { cert: cert ?? null, key: key ?? null, ca: files.ca === null ? null : readRoots(files.ca, read) }
}

function readOwn(file: string, read: (file: string) => string): string {
  try {
    return read(file)
  } catch (error) {
    throw new ConfigError(`could not load TLS cert: open ${file}: ${fileReason(error)}`)
  }
}

function readRoots(file: string, read: (file: string) => string): string {
  let text: string
  try {
    text = read(file)
  } catch (error) {
    throw new ConfigError(`error reading ${file}: open ${file}: ${fileReason(error)}`)
  }
  try {
    createSecureContext({ ca: text })
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  } catch {
    // the same message as for a file without any certificate
  }
  throw new ConfigError(`could not read root certs: ${file} has no usable certificate`)
}
