// `npm run fuzz`: a million mutated packets for the real process, then the decoders by themselves. The seed is printed first; the same seed sends the same packets.
//
//   npm run fuzz -- --packets 100000 --connections 500 --seed 7
//   npm run fuzz -- --only wire --seconds 60
//   npm run fuzz -- --only server

import { parseArgs } from 'node:util'
import { fuzzServer } from './server.ts'
import { fuzzWire } from './wire.ts'

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
const print = (line: string): void => console.log(line)
const started = performance.now()
const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1)

try {
  if (values.only !== 'wire') {
    const packets = Number(values.packets)
    const connections = Number(values.connections)
    print(`fuzz server: seed ${seed}, ${packets} packets over UDP, ${connections} connections over TCP`)
    const result = await fuzzServer({ packets, connections, seed, print })
    print(
      `server: alive after ${seconds()} s; replies to ${result.replies} packets and ${result.streamReplies} frames, all well-formed`,
    )
    print(`        ${[...result.rcodes].map(([rcode, count]) => `${rcode} ${count}`).join(', ')}`)
    print(
      `        ${result.known} questions in between answered rightly; resident ${result.residentMiB.join(', ')} MiB`,
    )
  }
  if (values.only !== 'server') {
    print(`fuzz wire: seed ${seed}, ${values.seconds} s`)
    const end = performance.now() + Number(values.seconds) * 1000
    const { inputs, decoded } = fuzzWire(seed, (count) => count % 64 === 0 && performance.now() > end)
    print(`wire:   ${inputs} inputs, ${decoded} messages decoded, none broke a promise`)
  }
} catch (error) {
  print(`FAILED with seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
