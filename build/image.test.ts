// The image without a container engine: its tree is put together as the Dockerfile says and becomes the root of a process with a network of its own, read-only,
// user 1000, NET_BIND_SERVICE as the only capability there is. Root and Debian's iproute2, libcap2-bin and util-linux are needed for that; else it is skipped.

import { execFileSync } from 'node:child_process'
import { copyFile, cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { Child, folderWith, programPath, run } from '../test/support/command.ts'
import { bundle } from './bundle.ts'

const root = join(import.meta.dirname, '..')
const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')

/** Instructions as [word, rest], with continued lines joined. */
const instructions = dockerfile
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line): [string, string] => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1).trim()])

/** Instructions of the last stage: what the image is. */
const image = instructions.slice(instructions.findLastIndex(([word]) => word === 'FROM'))
const lastOf = (word: string): string => image.findLast(([name]) => name === word)?.[1] ?? ''
const entrypoint = JSON.parse(lastOf('ENTRYPOINT')) as string[]

const corefile = `.:53 {
  bind 127.0.0.1
  errors
  health 127.0.0.1:8080
  kubernetes cluster.local {
    manifests /etc/coredns/cluster
  }
  forward . /etc/resolv.conf
  cache 30
  reload
}
`

const missing = ['unshare', 'ip', 'capsh', 'setcap', 'nsenter', 'dig', 'ldd'].filter(
  (name) => programPath(name) === null,
)
const skip =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'only root of a Linux machine can make namespaces'
    : missing.length > 0 && `missing: ${missing.join(', ')}`

t.test('the Dockerfile makes what CoreDNS’s manifests expect', async (t) => {
  const known = new Set(['FROM', 'RUN', 'WORKDIR', 'COPY', 'ENV', 'USER', 'EXPOSE', 'STOPSIGNAL', 'ENTRYPOINT'])
  for (const [word] of instructions) t.ok(known.has(word), word)
  t.equal(lastOf('USER'), '1000:1000')
  t.equal(lastOf('ENV'), 'MERIDIAN_INVOKED_AS=coredns')
  t.same(lastOf('EXPOSE').split(' '), ['53/udp', '53/tcp', '8080/tcp', '8181/tcp', '9153/tcp'])
  const launcher = await readFile(join(root, 'bin/meridian'), 'utf8')
  const flags = /^exec "\$node" (.*) "\$root\/bin\/preload\.cjs" "\$entry" "\$@"$/m.exec(launcher)?.[1]?.split(' ')
  t.same(entrypoint.slice(1, -2), flags, 'the flags are those of bin/meridian')
})

t.test('what the Dockerfile copies is not ignored', async (t) => {
  const rules = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n')
  const copied = instructions
    .filter(([word, rest]) => word === 'COPY' && !rest.startsWith('--from'))
    .map(([, rest]) => rest)
  const files = copied.flatMap((rest) => rest.split(' ').slice(0, -1)).filter((file) => file !== '.')
  const read = ['bin/preload.cjs', 'LICENSE', 'build/main.ts', 'cli/meridian.ts', 'examples/demo/Corefile']
  for (const path of [...files, ...read]) {
    await realpath(join(root, path))
    t.ok(rules.includes(`!${path.split('/')[0]}`), path)
  }
})

t.test('the image’s tree binds port 53 and answers, read-only, as user 1000', { skip }, async (t) => {
  const tree = await imageTree(t)
  const child = Child.start(t, 'unshare', ['--net', '--mount', 'sh', '-ec', startScript(tree)], {
    environment: { MERIDIAN_INVOKED_AS: 'coredns', MALLOC_ARENA_MAX: '' },
  })
  await child.said(/^Meridian-/m)
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  t.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m)
  t.match(status, /^CapEff:\t0000000000000400$/m, 'NET_BIND_SERVICE')
  t.match(status, /^CapBnd:\t0000000000000400$/m)
  const ask = async (...words: string[]): Promise<string> =>
    (await run('nsenter', ['--target', String(child.pid), '--net', 'dig', '@127.0.0.1', '+short', ...words])).output
  t.equal(await ask('kubernetes.default.svc.cluster.local'), '10.96.0.1\n')
  t.equal(await ask('+tcp', 'kubernetes.default.svc.cluster.local'), '10.96.0.1\n')
  // A program with a file capability is less free than others: memory of its code is given back all the same.
  const fileKib = async (): Promise<number> =>
    Number(/^RssFile:\s+(\d+) kB$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1])
  await child.until(async () => (await fileKib()) < 32 * 1024, 'less than 32 MiB of code')
  child.signal('SIGUSR1')
  await child.said(/Reloading complete/)
  child.signal('SIGTERM')
  t.equal(await child.ended(), 0)
  t.notMatch(child.output, /\[ERROR\]|EROFS|EACCES/)
})

// What the last stage gets from the builder, plus the base's libc, a Corefile and a cluster.
async function imageTree(t: { teardown(handler: () => unknown): void }): Promise<string> {
  const tree = await folderWith(t, { 'etc/coredns/Corefile': corefile, 'etc/resolv.conf': 'nameserver 127.0.0.2\n' })
  const [node = ''] = entrypoint
  const place = async (from: string, to: string): Promise<void> => {
    await mkdir(dirname(join(tree, to)), { recursive: true })
    await copyFile(from, join(tree, to))
  }
  await place(process.execPath, node)
  execFileSync(programPath('setcap') ?? '', ['cap_net_bind_service=+ep', join(tree, node)])
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)
  for (const [, library = ''] of libraries) await place(await realpath(library), library)
  await bundle({ root, entry: join(root, 'cli/meridian.ts'), out: join(tree, 'meridian/dist') })
  await place(join(root, 'bin/preload.cjs'), 'meridian/bin/preload.cjs')
  await cp(join(root, 'examples/cluster'), join(tree, 'etc/coredns/cluster'), { recursive: true })
  await mkdir(join(tree, 'proc'))
  await mkdir(join(tree, 'dev'))
  await writeFile(join(tree, 'dev/null'), '')
  execFileSync('chmod', ['--recursive', 'a+rX', tree])
  return tree
}

// capsh takes every capability but one out of the bounding set, then becomes user 1000 in the tree: what a container runtime does.
function startScript(tree: string): string {
  const bounding = /^Bounding set =(.*)$/m.exec(
    execFileSync(programPath('capsh') ?? '', ['--print'], { encoding: 'utf8' }),
  )?.[1]
  const dropped = (bounding ?? '').split(',').filter((name) => name !== 'cap_net_bind_service')
  const [node, ...words] = [...entrypoint, '-conf', '/etc/coredns/Corefile']
  return [
    // What runs the tests loads modules of its own into every Node, and they are not in the image.
    'unset NODE_OPTIONS',
    'ip link set lo up',
    `mount --bind ${tree} ${tree}`,
    `mount -t proc proc ${tree}/proc`,
    `mount --bind /dev/null ${tree}/dev/null`,
    `mount -o remount,bind,ro ${tree}`,
    `exec capsh --drop=${dropped.join(',')} --chroot=${tree} --gid=1000 --uid=1000 --shell=${node} -- ${words.join(' ')}`,
  ].join('\n')
}
