// The server under test: started in a copy of the suite's folder (cases may write files there), stopped when the suite is over.
import { execFile, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askQuery, type Target } from './ask.ts'
import type { Suite } from './case.ts'
import { useManifests, withCompat, withPatience } from './corefile.ts'
import type { Ports } from './ports.ts'
import { accepts } from './transport.ts'

/** What a run replays the suites against. */
export interface Subject {
  /** The command and its arguments; a word that ends in `Corefile` names the file to load. */
  readonly command: readonly string[]
  /** The checking command, file name last; null when the server has none and has to be started instead. */
  readonly check: readonly string[] | null
  /** The cluster as a file; null leaves the `kubeconfig` lines as they are. */
  readonly manifests: string | null
  readonly isCompat: boolean
  readonly ports: Ports
  /** Ends every process of the run. */
  readonly abort: AbortSignal
}

const startTimeoutMs = 20_000
const stopTimeoutMs = 4_000

/** The copy of a suite's folder, its Corefiles changed as the subject wants them. */
export function copySuite(suite: Suite, subject: Subject): string {
  const directory = mkdtempSync(join(tmpdir(), 'meridian-conformance-'))
  cpSync(suite.directory, directory, { recursive: true })
  for (const file of readdirSync(directory).filter((name) => name.includes('Corefile'))) {
    const path = join(directory, file)
    let text = readFileSync(path, 'utf8')
    text = subject.manifests === null ? withPatience(text) : useManifests(text, subject.manifests)
    if (subject.isCompat) text = withCompat(text)
    writeFileSync(path, text)
  }
  return directory
}

/** The environment that Corefiles and servers see; a cluster that this machine may be in is hidden. */
export function environment(suite: Suite, subject: Subject): NodeJS.ProcessEnv {
  const ports = Object.entries(subject.ports).map(([name, port]) => [name, String(port)])
  const { KUBERNETES_SERVICE_HOST: _host, KUBERNETES_SERVICE_PORT: _port, ...inherited } = process.env
  return { KUBECONFIG: '/nonexistent/kubeconfig', ...inherited, ...Object.fromEntries(ports), ...suite.env }
}

export class ServerUnderTest {
  readonly directory: string
  readonly target: Target
  readonly #subject: Subject
  readonly #environment: NodeJS.ProcessEnv
  #exited = false
  readonly #child: ReturnType<typeof spawn>
  readonly #logFile: string
  readonly #gone: Promise<void>

  private constructor(suite: Suite, subject: Subject) {
    this.#subject = subject
    this.#environment = environment(suite, subject)
    this.directory = copySuite(suite, subject)
    this.target = { address: '127.0.0.1', ports: subject.ports }
    this.#logFile = join(this.directory, 'server.log')
    const log = openSync(this.#logFile, 'w')
    const [program = '', ...words] = subject.command
    this.#child = spawn(program, words, {
      cwd: this.directory,
      env: this.#environment,
      stdio: ['ignore', log, log],
      signal: subject.abort,
      killSignal: 'SIGKILL',
    })
    closeSync(log)
    this.#gone = new Promise((resolve) => {
      const gone = (): void => {
        this.#exited = true
        resolve()
      }
      this.#child.once('exit', gone)
      this.#child.once('error', (error) => {
        writeFileSync(this.#logFile, `${error.message}\n`, { flag: 'a' })
        gone()
      })
    })
  }

  /** Starts the server and waits until it serves, has read the cluster, or has gone. */
  static async start(suite: Suite, subject: Subject): Promise<ServerUnderTest> {
    const server = new ServerUnderTest(suite, subject)
    await server.#waitUntil(() => accepts('127.0.0.1', subject.ports.DNS_PORT), startTimeoutMs)
    const { probe } = suite
    if (probe) {
      await server.#waitUntil(async () => {
        const reply = await askQuery({ transport: 'udp', query: probe, timeout: 500 }, server.target)
        if (!('rcode' in reply) || reply.rcode !== (probe.rcode ?? 'NOERROR')) return false
        return !probe.answers || reply.answer.length > 0
      }, startTimeoutMs)
    }
    return server
  }

  /** True once the process has ended: it refused the Corefile, or crashed. */
  get exited(): boolean {
    return this.#exited
  }

  /** Everything that it has printed. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  /** All that the checking command says about the Corefile; empty if there is no such command. A server names the first problem only. */
  check(): Promise<string> {
    const [program, ...words] = this.#subject.check ?? []
    if (program === undefined) return Promise.resolve('')
    const options = { cwd: this.directory, env: this.#environment, timeout: startTimeoutMs }
    return new Promise((resolve) => {
      execFile(program, [...words, 'Corefile'], options, (_, output, errors) => resolve(output + errors))
    })
  }

  /** Ends the process and removes its folder. */
  async stop(): Promise<void> {
    if (!this.#exited) this.#child.kill('SIGTERM')
    await Promise.race([this.#gone, sleep(stopTimeoutMs, undefined, { ref: false })])
    if (!this.#exited) this.#child.kill('SIGKILL')
    await this.#gone
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs
    while (!this.#exited && performance.now() < end) {
      if (await condition()) return
      await sleep(25)
    }
  }
}
