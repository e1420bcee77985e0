// The real thing: this very process gives pages back and goes on.

import { readFile } from 'node:fs/promises'
import t from 'tap'
import { codeMappings, releaseCodePages, shareMallocArena } from './process-memory.ts'

const skip = process.platform !== 'linux' && 'only Linux tells which pages are resident'

const fields = (anonymous: number, dirty = 0, swap = 0): string =>
  ['Size: 4096 kB', 'Rss: 300 kB', `Private_Dirty: ${dirty} kB`, `Anonymous: ${anonymous} kB`, `Swap: ${swap} kB`]
    .concat('VmFlags: rd ex mr')
    .map((line) => `${line}\n`)
    .join('')

t.test('only pages that the file still has count as code', async (t) => {
  const line = (permissions: string, file: string): string =>
    `00400000-0082e000 ${permissions} 00000000 fe:00 53 ${file}\n`
  const table: [name: string, mapping: string, count: number][] = [
    ['code', line('r-xp', '/usr/bin/node') + fields(0), 1],
    ['constants', line('r--p', '/usr/bin/node') + fields(0), 1],
    ['relocated constants: written to, then protected', line('r--p', '/usr/bin/node') + fields(4), 0],
    ['written to and swapped out', line('r--p', '/usr/bin/node') + fields(0, 0, 4), 0],
    ['dirty', line('r--p', '/usr/bin/node') + fields(0, 4), 0],
    ['writable', line('rw-p', '/usr/bin/node') + fields(0), 0],
    ['shared with other processes', line('r--s', '/dev/shm/x') + fields(0), 0],
    ['no file', line('r-xp', '') + fields(0), 0],
    ['the kernel', line('r-xp', '[vdso]') + fields(0), 0],
    ['without the fields that tell', line('r-xp', '/usr/bin/node'), 0],
  ]
  for (const [name, mapping, count] of table) t.equal(codeMappings(mapping).length, count, name)
  t.same(codeMappings(line('r-xp', '/usr/bin/node') + fields(0)), [
    { start: 0x400000n, end: 0x82e000n, residentKib: 300 },
  ])
})

t.test('a process gives most of the pages of its code back and works on', { skip }, async (t) => {
  const resident = async (): Promise<number> =>
    Number(/^RssFile:\s+(\d+) kB/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1])
  t.equal(await shareMallocArena(), true)
  const before = await resident()
  const released = await releaseCodePages()
  const after = await resident()
  t.ok(released > 10_000, `${released} KiB`)
  t.ok(after < before - released / 3, `${before} KiB, then ${after} KiB`)
  t.equal(JSON.stringify(structuredClone({ all: [1, 2, 3].map(String) })), '{"all":["1","2","3"]}')
})
