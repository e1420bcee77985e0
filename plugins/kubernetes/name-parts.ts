// What a name of the Kubernetes DNS schema asks about, read from right to left below the zone.
//
//   _port._proto.SERVICE.NAMESPACE.svc        ENDPOINT.SERVICE.NAMESPACE.svc        ADDRESS.NAMESPACE.pod
//   TOPOLOGYZONE.pin|prefer._zone.SERVICE.NAMESPACE.svc       (with `zonal`)
//   ENDPOINT.CLUSTER.SERVICE.NAMESPACE.svc                    (in a zone of a set of clusters, KEP-1645)

/** The parts of a name, folded; what it does not have is ''. */
export interface NameParts {
  readonly tree: '' | 'svc' | 'pod'
  readonly namespace: string
  readonly service: string
  readonly endpoint: string
  readonly cluster: string
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
  cluster: '',
  port: '',
  protocol: '',
  topologyZone: '',
  prefer: false,
}

/** Which names there are besides those of every zone. */
export interface NameForms {
  readonly zonal: boolean
  readonly multicluster: boolean
}

/** Reads the labels below the zone; null for what cannot be a name of the schema. The zone itself has no parts. */
export function readNameParts(labels: readonly string[], { zonal, multicluster }: NameForms): NameParts | null {
  const rest = [...labels]
  const tree = rest.pop()
  if (tree === undefined) return nothing
  if (tree !== 'svc' && tree !== 'pod') return null
  const owner = { ...nothing, tree, namespace: rest.pop() ?? '', service: rest.pop() ?? '' } as const
  const [first, second] = rest
  if (first === undefined) return owner
  if (second === undefined) return { ...owner, endpoint: first }
  if (rest.length === 2) {
    // Without an underscore nothing tells a port from an endpoint, and a set of clusters needs the latter.
    if (multicluster && !first.startsWith('_') && !second.startsWith('_'))
      return { ...owner, endpoint: first, cluster: second }
    return { ...owner, port: withoutUnderscore(first), protocol: withoutUnderscore(second) }
  }
  const anchor = rest.pop()
  const policy = rest.pop()
  const anchored = zonal && !multicluster && tree === 'svc' && anchor === '_zone'
  if (!anchored || (policy !== 'pin' && policy !== 'prefer')) return null
  // The value of a topology label may have dots, so the zone is all that is left.
  return { ...owner, topologyZone: rest.join('.'), prefer: policy === 'prefer' }
}

/** As CoreDNS, which takes names of ports without underscores too. */
export const withoutUnderscore = (label: string): string => (label.startsWith('_') ? label.slice(1) : label)
