// What `meridian check` can say about the way to an API server without going it: what is missing or wrong in files and variables, in CoreDNS's words.

import { stat } from 'node:fs/promises'
import { AccessError } from '../../k8s/api/credentials.ts'
import { endpointCredentials, inClusterCredentials, serviceAccountFolder } from '../../k8s/api/file-access.ts'
import type { ApiAccess } from '../../k8s/cluster-options.ts'
import { ConfigError } from '../directive.ts'
import { fileReason } from '../file-reason.ts'

/** Rejects with ConfigError if the access can never work. A kubeconfig is only looked for: reading it may start programs and ask servers. */
export async function checkAccess(access: ApiAccess): Promise<void> {
  try {
    if (access.kind === 'in-cluster') await inClusterCredentials(process.env, serviceAccountFolder)
    else if (access.kind === 'endpoint') await endpointCredentials(access.url, access.tls)
  } catch (error) {
    throw error instanceof AccessError ? new ConfigError(error.message) : error
  }
  if (access.kind === 'kubeconfig')
    await stat(access.file).catch((error: unknown) => {
      throw new ConfigError(`stat ${access.file}: ${fileReason(error)}`)
    })
}
