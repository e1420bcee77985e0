// What the process holds besides JavaScript's heaps, kept small by asking the C library and the kernel (Linux; elsewhere nothing happens). Never on the way of a query.
//
//   mallopt(M_ARENA_MAX, 1)                 one heap of malloc for all threads instead of one each. The environment's MALLOC_ARENA_MAX says the same, but libc ignores
//                                           it in a program with a file capability, as the image's is.
//   madvise(pages of code, MADV_DONTNEED)   starting up touches a third of Node's 150 MB program, serving a small part of that. The kernel forgets which pages were
//                                           touched, and maps again what is used: from its page cache, 64 KB at a time.

import { readFile } from 'node:fs/promises'

/** Pages of one file that nobody has written to: the file still has all of them. */
export interface CodeMapping {
  readonly start: bigint
  readonly end: bigint
  readonly residentKib: number
}

const arenaMaxOption = -8
const dontNeed = 4
/** Mappings with less than this resident, in KiB, are not worth a system call. */
const residentKibMin = 256

/** Lets all threads that start from now on share one arena of malloc. True if the C library could be told. */
export async function shareMallocArena(): Promise<boolean> {
  const library = await cLibrary()
  return library?.mallopt(arenaMaxOption, 1) === 1
}

/** Gives back pages of code that may never be used again; returns how much was resident, in KiB. Takes about 10 ms. */
export async function releaseCodePages(): Promise<number> {
  const library = await cLibrary()
  if (!library) return 0
  const smaps = await readFile('/proc/self/smaps', 'latin1').catch(() => '')
  let released = 0
  for (const { start, end, residentKib } of codeMappings(smaps)) {
    if (residentKib >= residentKibMin && library.madvise(start, end - start, dontNeed) === 0) released += residentKib
  }
  return released
}

/** The mappings of `/proc/PID/smaps` that can be dropped without loss: private pages of a file, not writable, and none of them written to before they became so. */
export function codeMappings(smaps: string): CodeMapping[] {
  const mapping = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +\/.*\n((?:[A-Z]\w*: .*\n?)*)/gm
  return [...smaps.matchAll(mapping)].flatMap(([, start, end, fields = '']) => {
    const kib = (field: string): number =>
      Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(fields)?.[1] ?? Number.NaN)
    const isClean = kib('Anonymous') === 0 && kib('Private_Dirty') === 0 && kib('Swap') === 0
    return isClean ? [{ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), residentKib: kib('Rss') }] : []
  })
}

interface CLibrary {
  mallopt(option: number, value: number): number
  madvise(start: bigint, length: bigint, advice: number): number
}

// musl has no mallopt, and a build of Node may lack node:ffi: then the process is as large as it is.
async function cLibrary(): Promise<CLibrary | null> {
  if (process.platform !== 'linux') return null
  try {
    const { dlopen } = await import('node:ffi')
    const { functions } = dlopen(null, {
      mallopt: { arguments: ['i32', 'i32'], return: 'i32' },
      madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
    })
    return functions
  } catch {
    return null
  }
}
