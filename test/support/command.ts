// The real `bin/meridian` as a child process, and the Debian programs that ask it or are asked by it. Every child ends with its test, by its pid.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './http.ts'

/** The command of this checkout. */
export const meridian = fileURLToPath(new URL('../../bin/meridian', import.meta.url))

/** Milliseconds that a child may take for what it is waited for; only a failure takes them. */
const patienceMs = 20_000

interface Teardown {
  teardown(handler: () => unknown): void
}

/** Path of an installed program, null without it. */
export function programPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/** tap's `skip` for a test that needs a program: false if it is there, else what to install. */
export function skipWithout(program: string, debianPackage: string): string | false {
  return programPath(program) === null && `${program} is missing (Debian package ${debianPackage})`
}

/** A temporary folder with files (name -> text), removed with the test. */
export async function folderWith(t: Teardown, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** A loopback port that is free in UDP and in TCP. */
export async function freeDnsPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    const socket = createSocket('udp4')
    const free = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false))
      socket.bind(port, '127.0.0.1', () => resolve(true))
    })
    socket.close()
    if (free) return port
  }
}

/** How a child is started. */
export interface StartOptions {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Written to its standard input, which is closed then. */
  readonly input?: string
}

/** A child process and what it has said. */
export class Child {
  /** Standard output and standard error, as they came. */
  output = ''
  readonly pid: number
  readonly #process: ChildProcess
  readonly #ended: Promise<number | null>
  #code: number | null | undefined

  constructor(program: string, args: readonly string[], { cwd, environment, input }: StartOptions) {
    this.#process = spawn(program, args, { cwd, env: { ...process.env, ...environment }, stdio: 'pipe' })
    this.pid = this.#process.pid ?? 0
    const hear = (chunk: Buffer): void => {
      this.output += chunk.toString()
    }
    this.#process.stdout?.on('data', hear)
    this.#process.stderr?.on('data', hear)
    this.#process.stdin?.on('error', () => {})
    this.#process.stdin?.end(input ?? '')
    this.#ended = once(this.#process, 'close').then(([code]: (number | null)[]) => {
      this.#code = code ?? null
      return this.#code
    })
  }

  /** Starts it; it is killed at the end of the test if it still runs. */
  static start(t: Teardown, program: string, args: readonly string[], options: StartOptions = {}): Child {
    const child = new Child(program, args, options)
    t.teardown(() => child.kill())
    return child
  }

  get lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1)
  }

  /** Resolves when a line of its output matches; rejects with all of it if it ends before, or takes too long. */
  said(pattern: RegExp, from = 0): Promise<void> {
    return this.until(() => pattern.test(this.output.slice(from)), String(pattern))
  }

  /** Resolves when `condition` holds. */
  async until(condition: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
    const end = Date.now() + patienceMs
    while (!(await condition())) {
      if (this.#code !== undefined) throw new Error(`ended with ${this.#code}, waiting for ${what}:\n${this.output}`)
      if (Date.now() > end) throw new Error(`waited in vain for ${what}:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Its exit code, null if a signal ended it. */
  ended(): Promise<number | null> {
    return this.#ended
  }

  async kill(): Promise<void> {
    if (this.#code === undefined) this.#process.kill('SIGKILL')
    await this.#ended
  }
}

/** A running `meridian serve`. */
export interface Served {
  readonly child: Child
  readonly port: number
  readonly folder: string
  /** `dig` with these words at the server's port: what it prints. */
  dig(...words: readonly string[]): Promise<string>
}

/** What `serveCommand` serves: the Corefile may say PORT, and name other free ports as PORT1, PORT2 … */
export interface ServeCommandOptions extends StartOptions {
  readonly corefile: string
  readonly files?: Readonly<Record<string, string>>
  /** More arguments. */
  readonly args?: readonly string[]
  /** Default: serve. */
  readonly subcommand?: 'serve' | 'demo'
}

/** Starts `bin/meridian serve` in a folder of its own and waits until it serves. */
export async function serveCommand(
  t: Teardown,
  options: ServeCommandOptions,
): Promise<Served & { readonly ports: readonly number[] }> {
  const ports: number[] = []
  for (const _ of new Set(options.corefile.match(/\bPORT[0-9]*\b/g) ?? [])) ports.push(await freeDnsPort())
  const port = ports[0] ?? (await freeDnsPort())
  const folder = await folderWith(t, {
    ...options.files,
    Corefile: fillPorts(options.corefile, [port, ...ports.slice(1)]),
  })
  const args = [options.subcommand ?? 'serve', '-conf', 'Corefile', '-dns.port', String(port), ...(options.args ?? [])]
  const child = Child.start(t, meridian, args, { ...options, cwd: folder })
  await child.said(/^Meridian-/m)
  return { child, port, ports, folder, dig: (...words) => dig(port, ...words) }
}

/** The text with PORT, PORT1, … replaced. */
export function fillPorts(text: string, ports: readonly number[]): string {
  return text.replace(/\bPORT([0-9]*)\b/g, (_, index: string) => String(ports[Number(index)]))
}

/** Runs an installed program to its end: its exit code (null if it was killed) and all that it printed. */
export function run(
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ code: number | null; output: string }> {
  const { cwd, environment, input } = options
  const path = program.includes('/') ? program : (programPath(program) ?? program)
  return new Promise((resolve) => {
    const settings = { cwd, env: { ...process.env, ...environment }, timeout: patienceMs, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(path, args, settings, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, output: stdout + stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
}

/** `dig` at 127.0.0.1 (or where the words say): what it prints. */
export async function dig(port: number, ...words: readonly string[]): Promise<string> {
  const at = words.some((word) => word.startsWith('@')) ? [] : ['@127.0.0.1']
  return (await run('dig', ['-r', ...at, '-p', String(port), '+time=4', '+tries=1', ...words])).output
}

/** The lines of one of dig's sections, with single spaces: `ANSWER`, `AUTHORITY`, `ADDITIONAL`. */
export function section(printed: string, name: string): readonly string[] {
  const found = new RegExp(`^;; ${name} SECTION:\n([\\s\\S]*?)\n\n`, 'm').exec(printed)?.[1] ?? ''
  return found.split('\n').map((line) => line.replace(/\s+/g, ' '))
}

/** A link called `name` to the command, in `folder`. */
export async function linkCommand(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  await symlink(meridian, path)
  return path
}
