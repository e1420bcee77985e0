// Whatever the cluster becomes, every client gets what a walk along its own search path gives, computed from the same state by a few lines of a model.

import t from 'tap'
import { serve } from '../../test/support/serve.ts'

const namespaces = ['prod', 'test'] as const
const services = ['web.prod', 'web.test', 'test.prod', 'com.prod', 'db.test'] as const
const clients = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const
const words = ['web', 'web.test', 'www.example.com', 'db.test.svc', 'x.web', 'nope.example.com']
/** The one name outside. */
const outside = 'www.example.com'

/** A cluster: what exists, and which namespaces have a pod with the address of each client. */
interface State {
  readonly namespaces: ReadonlySet<string>
  readonly services: ReadonlySet<string>
  readonly pods: Readonly<Record<string, readonly string[]>>
}

function randomState(random: () => number): State {
  const some = <T>(of: readonly T[], likely: number): T[] => of.filter(() => random() < likely)
  return {
    namespaces: new Set(some(namespaces, 0.8)),
    services: new Set(some(services, 0.5)),
    pods: Object.fromEntries(clients.map((client) => [client, some(namespaces, 0.45)])),
  }
}

function manifestOf({ namespaces, services, pods }: State): string {
  const documents = [
    ...[...namespaces].map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}`),
    ...[...services].map((service) => {
      const [name, namespace] = service.split('.')
      return `apiVersion: v1\nkind: Service\nmetadata: {namespace: ${namespace}, name: ${name}}\nspec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1]}`
    }),
    ...Object.entries(pods).flatMap(([address, homes]) =>
      homes.map(
        (home) =>
          `apiVersion: v1\nkind: Pod\nmetadata: {namespace: ${home}, name: p-${address.at(-1)}}\nstatus: {phase: Running, podIP: ${address}, podIPs: [{ip: ${address}}]}`,
      ),
    ),
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: always}',
  ]
  return documents.map((document) => `---\n${document}\n`).join('')
}

/** True if the name, without its final dot, has an address. */
function exists(name: string, state: State): boolean {
  if (name === outside) return true
  const [service, namespace = '', ...rest] = name.split('.')
  return (
    rest.join('.') === 'svc.cluster.local' &&
    state.namespaces.has(namespace) &&
    state.services.has(`${service}.${namespace}`)
  )
}

/** What a walk finds, '' if nothing. */
function walkOf(word: string, namespace: string, state: State): string {
  const zones = [`.${namespace}.svc.cluster.local`, '.svc.cluster.local', '.cluster.local', '']
  return zones.map((zone) => `${word}${zone}`).find((name) => exists(name, state)) ?? ''
}

type Completes = (word: string, namespace: string, client: string, state: State) => boolean

const modes: [mode: string, completes: Completes][] = [
  ['@kubernetes', (_, namespace, client, { pods }) => pods[client]!.length === 1 && pods[client]![0] === namespace],
  [
    '@query',
    (word, namespace, _, state) =>
      word.includes('.') &&
      state.namespaces.has(namespace) &&
      !state.services.has(`${word.slice(word.lastIndexOf('.') + 1)}.${namespace}`),
  ],
]

/** A small generator with a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

for (const [mode, completes] of modes) {
  const seed = Number(process.env.MERIDIAN_TEST_SEED ?? 20_261_123)
  t.test(`${mode} is right for every client after every change (seed ${seed})`, async (t) => {
    const random = seeded(seed)
    const first = randomState(random)
    const server = await serve(t, {
      corefile: `. {
        autopath ${mode}
        kubernetes cluster.local {
          manifests objects.yaml
          pods verified
        }
        template ANY A {
          match ^www\\.example\\.com\\.$
          answer "{{ .Name }} 60 IN A 198.51.100.1"
          fallthrough cluster.local .
        }
        template ANY A {
          match ^[^.]+\\.$ ^(nope\\.example\\.com|web\\.test|db\\.test\\.svc|x\\.web)\\.$
          rcode NXDOMAIN
          fallthrough
        }
      }`,
      files: { 'objects.yaml': manifestOf(first) },
    })
    /** Questions that are not answered as the state says, each as a line. */
    const wrong = async (state: State): Promise<string> => {
      const lines: string[] = []
      for (const client of clients) {
        for (const namespace of namespaces) {
          for (const word of words) {
            const asked = `${word}.${namespace}.svc.cluster.local`
            const searched = completes(word, namespace, client, state)
            const wanted = searched ? walkOf(word, namespace, state) : exists(asked, state) ? asked : ''
            const reply = await server.ask(`${asked}. A`, { client })
            const found = reply?.answer.at(-1)?.split('. ')[0] ?? ''
            if (found !== wanted) lines.push(`${client} ${asked}: ${found}, not ${wanted}`)
          }
        }
      }
      return lines.join('\n')
    }
    for (let i = 0; i < 3; i++) t.equal(await wrong(first), '')
    for (let step = 0; step < 15; step++) {
      const state = randomState(random)
      await server.write('objects.yaml', manifestOf(state))
      await server.until(async () => (await wrong(state)) === '').catch(() => undefined)
      for (let i = 0; i < 2; i++) t.equal(await wrong(state), '', `step ${step}`)
    }
  })
}
