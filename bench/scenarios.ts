// What is asked. A scenario names the block of the demo's Corefile that answers, and makes the questions, one `name type` a line as dnsperf reads them.

import {
  clusterZone,
  clusterZoneFile,
  hostZone,
  hostZoneFile,
  makeHosts,
  makeServices,
  manifestsOf,
  serviceName,
} from './data.ts'
import { pick, seeded } from './random.ts'

/** Which block of the demo's Corefile answers. */
export type BlockKind = 'cluster' | 'zone' | 'forward'

/** What the servers are given to serve. */
interface ServedData {
  readonly block: BlockKind
  /** The zone's origin without its final dot; '' where everything is forwarded. */
  readonly origin: string
  /** The zone as a master file; '' where everything is forwarded. */
  readonly zoneFile: string
  /** The cluster as YAML; '' where there is none. */
  readonly manifests: string
}

/** One kind of load. */
export interface Scenario {
  readonly name: string
  /** What a person reads above the table. */
  readonly title: string
  readonly data: ServedData
  /** A server is ready once it gives this address for this name. */
  readonly probe: { readonly name: string; readonly address: string }
  /** The shares of response codes that are right. */
  readonly rcodes: Readonly<Record<string, number>>
  /** True if no question may be asked twice: then `questions` gives others for every seed, and dnsperf reads them once. */
  readonly once: boolean
  questions(seed: number): string[]
}

/** How large the scenarios are. */
export interface Sizes {
  /** Services, hosts and cached names. */
  readonly names: number
  /** Lines of a list that is read again and again. */
  readonly lines: number
  /** Lines of a list that is read once: it bounds the queries of one measurement. */
  readonly unseenLines: number
}

/** What `npm run bench` asks. */
export const usualSizes: Sizes = { names: 1_000, lines: 20_000, unseenLines: 400_000 }

/** Every scenario, in the order in which they are printed. */
export function makeScenarios(sizes: Sizes): Scenario[] {
  return [...clusterScenarios(sizes), hostScenario(sizes), forwardScenario(sizes)]
}

function clusterScenarios({ names, lines, unseenLines }: Sizes): Scenario[] {
  const services = makeServices(names)
  const data: ServedData = {
    block: 'cluster',
    origin: clusterZone,
    zoneFile: clusterZoneFile(services),
    manifests: manifestsOf(services),
  }
  const probe = { name: serviceName(services[0]!), address: services[0]!.address }
  const known = services.map(serviceName)
  const spaces = [...new Set(services.map((service) => service.namespace))]
  return [
    {
      name: 'service',
      title: `A of ${names} ClusterIP Services of cluster.local, at random`,
      data,
      probe,
      rcodes: { NOERROR: 1 },
      once: false,
      questions: (seed) => filled(lines, seeded(seed), (random) => `${pick(known, random)} A`),
    },
    {
      name: 'search',
      title: `Search-path mix of cluster.local: 1/2 A of ${names} Services, 2/5 NXDOMAIN of names outside that a resolver tries there first, 1/10 AAAA without data`,
      data,
      probe,
      rcodes: { NOERROR: 0.6, NXDOMAIN: 0.4 },
      once: false,
      questions: (seed) => filled(lines, seeded(seed), (random) => searchPathQuestion(known, spaces, random)),
    },
    {
      name: 'unseen',
      title: 'NXDOMAIN of names of cluster.local that were never asked before',
      data,
      probe,
      rcodes: { NXDOMAIN: 1 },
      once: true,
      questions: (seed) =>
        filled(
          unseenLines,
          seeded(seed),
          (random) => `${word(seed, random)}.${pick(spaces, random)}.svc.${clusterZone} A`,
        ),
    },
  ]
}

/** Names outside of the cluster that pods ask for. */
const outsideNames = Array.from({ length: 100 }, (_, index) => `api-${index}.vendor.example`)

// With ndots:5 a pod of namespace N asks for api-1.vendor.example.N.svc.cluster.local, then .svc.cluster.local, then .cluster.local.
function searchPathQuestion(services: readonly string[], spaces: readonly string[], random: () => number): string {
  const share = random()
  if (share < 0.5) return `${pick(services, random)} A`
  if (share < 0.6) return `${pick(services, random)} AAAA`
  const suffix = pick([`${pick(spaces, random)}.svc.${clusterZone}`, `svc.${clusterZone}`, clusterZone], random)
  return `${pick(outsideNames, random)}.${suffix} A`
}

/** The same mix for any cluster: names of Services and of namespaces. */
export const searchPathQuestions = (
  services: readonly string[],
  spaces: readonly string[],
  { count, seed }: { readonly count: number; readonly seed: number },
): string[] => filled(count, seeded(seed), (random) => searchPathQuestion(services, spaces, random))

function hostScenario({ names, lines }: Sizes): Scenario {
  const hosts = makeHosts(names)
  return {
    name: 'zone',
    title: `A of ${names} names of the zone file of aikernel.local, at random`,
    data: { block: 'zone', origin: hostZone, zoneFile: hostZoneFile(hosts), manifests: '' },
    probe: { name: hosts[0]!.name, address: hosts[0]!.address },
    rcodes: { NOERROR: 1 },
    once: false,
    questions: (seed) => filled(lines, seeded(seed), (random) => `${pick(hosts, random).name} A`),
  }
}

/** What the upstream answers to every A question. */
export const upstreamAddress = '192.0.2.80'

function forwardScenario({ names, lines }: Sizes): Scenario {
  const outside = Array.from({ length: names }, (_, index) => `www-${index}.site.example`)
  return {
    name: 'forward',
    title: `A of ${names} names outside, forwarded once and then cached for 30 s, at random`,
    data: { block: 'forward', origin: '', zoneFile: '', manifests: '' },
    probe: { name: outside[0]!, address: upstreamAddress },
    rcodes: { NOERROR: 1 },
    once: false,
    questions: (seed) => filled(lines, seeded(seed), (random) => `${pick(outside, random)} A`),
  }
}

const filled = (count: number, random: () => number, line: (random: () => number) => string): string[] =>
  Array.from({ length: count }, () => line(random))

// Nobody meets one twice: 2^62 words for each seed.
const word = (seed: number, random: () => number): string => `x${seed}-${half(random)}${half(random)}`
const half = (random: () => number): string => Math.floor(random() * 2 ** 31).toString(36)
