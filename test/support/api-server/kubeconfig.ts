// Files for clients of the fake API server: certificates, a kubeconfig, and what a Pod finds mounted of its service account.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { clientIdentity, type Identity, intermediateAuthority, rootAuthority } from './certificates.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  /** What clients trust: the root, or only the intermediate where the server was started so. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** Who a kubeconfig says to be. */
export interface KubeconfigUser {
  readonly token?: string
  readonly certificate?: Identity
}

/** A temporary folder with a client's files. */
export class ClientFiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'meridian-api-'))
  readonly certificates: CertificateFiles
  readonly #server: string
  readonly #authority: string
  #count = 0

  /** `server` is its URL; `intermediateOnly` gives clients the intermediate certificate alone. */
  constructor(server: string, intermediateOnly: boolean) {
    this.#server = server
    this.#authority = intermediateOnly ? intermediateAuthority : rootAuthority
    this.certificates = {
      authority: this.#write('ca.crt', this.#authority),
      certificate: this.#write('client.crt', clientIdentity.certificate),
      key: this.#write('client.key', clientIdentity.key),
    }
  }

  /** Writes another kubeconfig and gives its path; its only context is named `test`. */
  kubeconfig({ token, certificate }: KubeconfigUser): string {
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    const isTls = this.#server.startsWith('https:')
    const user = {
      ...(token !== undefined && { token }),
      ...(certificate && {
        'client-certificate-data': base64(certificate.certificate),
        'client-key-data': base64(certificate.key),
      }),
    }
    const cluster = { server: this.#server, ...(isTls && { 'certificate-authority-data': base64(this.#authority) }) }
    const document = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    }
    return this.#write(`kubeconfig-${++this.#count}`, stringify(document))
  }

  /** The folder that a Pod finds at /var/run/secrets/kubernetes.io/serviceaccount; called again with another token, it is rotated. */
  serviceAccount(token: string): string {
    this.#write('token', token)
    this.#write('namespace', 'kube-system')
    return this.folder
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true })
  }

  #write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
}
