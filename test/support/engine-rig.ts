// One engine over blocks of plain functions: for tests of the way of a query without a Corefile.

import type { Handler, Observation, Observer } from '../../plugins/plugin.ts'
import { AnswerTable } from '../../server/answer-table.ts'
import { defaultSettings, type ServedBlock } from '../../server/block.ts'
import { Engine } from '../../server/engine.ts'
import { Routes } from '../../server/routes.ts'
import { Name } from '../../wire/name.ts'
import { FakeClock } from './fake-clock.ts'
import { clientAt, type QuestionOptions, queryBytes, type ReadableReply, readReply } from './questions.ts'

/** What answers below a zone; the rest of a ServedBlock may be given too. */
interface RigBlock extends Partial<Omit<ServedBlock, 'settings' | 'chain'>> {
  readonly chain: Handler | null
  readonly settings?: Partial<ServedBlock['settings']>
}

export interface RigOptions {
  readonly blocks: Readonly<Record<string, RigBlock>>
  readonly table?: AnswerTable
  readonly random?: () => number
  readonly clock?: FakeClock
}

/** What an observer saw, copied, because the observation is used again. */
export type Seen = Pick<
  Observation,
  | 'id'
  | 'type'
  | 'class'
  | 'rcode'
  | 'answered'
  | 'from'
  | 'prepared'
  | 'error'
  | 'view'
  | 'flags'
  | 'durationSeconds'
  | 'do'
> &
  Pick<
    Observation,
    'bufferSize' | 'querySize' | 'responseSize' | 'uncompressedSize' | 'hasAnswer' | 'negative' | 'opcode'
  > & {
    readonly name: string
    readonly zone: string
    readonly client: string
    readonly metadata: Readonly<Record<string, string | undefined>>
  }

/** An engine with all that it tells. */
export class EngineRig {
  readonly engine: Engine
  readonly clock: FakeClock
  readonly seen: Seen[] = []
  readonly dropped: Seen[] = []
  readonly bugs: { readonly text: string; readonly name: string; readonly debug: boolean }[] = []
  readonly table: AnswerTable

  constructor({ blocks, table = new AnswerTable(), random = () => 0, clock = new FakeClock() }: RigOptions) {
    this.clock = clock
    this.table = table
    const routes = new Routes()
    for (const [zone, block] of Object.entries(blocks)) {
      const name = Name.parse(zone)
      const observers: readonly Observer[] = [
        (observation) => void this.seen.push(copied(observation)),
        ...(block.observers ?? []),
      ]
      routes.add(name, {
        zones: [name],
        offers: new Map(),
        ...block,
        settings: { ...defaultSettings(''), ...block.settings },
        observers,
      })
    }
    this.engine = new Engine({
      clock,
      random,
      server: 'dns://:53',
      routes,
      dropped: (observation) => void this.dropped.push(copied(observation)),
      bug: (error, name, debug) => {
        this.bugs.push({ text: error instanceof Error ? error.message : String(error), name: name.toString(), debug })
      },
      table,
    })
  }

  /** The reply to bytes as they are; null is silence. */
  async send(bytes: Uint8Array, client = clientAt()): Promise<ReadableReply | null> {
    const reply = await this.engine.inject(bytes, client)
    return reply && readReply(reply)
  }

  /** The reply to `'www.example.org. A'`. */
  ask(
    question: string,
    options: QuestionOptions & { readonly client?: ReturnType<typeof clientAt> } = {},
  ): Promise<ReadableReply | null> {
    return this.send(queryBytes(question, options), options.client)
  }
}

function copied(observation: Observation): Seen {
  const { name, zone, client, metadata, ...rest } = fieldsOf(observation)
  return {
    ...rest,
    name: name.toString(),
    zone: zone.toString(),
    client: `${client.transport} ${client.address}`,
    metadata: Object.fromEntries([...metadata.labels()].map((label) => [label, metadata.get(label)])),
  }
}

function fieldsOf(observation: Observation) {
  const { id, type, rcode, answered, from, prepared, error, view, flags, durationSeconds, opcode } = observation
  const { bufferSize, querySize, responseSize, uncompressedSize, hasAnswer, negative } = observation
  const { name, zone, client, metadata } = observation
  return {
    id,
    type,
    class: observation.class,
    do: observation.do,
    rcode,
    answered,
    from,
    prepared,
    error,
    view,
    flags,
    durationSeconds,
    opcode,
    bufferSize,
    querySize,
    responseSize,
    uncompressedSize,
    hasAnswer,
    negative,
    name,
    zone,
    client,
    metadata,
  }
}
