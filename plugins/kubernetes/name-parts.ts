// What a name of the Kubernetes DNS schema asks about, read from right to left below the zone.
//
//   _port._proto.SERVICE.NAMESPACE.svc        ENDPOINT.SERVICE.NAMESPACE.svc        ADDRESS.NAMESPACE.pod
//   TOPOLOGYZONE.pin|prefer._zone.SERVICE.NAMESPACE.svc       (with `zonal`)

import type { Name } from '../../wire/name.ts'

/** The parts of a name, folded; what it does not have is ''. */
export interface NameParts {
  readonly tree: '' | 'svc' | 'pod'
  readonly namespace: string
  readonly service: string
  readonly endpoint: string
  /** Without their underscores; '' matches every port. */
  readonly port: string
  readonly protocol: string
  readonly topologyZone: string
  /** Endpoints of all zones rather than none. */
  readonly prefer: boolean
}

const nothing: NameParts = {
  tree: '',
  namespace: '',
  service: '',
  endpoint: '',
  port: '',
  protocol: '',
  topologyZone: '',
  prefer: false,
}

/** The folded labels of `name` left of `zone`, leftmost first. */
export function labelsBelow(name: Name, zone: Name): string[] {
  const labels: string[] = []
  for (const at of name.offsets.slice(0, name.labelCount - zone.labelCount)) {
    labels.push(name.key.slice(at + 1, at + 1 + name.key.charCodeAt(at)))
  }
  return labels
}

/** Reads the labels below the zone; null for what cannot be a name of the schema. The zone itself has no parts. */
export function readNameParts(labels: readonly string[], zonal: boolean): NameParts | null {
  const rest = [...labels]
  const tree = rest.pop()
  if (tree === undefined) return nothing
  if (tree !== 'svc' && tree !== 'pod') return null
  const owner = { ...nothing, tree, namespace: rest.pop() ?? '', service: rest.pop() ?? '' } as const
  if (rest.length === 0) return owner
  if (rest.length === 1) return { ...owner, endpoint: rest[0]! }
  if (rest.length === 2) return { ...owner, port: withoutUnderscore(rest[0]!), protocol: withoutUnderscore(rest[1]!) }
  const anchor = rest.pop()
  const policy = rest.pop()
  if (!zonal || tree !== 'svc' || anchor !== '_zone' || (policy !== 'pin' && policy !== 'prefer')) return null
  // The value of a topology label may have dots, so the zone is all that is left.
  return { ...owner, topologyZone: rest.join('.'), prefer: policy === 'prefer' }
}

const withoutUnderscore = (label: string): string => (label.startsWith('_') ? label.slice(1) : label)
