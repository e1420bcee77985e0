// The words of a `kubernetes` directive. Errors are CoreDNS's to the byte; `manifests` is ours.

import { parseSelector, SelectorError } from '../../k8s/selector.ts'
import type { Name } from '../../wire/name.ts'
import { isReverse } from '../../wire/reverse.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { parseFloat64, parseInteger, quote } from '../number.ts'
import type { Host } from '../plugin.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'

type PodMode = 'disabled' | 'insecure' | 'verified'

/** Where the cluster is known from, if not from manifests. */
export interface ApiServer {
  readonly kubeconfig: string
  readonly endpoint: string
}

/** What a directive says, defaults filled in. */
export interface KubernetesOptions {
  readonly zones: readonly Name[]
  /** The zone of names in PTR records: the first that is not a reverse zone. */
  readonly primaryZone: Name
  /** A file or folder; '' if an API server is to be asked. */
  readonly manifests: string
  readonly apiServer: ApiServer
  /** The namespaces that are served; empty: all. */
  readonly namespaces: ReadonlySet<string>
  /** Label selectors as text, '' for none. */
  readonly namespaceLabels: string
  readonly labels: string
  readonly pods: PodMode
  readonly endpointPodNames: boolean
  readonly ttlSeconds: number
  readonly endpoints: boolean
  readonly ignoreEmptyService: boolean
  readonly zonal: boolean
  readonly fallthrough: Fallthrough
}

/** `KubernetesOptions` while they are read. */
class Draft {
  manifests = ''
  kubeconfig = ''
  endpoint = ''
  readonly namespaces = new Set<string>()
  namespaceLabels = ''
  labels = ''
  pods: PodMode = 'disabled'
  endpointPodNames = false
  ttlSeconds = 5
  endpoints = true
  ignoreEmptyService = false
  zonal = false
  fallthrough = Fallthrough.none
  /** The refusal for `multicluster`, made where the cursor stands on it. */
  multicluster: { readonly zones: readonly Name[]; readonly refusal: ConfigError } | null = null
}

const ttlMax = 3600

/** Reads the directive; throws ConfigError. */
export function readOptions(directive: Directive, host: Host): KubernetesOptions {
  directive.next()
  const zones = zonesOrBlock(directive.remainingArguments(), host.block.zones)
  const primaryZone = zones.find((zone) => !isReverse(zone.folded))
  if (!primaryZone) throw new ConfigError('non-reverse zone name must be used')
  const draft = new Draft()
  while (directive.nextBlock()) {
    const read = Object.hasOwn(readers, directive.value) ? readers[directive.value] : undefined
    if (!read) throw directive.error(`unknown property '${directive.value}'`)
    read(draft, directive, host)
  }
  checkTogether(draft, directive, zones)
  if (directive.next()) throw new ConfigError('this plugin can only be used once per Server Block')
  const { kubeconfig, endpoint, multicluster: _, ...rest } = draft
  const manifests = host.block.settings.manifests || draft.manifests
  return { ...rest, zones, primaryZone, manifests, apiServer: { kubeconfig, endpoint } }
}

function checkTogether(draft: Draft, directive: Directive, zones: readonly Name[]): void {
  if (draft.namespaces.size > 0 && draft.namespaceLabels !== '')
    throw directive.error('namespaces and namespace_labels cannot both be set')
  for (const zone of draft.multicluster?.zones ?? []) {
    if (zones.some((each) => each.equals(zone))) continue
    const served = zones.map((each) => each.folded).join(' ')
    throw directive.error(
      `is not authoritative for the multicluster zone ${zone.folded} (authoritative zones: [${served}])`,
    )
  }
  if (draft.zonal && !draft.endpoints) throw directive.error('zonal requires the endpoint cache; remove noendpoints')
  if (draft.multicluster && draft.multicluster.zones.length > 0) throw draft.multicluster.refusal
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
  tls(_draft, directive) {
    if (directive.remainingArguments().length !== 3) throw directive.argumentError()
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
    draft.kubeconfig = args[0]!
  },
  manifests(draft, directive, host) {
    const path = oneArgument(directive)
    if (draft.manifests !== '') throw directive.error('manifests can only be given once')
    draft.manifests = host.path(path)
  },
  multicluster(draft, directive) {
    const refusal = directive.error("'multicluster' is not built yet in Meridian")
    draft.multicluster = { zones: zonesOrBlock(directive.remainingArguments(), []), refusal }
  },
  startup_timeout(_draft, directive) {
    const [text] = someArguments(directive)
    try {
      if (parseDuration(text!) <= 0) throw new ConfigError('the duration must be positive')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      throw new ConfigError(`failed to parse startup_timeout: ${text}, ${error.message}`)
    }
  },
  apiserver_qps: limitReader((text) => parseFloat64(text, 32)),
  apiserver_burst: limitReader(parseInteger),
  apiserver_max_inflight: limitReader(parseInteger),
}

function limitReader(parse: (text: string) => number): Reader {
  return (_draft, directive) => {
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
