import t from 'tap'
import { listOf, plainTrim } from '../../test/support/decoder-cases.ts'
import { decoderSuite } from '../../test/support/decoder-suite.ts'
import { encodeObject, encodeWatchEvent, type KubernetesObject } from '../../test/support/kubernetes-schema.ts'
import { DecodeError } from '../decoder.ts'
import { decodeStatus, listDecoder, watchDecoder } from '../decoders.ts'
import { objectBytesMax } from '../limits.ts'
import { resources } from '../resources.ts'

const contentType = 'application/vnd.kubernetes.protobuf'

decoderSuite(t, { contentType, list: encodeObject, event: encodeWatchEvent, custom: false })

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/ /g, ''), 'hex')

/** A field with a length. */
function delimited(field: number, content: Uint8Array): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]
  return Buffer.concat([Buffer.from([field * 8 + 2, ...size]), content])
}

/** `k8s\0`, a TypeMeta of v1 `kind`, and raw. */
const envelope = (kind: string, raw: Buffer): Buffer =>
  Buffer.concat([
    bytes('6b387300'),
    delimited(1, Buffer.concat([bytes('0a02 7631'), delimited(2, Buffer.from(kind))])),
    delimited(2, raw),
  ])

t.test('fields that are not known are passed over, of whatever type', async (t) => {
  const unknown = 'f80601 f906 0102030405060708 fa0603 616263 fd06 01020304'
  const metadata = bytes(`${unknown} 0a0161 2a0175 ${unknown} 320139`)
  const item = Buffer.concat([bytes(unknown), delimited(1, metadata), bytes(unknown)])
  const raw = Buffer.concat([bytes(`${unknown} 0a03 120137 ${unknown}`), delimited(2, item)])
  const decoder = listDecoder(contentType, resources.Namespace, plainTrim)
  const body = Buffer.concat([envelope('NamespaceList', raw), bytes(unknown)])
  t.match(decoder.push(body), [{ object: { kind: 'Namespace', name: 'a' }, uid: 'u', resourceVersion: '9' }])
  t.strictSame(decoder.end(), { resourceVersion: '7', continueToken: '' })
})

t.test('a field that is written twice counts as it was written last', async (t) => {
  const item = bytes('0a03 0a0161 0a03 0a0162')
  const decoder = listDecoder(contentType, resources.Namespace, plainTrim)
  t.match(decoder.push(envelope('NamespaceList', delimited(2, item))), [{ object: { name: 'b' } }])
})

t.test('damaged bytes are refused with their place', async (t) => {
  const cases: [about: string, body: Buffer, message: RegExp][] = [
    ['another format', Buffer.from('{"kind":"x"}'), /does not begin with k8s\\0, at byte 1$/],
    ['another kind', envelope('Status', bytes('')), /a Status where a NamespaceList was expected/],
    ['no kind', bytes('6b387300 1200'), /before its kind/],
    ['a second list', Buffer.concat([envelope('NamespaceList', bytes('0a00')), bytes('1200')]), /second one/],
    ['a group', envelope('NamespaceList', bytes('0b')), /wire type 3/],
    ['field 0', envelope('NamespaceList', bytes('0200')), /without a number/],
    ['an item beyond the list', envelope('NamespaceList', bytes('1205 00')), /beyond its message/],
    ['a tag beyond the list', Buffer.concat([envelope('NamespaceList', bytes('92')), bytes('0100')]), /beyond/],
    ['a number of 11 bytes', envelope('NamespaceList', bytes('08 ffffffffffffffffffff01')), /more than ten bytes/],
    ['a field beyond its item', envelope('NamespaceList', bytes('1202 0a05')), /beyond its message, at byte 31$/],
    ['text of a wrong type', envelope('NamespaceList', bytes('1204 0a02 0801')), /wire type 0 where 2 was expected/],
    ['an endless number', envelope('NamespaceList', bytes('120b 10 ffffffffffffffffffff')), /more than ten bytes/],
  ]
  for (const [about, body, message] of cases) {
    const decoder = listDecoder(contentType, resources.Namespace, plainTrim)
    t.throws(() => decoder.push(body), { name: 'DecodeError', message }, about)
  }
})

t.test('a length promises nothing: what is too large is refused before it is there', async (t) => {
  const length = bytes('8080 8010')
  const list = Buffer.concat([
    bytes('6b387300 0a0f 120d'),
    Buffer.from('NamespaceList'),
    bytes('12 ffffffff7f 12'),
    length,
  ])
  t.throws(() => listDecoder(contentType, resources.Namespace, plainTrim).push(list), {
    message: new RegExp(`an object of ${2 ** 25} bytes, more than ${objectBytesMax}`),
  })
  t.throws(() => watchDecoder(contentType, resources.Namespace, plainTrim).push(bytes('ffffffff')), {
    message: /an event of 4294967295 bytes/,
  })
})

t.test('an event of another kind, or without an object, is refused', async (t) => {
  const decoder = () => watchDecoder(contentType, resources.Pod, plainTrim)
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } }
  t.throws(() => decoder().push(encodeWatchEvent('ADDED', service)), { message: /a Service where a Pod was expected/ })
  t.throws(() => decoder().push(encodeWatchEvent('ERROR', service)), { message: /where a Status was expected/ })
  t.throws(() => decoder().push(bytes('00000000')), DecodeError)
  t.throws(() => decoder().push(bytes('00000002 1200')), DecodeError)
  t.throws(() => decoder().push(bytes('00000004 12020a00')), DecodeError)
})

t.test('custom resources have no protobuf form', async (t) => {
  t.throws(() => listDecoder(contentType, resources.ServiceImport, plainTrim), { message: /no protobuf form/ })
})

t.test('the status of a refused request is read', async (t) => {
  const status: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Status',
    status: 'Failure',
    message: 'no',
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: 7 },
    code: 429,
  }
  const read = { code: 429, reason: 'TooManyRequests', message: 'no', retryAfterSeconds: 7 }
  t.strictSame(decodeStatus(contentType, encodeObject(status)), read)
  t.equal(decodeStatus(contentType, encodeObject(listOf('Service', []))), null)
  t.equal(decodeStatus(contentType, bytes('6b38')), null)
})
