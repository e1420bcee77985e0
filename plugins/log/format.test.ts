import t from 'tap'
import { Name } from '../../wire/name.ts'
import type { Observation } from '../plugin.ts'
import { noMetadata } from '../query.ts'
import { classify } from './answer-class.ts'
import { combinedFormat, commonFormat, compileFormat } from './format.ts'

const answered: Observation = {
  client: { address: '127.0.0.1', port: 38437, family: 4, transport: 'udp', localAddress: '127.0.0.53', localPort: 53 },
  server: 'dns://:53',
  zone: Name.parse('org.'),
  view: '',
  id: 47280,
  opcode: 0,
  name: Name.parse('www.Example.ORG.'),
  type: 1,
  class: 1,
  do: false,
  bufferSize: 512,
  querySize: 33,
  answered: true,
  rcode: 0,
  flags: 0x8500,
  responseSize: 60,
  uncompressedSize: 103,
  hasAnswer: true,
  negative: false,
  from: 'file',
  error: null,
  metadata: { get: (label) => (label === 'a/b' ? 'value' : undefined), labels: () => ['a/b'] },
  durationSeconds: 0.000271546,
  prepared: false,
}

const six = {
  address: '2001:db8::1',
  port: 4000,
  family: 6,
  transport: 'tls',
  localAddress: '::',
  localPort: 853,
} as const
const dropped: Observation = {
  ...answered,
  answered: false,
  rcode: 0,
  flags: 0,
  uncompressedSize: 0,
  metadata: noMetadata,
}

t.test('fields become what they stand for, all else stays', async (t) => {
  const cases: readonly (readonly [format: string, line: string, observation?: Observation])[] = [
    [
      commonFormat,
      '127.0.0.1:38437 - 47280 "A IN www.example.org. udp 33 false 512" NOERROR qr,aa,rd 103 0.000271546s',
    ],
    [
      combinedFormat,
      '[2001:db8::1]:4000 - 47280 "TYPE65280 CH www.example.org. tcp 33 true 65535" NXDOMAIN qr,aa,tc,rd,ra,z,ad,cd 103 1.5s "4"',
      {
        ...answered,
        client: six,
        type: 65280,
        class: 3,
        do: true,
        bufferSize: 65535,
        rcode: 3,
        flags: 0x87f0,
        opcode: 4,
        durationSeconds: 1.5,
      },
    ],
    [commonFormat, '127.0.0.1:38437 - 47280 "A IN www.example.org. udp 33 false 512" - - 0 0.000271546s', dropped],
    ['{local} {/a/b} {/a/c}', '127.0.0.53 value -'],
    ['{local}', '[::]', { ...answered, client: six }],
    ['{/a/b}', '-', dropped],
    ['{/log/class} {/log/type}', 'success NOERROR'],
    ['{ {type} } {nothing} {{type}} } {', '{ A } {nothing} {A} } {'],
    ['{rcode} {duration}', '3841 12s', { ...answered, rcode: 3841, durationSeconds: 12 }],
    ['{duration}', '0.000000002s', { ...answered, durationSeconds: 0.0000000021 }],
    ['', ''],
  ]
  for (const [format, line, observation] of cases) t.equal(compileFormat(format)(observation ?? answered), line, format)
})

t.test('answers have a class', async (t) => {
  const cases: readonly (readonly [Partial<Observation>, string, string])[] = [
    [{}, 'success', 'NOERROR'],
    [{ hasAnswer: false }, 'success', 'NOERROR'],
    [{ hasAnswer: false, negative: true }, 'denial', 'NODATA'],
    [{ hasAnswer: false, negative: true, rcode: 3 }, 'denial', 'NXDOMAIN'],
    [{ rcode: 3 }, 'error', 'OTHERERROR'],
    [{ hasAnswer: false, rcode: 2 }, 'error', 'SERVERERROR'],
    [{ hasAnswer: false, rcode: 4 }, 'error', 'SERVERERROR'],
    [{ hasAnswer: false, rcode: 5 }, 'error', 'OTHERERROR'],
    [{ answered: false }, 'error', 'OTHERERROR'],
    [{ type: 252 }, 'error', 'META'],
    [{ opcode: 4 }, 'error', 'META'],
  ]
  for (const [changes, answerClass, type] of cases) {
    t.strictSame(classify({ ...answered, ...changes }), { class: answerClass, type })
  }
})
