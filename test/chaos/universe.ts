// The cluster of a chaos run: what is in it at the start, what may happen to it, and every question about it. Decisions are made by one random source and from what there
// is, so that a seed makes the same changes again.
//
//   still    nothing here ever changes: every answer must always be the same
//   steady   names that exist throughout, with answers that change: they may be late, but are never denied
//   changing Services, slices and namespaces come, go and become something else

import type { KubernetesObject } from '../support/api-server/kubernetes-object.ts'
import { type ClusterObjects, outsideAddress } from './oracle.ts'

/** How much is known of a question's answer beforehand. */
export type Steadiness = 'still' | 'steady' | 'changing'

/** One write. */
export type Step =
  | { readonly put: KubernetesObject }
  | { readonly remove: readonly [plural: string, namespace: string, name: string] }

/** Something that happens: its writes, one after another. */
export interface Change {
  readonly what: string
  readonly steps: readonly Step[]
}

/** Rules of the API server that the cluster is in. */
export interface Rules {
  /** A Service's addresses can be changed in place, and namespaces go at once. A real API server allows neither. */
  readonly lenient: boolean
}

type Random = () => number

const places = ['fixed', 'come', 'go'] as const
const services = ['s0', 's1', 's2', 's3'] as const
const slices = ['x', 'y', 'six'] as const
const hostnames = ['h0', 'h1', undefined, undefined]
const targets = [
  'turn.fixed.svc.cluster.local',
  'crew.fixed.svc.cluster.local',
  's1.come.svc.cluster.local',
  's2.go.svc.cluster.local',
  'missing.fixed.svc.cluster.local',
  'www.example.org',
]
const turnAddresses = [1, 2, 3, 4].map((last) => `10.99.2.${last}`)

const http = { name: 'http', port: 80, protocol: 'TCP' }
const dns = { name: 'dns', port: 53, protocol: 'UDP' }

// ---- objects -----------------------------------------------------------------------------------------------------------------------

const namespace = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

const service = (name: string, place: string, spec: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: place },
  spec: { type: 'ClusterIP', ports: [http], ...spec },
})

const clusterIPs = (...addresses: readonly string[]): object => ({
  clusterIP: addresses[0],
  clusterIPs: addresses,
  ipFamilies: addresses.map((address) => (address.includes(':') ? 'IPv6' : 'IPv4')),
  ipFamilyPolicy: addresses.length > 1 ? 'RequireDualStack' : 'SingleStack',
})
const headless = { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
const aliasOf = (externalName: string): object => ({ type: 'ExternalName', externalName })

interface EndpointGiven {
  readonly addresses: readonly string[]
  readonly hostname?: string
  readonly conditions?: { readonly ready?: boolean }
}

const slice = (of: string, name: string, place: string, endpoints: readonly EndpointGiven[]): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${of}-${name}`, namespace: place, labels: { 'kubernetes.io/service-name': of } },
  addressType: name === 'six' ? 'IPv6' : 'IPv4',
  endpoints: endpoints as never,
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
})

const crew = (ready: readonly boolean[]): KubernetesObject =>
  slice('crew', 'x', 'fixed', [
    { addresses: ['10.244.2.1'], hostname: 'crew-0', conditions: { ready: true } },
    ...ready.map((isReady, i) => ({
      addresses: [`10.244.2.${i + 2}`],
      hostname: `crew-${i + 1}`,
      conditions: { ready: isReady },
    })),
  ])

/** What there is before anything happens. */
export const beginning: readonly KubernetesObject[] = [
  ...['still', ...places].map(namespace),
  service('web', 'still', { ...clusterIPs('10.99.1.1', 'fd00:96::e101'), ports: [http, dns] }),
  service('db', 'still', headless),
  slice('db', 'x', 'still', [{ addresses: ['10.244.1.1'], hostname: 'db-0' }, { addresses: ['10.244.1.2'] }]),
  service('inside', 'still', aliasOf('web.still.svc.cluster.local')),
  service('outside', 'still', aliasOf('www.example.org')),
  service('turn', 'fixed', clusterIPs(turnAddresses[0]!)),
  service('crew', 'fixed', headless),
  crew([true, true, true]),
]

const placeIndex = (place: string): number => 10 + places.indexOf(place as (typeof places)[number])
const serviceAddresses = (place: string, name: string): string[] =>
  [1, 2].map(
    (variant) =>
      `10.99.${placeIndex(place)}.${10 * (1 + services.indexOf(name as (typeof services)[number])) + variant}`,
  )
/** Endpoints of two slices of a Service share addresses now and then. */
const endpointAddresses = (place: string, name: string, of: string): string[] => {
  const first = 10 * (1 + services.indexOf(name as (typeof services)[number]))
  return [1, 2, 3].map((last) =>
    of === 'six'
      ? `fd00:244::${placeIndex(place)}:${first + last}`
      : `10.244.${placeIndex(place)}.${first + last + (of === 'y' ? 2 : 0)}`,
  )
}

// ---- changes -----------------------------------------------------------------------------------------------------------------------

/** Chooses what happens next. */
export class Universe {
  readonly #random: Random
  readonly #rules: Rules

  constructor(random: Random, rules: Rules) {
    this.#random = random
    this.#rules = rules
  }

  /** A change of what there is; null if chance chose one that cannot be now. */
  change(cluster: ClusterObjects): Change | null {
    const kinds = [this.#service, this.#service, this.#slice, this.#slice, this.#readiness, this.#crew]
    if (this.#rules.lenient) kinds.push(this.#turn, this.#place)
    return this.#pick(kinds).call(this, cluster)
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }

  #service(cluster: ClusterObjects): Change | null {
    const place = this.#pick(places)
    const name = this.#pick(services)
    if (!hasPlace(cluster, place)) return null
    const known = find(cluster, 'services', place, name)
    const remove: Step = { remove: ['services', place, name] }
    if (known && this.#chance(0.3)) return { what: 'Service deleted', steps: [remove] }
    const addresses = serviceAddresses(place, name)
    const spec = this.#pick<() => object>([
      () => clusterIPs(this.#pick(addresses)),
      () => ({ ...clusterIPs(this.#pick(addresses)), ports: [http, dns] }),
      () => headless,
      () => aliasOf(this.#pick(targets.filter((target) => !target.startsWith(`${name}.${place}.`)))),
    ])()
    const put: Step = { put: service(name, place, spec) }
    const what = known ? 'Service changed' : 'Service created'
    return { what, steps: known && !this.#rules.lenient ? [remove, put] : [put] }
  }

  #slice(cluster: ClusterObjects): Change | null {
    const place = this.#pick(places)
    const name = this.#pick(services)
    const of = this.#pick(slices)
    if (!hasPlace(cluster, place)) return null
    const known = find(cluster, 'endpointslices', place, `${name}-${of}`)
    if (known && this.#chance(0.3))
      return { what: 'EndpointSlice deleted', steps: [{ remove: ['endpointslices', place, `${name}-${of}`] }] }
    const endpoints = endpointAddresses(place, name, of)
      .filter(() => this.#chance(0.6))
      .map((address) => {
        const hostname = this.#pick(hostnames)
        const ready = this.#pick([true, true, false, undefined])
        return {
          addresses: [address],
          ...(hostname !== undefined && { hostname }),
          ...(ready !== undefined && { conditions: { ready } }),
        }
      })
    return {
      what: known ? 'EndpointSlice changed' : 'EndpointSlice created',
      steps: [{ put: slice(name, of, place, endpoints) }],
    }
  }

  #readiness(cluster: ClusterObjects): Change | null {
    const among = cluster
      .objects('endpointslices')
      .filter(({ metadata }) => /^s\d-/.test(metadata.name) && places.some((place) => place === metadata.namespace))
      .filter(({ endpoints }) => ((endpoints ?? []) as unknown as EndpointGiven[]).length > 0)
    if (among.length === 0) return null
    const { metadata, endpoints } = this.#pick(among)
    const given = endpoints as unknown as EndpointGiven[]
    const chosen = this.#pick(given)
    const turned = given.map((one) =>
      one === chosen ? { ...one, conditions: { ready: one.conditions?.ready === false } } : one,
    )
    const [of = '', name = ''] = metadata.name.split('-')
    return { what: 'readiness turned', steps: [{ put: slice(of, name, metadata.namespace!, turned) }] }
  }

  #crew(): Change {
    return { what: 'readiness turned', steps: [{ put: crew([1, 2, 3].map(() => this.#chance(0.5))) }] }
  }

  #turn(): Change {
    const put = service('turn', 'fixed', clusterIPs(this.#pick(turnAddresses)))
    return { what: 'ClusterIP changed', steps: [{ put }] }
  }

  #place(cluster: ClusterObjects): Change {
    const place = this.#pick(['come', 'go'] as const)
    return hasPlace(cluster, place)
      ? { what: 'Namespace deleted', steps: [{ remove: ['namespaces', '', place] }] }
      : { what: 'Namespace created', steps: [{ put: namespace(place) }] }
  }
}

const find = (cluster: ClusterObjects, plural: string, place: string, name: string): KubernetesObject | undefined =>
  cluster.objects(plural).find(({ metadata }) => metadata.namespace === place && metadata.name === name)

const hasPlace = (cluster: ClusterObjects, place: string): boolean =>
  cluster.objects('namespaces').some(({ metadata }) => metadata.name === place)

// ---- questions ---------------------------------------------------------------------------------------------------------------------

const under = (name: string): string => `${name}.svc.cluster.local.`
const reverse = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa. PTR`
const ofAllTypes = (name: string): string[] => ['A', 'AAAA', 'SRV', 'CNAME'].map((type) => `${under(name)} ${type}`)

/** Every question that is asked. */
export const questions: Readonly<Record<Steadiness, readonly string[]>> = {
  still: [
    ...['web.still', 'db.still', 'inside.still', 'outside.still', 'missing.still', 'web.nowhere'].flatMap(ofAllTypes),
    `${under('_http._tcp.web.still')} SRV`,
    `${under('_dns._udp.web.still')} SRV`,
    `${under('_none._tcp.web.still')} SRV`,
    `${under('db-0.db.still')} A`,
    `${under('10-244-1-2.db.still')} A`,
    `${under('still')} A`,
    ...['10.99.1.1', '10.244.1.1', '10.244.1.2', '10.99.1.2', outsideAddress].map(reverse),
  ],
  steady: [
    `${under('turn.fixed')} A`,
    `${under('turn.fixed')} SRV`,
    `${under('_http._tcp.turn.fixed')} SRV`,
    `${under('crew.fixed')} A`,
    `${under('crew.fixed')} SRV`,
    `${under('crew-0.crew.fixed')} A`,
    reverse('10.244.2.1'),
  ],
  changing: [
    ...turnAddresses.map(reverse),
    ...[1, 2, 3].flatMap((i) => [`${under(`crew-${i}.crew.fixed`)} A`, reverse(`10.244.2.${i + 1}`)]),
    ...places.flatMap((place) => [`${under(place)} A`, ...services.flatMap((name) => questionsOf(place, name))]),
  ],
}

function questionsOf(place: string, name: string): string[] {
  const path = `${name}.${place}`
  const addresses = ['x', 'y'].flatMap((of) => endpointAddresses(place, name, of))
  return [
    ...ofAllTypes(path),
    `${under(`_http._tcp.${path}`)} SRV`,
    `${under(`_dns._udp.${path}`)} SRV`,
    `${under(`h0.${path}`)} A`,
    `${under(`h1.${path}`)} AAAA`,
    ...[...new Set([...addresses, ...endpointAddresses(place, name, 'six')])].map(
      (address) => `${under(`${address.replaceAll(/[.:]/g, '-')}.${path}`)} ${address.includes(':') ? 'AAAA' : 'A'}`,
    ),
    ...new Set([...serviceAddresses(place, name), ...addresses].map(reverse)),
  ]
}
