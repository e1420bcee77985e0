// The measuring: every server of a scenario runs at once, idle until its turn comes; in each round each has its turn at each rate.
//
//   start all ─► warm up each ─► round 1: rate 1: A B C, rate 2: A B C … ─► round 2 … ─► stop all
//
// CPU per query = CPU time of the server during dnsperf's run ÷ queries answered.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApiServer } from './api-server.ts'
import type { Cores } from './cores.ts'
import { type LoadReport, runLoad } from './load.ts'
import type { Place, Rival } from './rivals.ts'
import type { Scenario } from './scenarios.ts'
import { freePort, ServerProcess } from './server-process.ts'
import { startUpstream } from './upstream.ts'

/** How a run is made. */
export interface MeasureOptions {
  readonly cores: Cores
  /** Queries a second; 0 is saturation. */
  readonly rates: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly warmupSeconds: number
  /** Told what happens, for a person who waits. */
  readonly progress: (line: string) => void
}

/** One server at one rate, once. */
export interface Measurement {
  readonly report: LoadReport
  readonly cpuSeconds: number
  readonly memoryBytes: number
}

/** One server in one scenario: its measurements by rate. */
export interface Result {
  readonly rival: Rival
  readonly source: string
  readonly byRate: ReadonlyMap<number, readonly Measurement[]>
}

interface Contender {
  readonly rival: Rival
  readonly source: string
  readonly server: ServerProcess
  readonly port: number
  readonly byRate: Map<number, Measurement[]>
}

/** Measures all servers that can answer the scenario. Everything that it starts has ended when it returns. */
export async function measure(
  scenario: Scenario,
  rivals: readonly Rival[],
  options: MeasureOptions,
): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bench-'))
  const upstream = await startUpstream()
  const apiServer = await startApiServer(scenario.data.manifests)
  const contenders: Contender[] = []
  // An interrupted run leaves nothing behind either.
  const abandon = (): void => {
    for (const { server } of contenders) server.abandon()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  try {
    const shared = writeData(scenario, folder)
    for (const rival of rivals.filter(({ blocks }) => blocks.includes(scenario.data.block))) {
      contenders.push(
        await startContender(rival, scenario, {
          folder,
          core: options.cores.server,
          upstreamPort: upstream.port,
          apiServer: apiServer.url,
          ...shared,
        }),
      )
    }
    await takeTurns(scenario, contenders, { ...options, folder })
  } finally {
    await Promise.all(contenders.map(({ server }) => server.stop()))
    await Promise.all([upstream.close(), apiServer.close()])
    process.off('exit', abandon)
    rmSync(folder, { recursive: true, force: true })
  }
  return contenders.map(({ rival, source, byRate }) => ({ rival, source, byRate }))
}

function writeData({ data }: Scenario, folder: string): Pick<Place, 'zoneFile' | 'manifests'> {
  const zoneFile = join(folder, 'zone')
  const manifests = join(folder, 'cluster.yaml')
  writeFileSync(zoneFile, data.zoneFile)
  writeFileSync(manifests, data.manifests)
  return { zoneFile, manifests }
}

type Start = Pick<Place, 'folder' | 'zoneFile' | 'manifests' | 'upstreamPort' | 'apiServer'> & { readonly core: number }

async function startContender(rival: Rival, { data, probe }: Scenario, start: Start): Promise<Contender> {
  const folder = join(start.folder, rival.name)
  mkdirSync(folder)
  const port = await freePort()
  const metricsPort = await freePort()
  const setup = rival.setup({ ...start, folder, port, metricsPort, block: data.block, origin: data.origin })
  const server = await ServerProcess.start(setup, { folder, core: start.core, port, probe })
  return { rival, source: setup.source, server, port, byRate: new Map() }
}

async function takeTurns(
  scenario: Scenario,
  contenders: readonly Contender[],
  options: MeasureOptions & { readonly folder: string },
): Promise<void> {
  const { cores, rates, rounds, seconds, warmupSeconds, folder, progress } = options
  const file = join(folder, 'questions')
  // Each list has a seed of its own, so that what must never have been asked before has not been.
  let seed = 0
  const nextQuestions = (): void => writeFileSync(file, `${scenario.questions(seed++).join('\n')}\n`)
  const load = { core: cores.load, file, once: scenario.once }
  nextQuestions()
  for (const { rival, port } of contenders) {
    progress(`${scenario.name}: warming up ${rival.name}`)
    await runLoad({ ...load, port, rate: 0, seconds: warmupSeconds })
  }
  for (let round = 1; round <= rounds; round++) {
    for (const rate of rates) {
      nextQuestions()
      for (const { rival, server, port, byRate } of contenders) {
        progress(
          `${scenario.name}: round ${round} of ${rounds}, ${rate === 0 ? 'saturation' : `${rate} q/s`}, ${rival.name}`,
        )
        const before = server.usage()
        const report = await runLoad({ ...load, port, rate, seconds })
        const after = server.usage()
        const measurement = { report, cpuSeconds: after.cpuSeconds - before.cpuSeconds, memoryBytes: after.memoryBytes }
        byRate.set(rate, [...(byRate.get(rate) ?? []), measurement])
      }
    }
  }
}
