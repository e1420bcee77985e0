// What a DNS server ought to answer from the objects of a cluster, worked out anew each time from whole objects: slow, plain, and of no code with the server. Written from
// the specification (https://github.com/kubernetes/dns/blob/master/docs/specification.md) and, where that leaves a choice, from CoreDNS's recorded answers.

import type { KubernetesObject } from '../support/api-server/kubernetes-object.ts'

/** The objects that names are made of. */
export interface ClusterObjects {
  objects(plural: string): readonly KubernetesObject[]
}

/** `RCODE OWNER TYPE RDATA, …`: names folded, records in order, TTLs and the weights of SRV left out. */
export type AnswerText = string

/** Addresses of all names outside the cluster (the server under test has them from elsewhere). */
export const outsideAddress = '192.0.2.1'

const zone = 'cluster.local.'
const denied = 'NXDOMAIN'
const empty = 'NOERROR'
const aliasesMax = 10

interface Port {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
}
interface Service {
  readonly path: string
  readonly headless: boolean
  readonly addresses: readonly string[]
  readonly ports: readonly Port[]
  /** Target of an alias, '' without. */
  readonly target: string
}
interface Endpoint {
  /** `SERVICE.NAMESPACE`. */
  readonly path: string
  readonly label: string
  readonly address: string
  readonly ports: readonly Port[]
}

/** Answers from the state that the objects had when it was made. */
export class Oracle {
  readonly #namespaces: ReadonlySet<string>
  readonly #services: ReadonlyMap<string, Service>
  readonly #endpoints: readonly Endpoint[]

  constructor(cluster: ClusterObjects) {
    this.#namespaces = new Set(cluster.objects('namespaces').map(({ metadata }) => metadata.name))
    this.#services = new Map(
      cluster
        .objects('services')
        .map(serviceOf)
        .map((service) => [service.path, service]),
    )
    this.#endpoints = cluster.objects('endpointslices').flatMap(endpointsOf)
  }

  /** The answer to `'web.default.svc.cluster.local. A'`. */
  answer(question: string): AnswerText {
    const [name = '', type = ''] = question.split(' ')
    if (name.endsWith('.arpa.')) return this.#pointer(name)
    const labels = name.slice(0, -`.svc.${zone}`.length).split('.')
    const namespace = labels.pop() ?? ''
    if (!this.#namespaces.has(namespace)) return denied
    if (labels.length === 0) return empty
    const service = this.#services.get(`${labels.pop()}.${namespace}`)
    if (!service) return denied
    if (service.target !== '') return labels.length === 0 ? this.#alias(name, type, service) : denied
    if (labels.length === 1) return this.#endpoint(name, type, service, labels[0]!)
    return this.#service(name, type, service, labels)
  }

  #pointer(name: string): AnswerText {
    const targets = this.#namesOf(addressOfReverse(name))
    return targets.length === 0 ? denied : textOf(targets.map((target) => `${name} PTR ${target}.svc.${zone}`))
  }

  #namesOf(address: string): string[] {
    const services = [...this.#services.values()].filter(({ addresses }) => addresses.includes(address))
    if (services.length > 0) return services.map(({ path }) => path)
    return this.#endpoints.filter((one) => one.address === address).map(({ label, path }) => `${label}.${path}`)
  }

  #alias(name: string, type: string, service: Service): AnswerText {
    if (type === 'CNAME') return textOf([`${name} CNAME ${service.target}`])
    if (type !== 'A' && type !== 'AAAA') return empty
    const chain: string[] = []
    let owner = name
    let next: Service | undefined = service
    while (next && next.target !== '' && chain.length < aliasesMax) {
      chain.push(`${owner} CNAME ${next.target}`)
      owner = next.target
      if (!owner.endsWith(`.${zone}`))
        return textOf([...chain, ...(type === 'A' ? [`${owner} A ${outsideAddress}`] : [])])
      next = this.#services.get(owner.slice(0, -`.svc.${zone}`.length))
    }
    // An alias inside the zone that leads to no address says nothing.
    const records = next && next.target === '' ? this.#addresses(owner, type, next) : []
    return records.length > 0 ? textOf([...chain, ...records]) : empty
  }

  #addresses(owner: string, type: string, service: Service): string[] {
    const addresses = service.headless ? this.#of(service).map(({ address }) => address) : service.addresses
    return addresses.flatMap((address) => (familyOf(address) === type ? [`${owner} ${type} ${address}`] : []))
  }

  #endpoint(name: string, type: string, service: Service, label: string): AnswerText {
    const found = this.#of(service).filter((endpoint) => endpoint.label === label)
    if (found.length === 0) return denied
    return textOf(found.flatMap(({ address }) => (familyOf(address) === type ? [`${name} ${type} ${address}`] : [])))
  }

  #service(name: string, type: string, service: Service, [port, protocol]: readonly string[]): AnswerText {
    const wanted = (each: Port): boolean =>
      port === undefined || (`_${each.name}` === port && `_${(each.protocol ?? 'TCP').toLowerCase()}` === protocol)
    const targets = service.headless
      ? this.#of(service).flatMap(({ label, path, ports }) =>
          ports.filter(wanted).map((each) => `${each.port} ${label}.${path}.svc.${zone}`),
        )
      : service.ports.filter(wanted).map((each) => `${each.port} ${service.path}.svc.${zone}`)
    // Without an endpoint that is ready a headless Service has no name.
    if (targets.length === 0) return denied
    if (type === 'SRV') return textOf(targets.map((target) => `${name} SRV ${target}`))
    return textOf(this.#addresses(name, type, service))
  }

  #of({ path }: Service): Endpoint[] {
    return this.#endpoints.filter((endpoint) => endpoint.path === path)
  }
}

/** The text of an answer with these records; an empty one if there are none. */
const textOf = (records: readonly string[]): AnswerText =>
  [empty, [...new Set(records)].sort().join(', ')].join(' ').trim()

/** The text of a reply: its rcode, and the answer section in presentation format. */
export function replyText(rcode: string, answer: readonly string[]): AnswerText {
  if (rcode !== empty) return rcode
  return textOf(
    answer.map((record) => {
      const [owner, _ttl, _class, type, ...rdata] = record.toLowerCase().split(' ')
      const kept = type === 'srv' ? rdata.slice(2) : rdata
      return `${owner} ${type?.toUpperCase()} ${kept.join(' ')}`
    }),
  )
}

function serviceOf({ metadata, spec }: KubernetesObject): Service {
  const {
    type,
    externalName,
    clusterIPs = [],
    ports = [],
  } = spec as {
    type?: string
    externalName?: string
    clusterIPs?: string[]
    ports?: Port[]
  }
  const isAlias = type === 'ExternalName'
  const headless = clusterIPs[0] === 'None'
  return {
    path: `${metadata.name}.${metadata.namespace}`,
    headless,
    addresses: isAlias || headless ? [] : clusterIPs,
    ports,
    target: isAlias ? `${externalName}.` : '',
  }
}

function endpointsOf({ metadata, endpoints, ports }: KubernetesObject): Endpoint[] {
  const path = `${metadata.labels?.['kubernetes.io/service-name']}.${metadata.namespace}`
  type Given = { addresses: string[]; conditions?: { ready?: boolean }; hostname?: string }
  return ((endpoints ?? []) as unknown as Given[])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((address) => ({
        path,
        address,
        label: hostname ?? address.replaceAll(/[.:]/g, '-'),
        ports: (ports ?? []) as unknown as Port[],
      })),
    )
}

const familyOf = (address: string): string => (address.includes(':') ? 'AAAA' : 'A')

/** `4.3.2.1.in-addr.arpa.` -> `1.2.3.4`. */
const addressOfReverse = (name: string): string => name.replace('.in-addr.arpa.', '').split('.').reverse().join('.')
