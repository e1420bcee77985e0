// The words of a `kubernetes` directive. Errors are CoreDNS's to the byte; `manifests`, `snapshot` and `endpoints` are ours.

import type { ApiAccess, ApiLimits, ClientTls, ClusterOptions, SnapshotOptions } from '../../k8s/cluster-options.ts'
import type { ClusterObject, Trim } from '../../k8s/objects.ts'
import { parseSelector, SelectorError } from '../../k8s/selector.ts'
import type { Name } from '../../wire/name.ts'
import { isReverse } from '../../wire/reverse.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { parseFloat64, parseInteger, quote } from '../number.ts'
import type { Host } from '../plugin.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'

type PodMode = 'disabled' | 'insecure' | 'verified'

/** What a directive says, defaults filled in. */
export interface KubernetesOptions {
  readonly zones: readonly Name[]
  /** The zones of a set of clusters, each one of `zones`. */
  readonly multiclusterZones: readonly Name[]
  /** The zone of names in PTR records: the first that is neither a reverse nor a multicluster zone. Without any, the first multicluster zone. */
  readonly primaryZone: Name
  /** A file or folder; '' if an API server is to be asked. */
  readonly manifests: string
  /** The watch on an API server; null if there are manifests. */
  readonly cluster: ClusterOptions | null
  /** How long the start waits for the cluster, ms. */
  readonly startupTimeoutMs: number
  /** The namespaces that are served; empty: all. */
  readonly namespaces: ReadonlySet<string>
  /** Label selectors as text, '' for none. */
  readonly namespaceLabels: string
  readonly labels: string
  readonly pods: PodMode
  readonly endpointPodNames: boolean
  readonly ttlSeconds: number
  readonly endpoints: boolean
  /** Which endpoints count. */
  readonly endpointPolicy: Trim['endpoints']
  readonly ignoreEmptyService: boolean
  readonly zonal: boolean
  /** Somebody may ask for the labels of pods. */
  readonly podLabels: boolean
  readonly fallthrough: Fallthrough
}

/** What must be known of a cluster, wherever it is known from. */
export type Wanted = Pick<ClusterOptions, 'kinds' | 'trim' | 'labels' | 'namespaceLabels'>

/** What the options need of the cluster. */
export function wanted(options: Omit<KubernetesOptions, 'cluster'>): Wanted {
  const { labels, namespaceLabels, multiclusterZones, pods, endpoints, endpointPolicy } = options
  const kinds: ClusterObject['kind'][] = ['Service', 'Namespace']
  if (endpoints) kinds.push('EndpointSlice')
  if (pods === 'verified') kinds.push('Pod')
  if (multiclusterZones.length > 0) kinds.push('ServiceImport', 'ImportedSlice')
  const trim: Trim = {
    endpoints: endpointPolicy,
    targets: options.endpointPodNames,
    zones: options.zonal,
    podLabels: options.podLabels,
  }
  return { kinds, trim, labels, namespaceLabels }
}

/** True for a zone of a set of clusters. */
export const isMulticluster = ({ multiclusterZones }: Pick<KubernetesOptions, 'multiclusterZones'>, zone: Name) =>
  multiclusterZones.some((each) => zone.isSubdomainOf(each))

/** `KubernetesOptions` while they are read. */
class Draft {
  manifests = ''
  kubeconfig: { readonly file: string; readonly context: string } | null = null
  endpoint = ''
  tls: ClientTls | null = null
  readonly limits = { queriesPerSecond: 0, burst: 0, maxInflight: 0 } satisfies ApiLimits
  snapshot: SnapshotOptions | null = null
  startupTimeoutMs = 5_000
  readonly namespaces = new Set<string>()
  namespaceLabels = ''
  labels = ''
  pods: PodMode = 'disabled'
  endpointPodNames = false
  ttlSeconds = 5
  endpoints = true
  endpointPolicy: Trim['endpoints'] = 'ready'
  ignoreEmptyService = false
  zonal = false
  fallthrough = Fallthrough.none
  multiclusterZones: readonly Name[] = []
}

const ttlMax = 3600

/** Reads the directive; throws ConfigError. */
export function readOptions(directive: Directive, host: Host): KubernetesOptions {
  directive.next()
  const zones = zonesOrBlock(directive.remainingArguments(), host.block.zones)
  const forward = zones.filter((zone) => !isReverse(zone.folded))
  if (forward.length === 0) throw new ConfigError('non-reverse zone name must be used')
  const draft = new Draft()
  while (directive.nextBlock()) {
    const read = Object.hasOwn(readers, directive.value) ? readers[directive.value] : undefined
    if (!read) throw directive.error(`unknown property '${directive.value}'`)
    read(draft, directive, host)
  }
  checkTogether(draft, directive, zones)
  if (directive.next()) throw new ConfigError('this plugin can only be used once per Server Block')
  const { kubeconfig: _file, endpoint: _url, tls: _tls, limits, snapshot, ...rest } = draft
  const options = {
    ...rest,
    zones,
    primaryZone: primaryZoneOf(forward, draft.multiclusterZones),
    manifests: host.block.settings.manifests || draft.manifests,
    podLabels: host.block.has('metadata'),
  }
  const access = accessOf(draft)
  return { ...options, cluster: options.manifests === '' ? { access, limits, snapshot, ...wanted(options) } : null }
}

/** Without zones of sets of clusters the first, as in CoreDNS, for which `in-addr.arpa` itself is no reverse zone. */
function primaryZoneOf(forward: readonly Name[], multiclusterZones: readonly Name[]): Name {
  const isOwn = (zone: Name): boolean => !reverseRoots.has(zone.folded) && !isMulticluster({ multiclusterZones }, zone)
  return (multiclusterZones.length === 0 ? undefined : (forward.find(isOwn) ?? multiclusterZones[0])) ?? forward[0]!
}

const reverseRoots = new Set(['in-addr.arpa.', 'ip6.arpa.'])

/** `kubeconfig` counts before `endpoint`; with neither the server is a Pod of the cluster. */
function accessOf({ kubeconfig, endpoint, tls }: Draft): ApiAccess {
  if (kubeconfig) return { kind: 'kubeconfig', ...kubeconfig }
  return endpoint === '' ? { kind: 'in-cluster' } : { kind: 'endpoint', url: endpoint, tls }
}

function checkTogether(draft: Draft, directive: Directive, zones: readonly Name[]): void {
  if (draft.namespaces.size > 0 && draft.namespaceLabels !== '')
    throw directive.error('namespaces and namespace_labels cannot both be set')
  for (const zone of draft.multiclusterZones) {
    if (zones.some((each) => each.equals(zone))) continue
    const served = zones.map((each) => each.folded).join(' ')
    throw directive.error(
      `is not authoritative for the multicluster zone ${zone.folded} (authoritative zones: [${served}])`,
    )
  }
  if (draft.zonal && !draft.endpoints) throw directive.error('zonal requires the endpoint cache; remove noendpoints')
}

type Reader = (draft: Draft, directive: Directive, host: Host) => void

const readers: Readonly<Record<string, Reader>> = {
  endpoint_pod_names(draft, directive) {
    noArguments(directive)
    draft.endpointPodNames = true
  },
  pods(draft, directive) {
    const mode = oneArgument(directive)
    if (mode !== 'disabled' && mode !== 'insecure' && mode !== 'verified')
      throw new ConfigError(`wrong value for pods: ${mode},  must be one of: disabled, verified, insecure`)
    draft.pods = mode
  },
  namespaces(draft, directive) {
    for (const namespace of someArguments(directive)) draft.namespaces.add(namespace)
  },
  endpoint(draft, directive, host) {
    const [first, ...others] = someArguments(directive)
    draft.endpoint = first!
    if (others.length > 0)
      host.log.warning(`Multiple endpoints have been deprecated, only the first specified endpoint '${first}' is used`)
  },
  tls(draft, directive) {
    const [certificate, key, authority, ...more] = directive.remainingArguments()
    if (certificate === undefined || key === undefined || authority === undefined || more.length > 0)
      throw directive.argumentError()
    draft.tls = { certificate, key, authority }
  },
  labels(draft, directive) {
    draft.labels = selectorArgument(directive, 'label')
  },
  namespace_labels(draft, directive) {
    draft.namespaceLabels = selectorArgument(directive, 'namespace_label')
  },
  fallthrough(draft, directive) {
    draft.fallthrough = parseFallthrough(directive.remainingArguments())
  },
  ttl(draft, directive) {
    const seconds = parseInteger(someArguments(directive)[0]!)
    if (seconds < 0 || seconds > ttlMax) throw directive.error(`ttl must be in range [0, ${ttlMax}]: ${seconds}`)
    draft.ttlSeconds = seconds
  },
  noendpoints(draft, directive) {
    noArguments(directive)
    draft.endpoints = false
  },
  zonal(draft, directive) {
    noArguments(directive)
    draft.zonal = true
  },
  ignore(draft, directive) {
    const [what] = directive.remainingArguments()
    if (what === undefined) return
    if (what !== 'empty_service') throw new ConfigError(`unable to parse ignore value: '${what}'`)
    draft.ignoreEmptyService = true
  },
  kubeconfig(draft, directive) {
    const args = directive.remainingArguments()
    if (args.length !== 1 && args.length !== 2) throw directive.argumentError()
    draft.kubeconfig = { file: args[0]!, context: args[1] ?? '' }
  },
  manifests(draft, directive, host) {
    const path = oneArgument(directive)
    if (draft.manifests !== '') throw directive.error('manifests can only be given once')
    draft.manifests = host.path(path)
  },
  multicluster(draft, directive) {
    draft.multiclusterZones = zonesOrBlock(directive.remainingArguments(), [])
  },
  endpoints(draft, directive) {
    const policy = oneArgument(directive)
    if (policy !== 'ready' && policy !== 'serving' && policy !== 'all')
      throw directive.error(`endpoints must be ready, serving or all: ${policy}`)
    draft.endpointPolicy = policy
  },
  snapshot(draft, directive, host) {
    const [path, ...words] = someArguments(directive)
    const ready = words.at(-1) === 'ready'
    if (ready) words.pop()
    if (words.length > 1) throw directive.argumentError()
    const maxAgeMs = words.length === 0 ? Number.POSITIVE_INFINITY : snapshotAge(words[0]!, directive)
    draft.snapshot = { path: host.path(path!), maxAgeMs, ready }
  },
  startup_timeout(draft, directive) {
    const [text] = someArguments(directive)
    try {
      draft.startupTimeoutMs = parseDuration(text!)
      if (draft.startupTimeoutMs <= 0) throw new ConfigError('the duration must be positive')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      throw new ConfigError(`failed to parse startup_timeout: ${text}, ${error.message}`)
    }
  },
  apiserver_qps: limitReader('queriesPerSecond', (text) => parseFloat64(text, 32)),
  apiserver_burst: limitReader('burst', parseInteger),
  apiserver_max_inflight: limitReader('maxInflight', parseInteger),
}

function snapshotAge(text: string, directive: Directive): number {
  let ageMs: number
  try {
    ageMs = parseDuration(text)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw directive.error(`invalid snapshot age ${quote(text)}: ${error.message}`)
  }
  if (ageMs <= 0) throw directive.error(`snapshot age must be > 0: ${text}`)
  return ageMs
}

function limitReader(limit: keyof ApiLimits, parse: (text: string) => number): Reader {
  return (draft, directive) => {
    const option = directive.value
    const text = oneArgument(directive)
    let value: number
    try {
      value = parse(text)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      throw directive.error(`invalid ${option} ${quote(text)}: ${error.message}`)
    }
    if (value < 0) throw directive.error(`${option} must be >= 0`)
    draft.limits[limit] = value
  }
}

function noArguments(directive: Directive): void {
  if (directive.remainingArguments().length > 0) throw directive.argumentError()
}

function oneArgument(directive: Directive): string {
  const args = directive.remainingArguments()
  if (args.length !== 1) throw directive.argumentError()
  return args[0]!
}

function someArguments(directive: Directive): string[] {
  const args = directive.remainingArguments()
  if (args.length === 0) throw directive.argumentError()
  return args
}

function selectorArgument(directive: Directive, what: string): string {
  const text = someArguments(directive).join(' ')
  try {
    parseSelector(text)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw new ConfigError(`unable to parse ${what} selector value: '${text}': ${error.message}`)
  }
  return text
}
