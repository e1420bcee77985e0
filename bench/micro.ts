// What the steps of a query cost inside the process, in nanoseconds of this thread's CPU time, without sockets and kernel: `npm run bench -- --micro`.
//
// A query that the answer table must not answer carries an EDNS option of the local range, which makes it pass the table by; so a "miss" here includes the
// decoding of an OPT record.

import type { Client } from '../plugins/query.ts'
import type { Engine } from '../server/engine.ts'
import { plainUdpBytes } from '../server/limits.ts'
import { Packet } from '../server/packet.ts'
import type { EdnsOption } from '../wire/edns.ts'
import { Encoder } from '../wire/encoder.ts'
import { isFault } from '../wire/fault.ts'
import { decodeMessage, encodeMessage, flagBits, type Message } from '../wire/message.ts'
import { Name } from '../wire/name.ts'
import { classes, rcodes, types } from '../wire/registry.ts'
import { clusterZone, hostZone, hostZoneFile, makeHosts, makeServices, manifestsOf, serviceName } from './data.ts'
import { serveInProcess } from './in-process.ts'
import { freePort } from './server-process.ts'
import { align, median } from './table.ts'

/** How long each step is repeated. */
export interface MicroOptions {
  readonly seconds: number
}

/** One step; `run` does it once and returns a number that depends on its work, so that none of it can be left out. */
interface Step {
  readonly name: string
  run(): number
}

/** Batches that a step's time is cut into: the table shows their median. */
const batches = 11

/** Measures every step and returns the table. */
export async function runMicro({ seconds }: MicroOptions): Promise<string> {
  const services = makeServices(1_000)
  const hosts = makeHosts(1_000)
  const metricsPort = await freePort()
  const server = await serveInProcess((folder) => corefile(folder, metricsPort), {
    'cluster.yaml': manifestsOf(services),
    'db.hosts': hostZoneFile(hosts),
  })
  try {
    const names = { service: Name.parse(serviceName(services[500]!)), host: Name.parse(hosts[500]!.name) }
    const rows = makeSteps(server.engine, names).map((step) => rowOf(step, seconds))
    return align(['step', 'ns', 'least', 'most'], rows, 1).join('\n')
  } finally {
    await server.stop()
  }
}

function corefile(folder: string, metricsPort: number): string {
  const common = ['bind 127.0.0.1', 'errors', `prometheus 127.0.0.1:${metricsPort}`, 'loadbalance round_robin']
  const block = (zone: string, directive: string): string => `${zone} {\n${[...common, directive].join('\n')}\n}\n`
  const kubernetes = `kubernetes ${clusterZone} {\nmanifests ${folder}/cluster.yaml\nttl 30\n}`
  return block(clusterZone, kubernetes) + block(hostZone, `file ${folder}/db.hosts`)
}

function makeSteps(engine: Engine, { service, host }: { service: Name; host: Name }): Step[] {
  const query = question(service)
  const answer = replyTo(engine, query)
  const message = decoded(answer)
  const packet = new Packet()
  const unknown = Name.parse(`unknown.${service}`)
  return [
    { name: 'read a query in place', run: () => (packet.accept(query) === 'ask' ? packet.key.length : Number.NaN) },
    { name: 'decode a query', run: () => decoded(query).id },
    { name: 'decode an answer', run: () => decoded(answer).answer.length },
    { name: 'encode an answer', run: () => encode(message) },
    chainStep('whole way: answer table', engine, query, rcodes.NOERROR),
    chainStep('whole way: kubernetes, a Service', engine, question(service, localOption), rcodes.NOERROR),
    chainStep('whole way: kubernetes, NXDOMAIN', engine, question(unknown, localOption), rcodes.NXDOMAIN),
    chainStep('whole way: file, an address', engine, question(host, localOption), rcodes.NOERROR),
    chainStep(
      'whole way: no block, REFUSED',
      engine,
      question(Name.parse('outside.example.'), localOption),
      rcodes.REFUSED,
    ),
  ]
}

const client: Client = {
  address: '127.0.0.1',
  port: 40_000,
  family: 4,
  transport: 'udp',
  localAddress: '127.0.0.1',
  localPort: 53,
}

/** An option of a code for local use (RFC 6891 9). */
const localOption: EdnsOption = { code: 65_001, data: new Uint8Array(0) }

function question(name: Name, option?: EdnsOption): Uint8Array {
  return encodeMessage({
    id: 4711,
    flags: flagBits.rd,
    opcode: 0,
    rcode: 0,
    questions: [{ name, type: types.A, class: classes.IN }],
    answer: [],
    authority: [],
    additional: [],
    edns: option ? { udpSize: 1232, version: 0, do: false, z: 0, extendedRcode: 0, options: [option] } : null,
  })
}

/** The engine from bytes to bytes; an answer of another kind than `rcode` ends the run, since it would measure something else. */
function chainStep(name: string, engine: Engine, query: Uint8Array, rcode: number): Step {
  const got = decoded(replyTo(engine, query)).rcode
  if (got !== rcode) throw new Error(`${name}: the response code is ${got}, not ${rcode}`)
  let octets = 0
  const count = (reply: Uint8Array | null): void => {
    octets = reply?.length ?? 0
  }
  return {
    name,
    run: () => {
      engine.receive(query, client, count)
      return octets
    },
  }
}

function replyTo(engine: Engine, query: Uint8Array): Uint8Array {
  const replies: Uint8Array[] = []
  engine.receive(query, client, (reply) => {
    if (reply) replies.push(reply)
  })
  const [reply] = replies
  if (!reply) throw new Error('no answer came at once')
  return reply
}

function decoded(bytes: Uint8Array): Message {
  const message = decodeMessage(bytes)
  if (isFault(message)) throw new Error(message.fault)
  return message
}

function encode(message: Message): number {
  const encoder = new Encoder(plainUdpBytes)
  encoder.header(message.id, message.flags)
  encoder.question(message.questions[0]!)
  encoder.section('answer', message.answer)
  return encoder.finish().length
}

function rowOf({ name, run }: Step, seconds: number): string[] {
  const count = countFor(run, seconds / batches)
  const times = Array.from({ length: batches }, () => nanosecondsEach(run, count))
  return [name, median(times), Math.min(...times), Math.max(...times)].map((cell) =>
    typeof cell === 'string' ? cell : Math.round(cell).toLocaleString('en'),
  )
}

// Doubles until a batch takes long enough; that warms the code up as well.
function countFor(run: () => number, seconds: number): number {
  let count = 1
  while (nanosecondsEach(run, count) * count < seconds * 1e9) count *= 2
  return count
}

function nanosecondsEach(run: () => number, count: number): number {
  let sum = 0
  const before = process.threadCpuUsage()
  for (let i = 0; i < count; i++) sum += run()
  const { user, system } = process.threadCpuUsage(before)
  const nanoseconds = ((user + system) * 1000) / count
  if (!(sum > 0)) throw new Error('a step did nothing')
  return nanoseconds
}
