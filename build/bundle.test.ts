// The built form as the image has it: a folder elsewhere, without node_modules, run by Node alone.

import { Resolver } from 'node:dns/promises'
import { cp, readdir, readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import t from 'tap'
import { ApiServer } from '../test/support/api-server/api-server.ts'
import { Child, fillPorts, folderWith, freeDnsPort } from '../test/support/command.ts'
import { httpGet } from '../test/support/http.ts'
import { type Bundled, bundle } from './bundle.ts'

const root = join(import.meta.dirname, '..')
const cluster = join(root, 'examples/cluster')

/** Resident memory of an idle server with kubeadm's Corefile, main, serving and k8s thread, in KiB: at all times, and once it has given back what the start needed. */
const residentKibMax = 110 * 1024
const settledKibMax = 95 * 1024

const corefile = `.:PORT {
  bind 127.0.0.1
  errors
  health 127.0.0.1:PORT1
  ready 127.0.0.1:PORT2
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    SOURCE
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  prometheus 127.0.0.1:PORT3
  forward . 127.0.0.1:PORT4
  cache 30
  reload
  loadbalance
}
`

interface Teardown {
  teardown(handler: () => unknown): void
}

/** Builds into a folder of the test and copies what the image takes to another one. */
async function release(t: Teardown): Promise<{ folder: string; bundled: Bundled }> {
  const out = join(await folderWith(t, {}), 'dist')
  const bundled = await bundle({ root, entry: join(root, 'cli/meridian.ts'), out })
  const folder = await folderWith(t, {})
  await cp(out, join(folder, 'dist'), { recursive: true })
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  return { folder, bundled }
}

function start(t: Teardown, folder: string, args: readonly string[]): Child {
  const words = ['--require', join(folder, 'bin/preload.cjs'), join(folder, 'dist/meridian.js'), ...args]
  return Child.start(t, process.execPath, words, { cwd: folder })
}

async function residentKib(child: Child): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1])
}

t.test('the built form', async (t) => {
  const { folder, bundled } = await release(t)

  await t.test('has every module that a thread or process runs, and reaches for nothing outside', async (t) => {
    const files = await readdir(join(folder, 'dist'))
    for (const entry of ['meridian.js', 'serving-worker.js', ...bundled.entries]) t.ok(files.includes(entry), entry)
    const named = /(?:\bfrom|\bimport|\bimport\(|\brequire\(|\bgetBuiltinModule\()\s*["']([\w@:./-]+)["']/g
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const source = await readFile(join(folder, 'dist', file), 'utf8')
      for (const [, specifier = ''] of source.matchAll(named)) {
        // fastify's validator can write modules; what they would import stands there as text.
        if (/^(ajv|ajv-formats|fast-json-stringify)\//.test(specifier)) continue
        const isInside = specifier.startsWith('./') && files.includes(specifier.slice(2))
        t.ok(isInside || isBuiltin(specifier), `${file}: ${specifier}`)
      }
      t.notMatch(source, /\bnew URL\("\.[^"]*\.ts"/, file)
    }
    t.match(await readFile(join(folder, 'dist/LICENSES.txt'), 'utf8'), /^lru-cache /m)
  })

  await t.test('says its version, checks a Corefile', async (t) => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    const child = start(t, folder, ['serve', '-version'])
    t.equal(await child.ended(), 0)
    t.equal(child.lines[0], `Meridian-${version}`)
    const wrong = await folderWith(t, { Corefile: '. {\n  nonsense\n}\n' })
    const check = start(t, folder, ['check', join(wrong, 'Corefile')])
    t.equal(await check.ended(), 1)
    t.match(check.output, /Unknown directive 'nonsense'/)
  })

  await t.test('answers, is ready, is measured and reloads, in little memory', async (t) => {
    const ports = await Promise.all([1, 2, 3, 4, 5].map(() => freeDnsPort()))
    const [port, health, ready, metrics] = ports
    const api = await ApiServer.start({ manifests: cluster })
    t.teardown(() => api.close())
    const place = await folderWith(t, { Corefile: fillPorts(corefile, ports).replace('SOURCE', `endpoint ${api.url}`) })
    const child = start(t, folder, ['serve', '-conf', join(place, 'Corefile')])
    await child.said(/^Meridian-/m)
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${port}`])
    t.same(await resolver.resolve4('kubernetes.default.svc.cluster.local'), ['10.96.0.1'])
    t.same(await resolver.reverse('10.96.0.1'), ['kubernetes.default.svc.cluster.local'])
    t.match(await httpGet(`http://127.0.0.1:${health}/health`), { status: 200, body: 'OK' })
    t.match(await httpGet(`http://127.0.0.1:${ready}/ready`), { status: 200, body: 'OK' })
    t.match(await httpGet(`http://127.0.0.1:${metrics}/metrics`), {
      status: 200,
      body: /^coredns_dns_requests_total\{/m,
    })
    if (process.platform === 'linux') {
      const resident = await residentKib(child)
      t.ok(resident < residentKibMax, `${resident} KiB`)
      await child.until(async () => (await residentKib(child)) < settledKibMax, `less than ${settledKibMax} KiB`)
    }
    child.signal('SIGUSR1')
    await child.said(/Reloading complete/)
    t.same(await resolver.resolve4('kubernetes.default.svc.cluster.local'), ['10.96.0.1'])
    child.signal('SIGTERM')
    t.equal(await child.ended(), 0)
    t.notMatch(child.output, /Recovered from bug|Error:/)
  })
})
