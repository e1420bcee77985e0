import t from 'tap'
import { plainTrim, wholeTrim } from '../../test/support/decoder-cases.ts'
import { decoderSuite } from '../../test/support/decoder-suite.ts'
import { DecodeError } from '../decoder.ts'
import { decodeStatus, listDecoder, metadataDecoder, watchDecoder } from '../decoders.ts'
import { jsonDepthMax, objectBytesMax } from '../limits.ts'
import { resources } from '../resources.ts'

const contentType = 'application/json'
const bytesOf = (text: string): Buffer => Buffer.from(text)

decoderSuite(t, {
  contentType,
  list: (list) => bytesOf(`${JSON.stringify(list)}\n`),
  event: (type, object) => bytesOf(`${JSON.stringify({ type, object })}\n`),
  custom: true,
})

const namespaces = () => listDecoder(contentType, resources.Namespace, wholeTrim)

t.test('members may come in any order, and with any spaces', async (t) => {
  const items = '[ { "metadata" : { "name" : "a" } } ,\n{"metadata":{"name":"b\\u002dc"}}\t]'
  const metadata = '{"resourceVersion":"7","continue":"\\"]}"}'
  const lists = [
    `{"items":${items},"metadata":${metadata},"kind":"NamespaceList"}`,
    ` {\r\n "kind" : "NamespaceList" , "metadata" : ${metadata} , "items" : ${items} , "x" : [{"items":[1]}], "n": -1.5e3 } \n`,
    `{"n":1,"metadata":${metadata},"t":true,"s":"items","items":${items}}`,
  ]
  for (const list of lists) {
    const decoder = namespaces()
    t.match(decoder.push(bytesOf(list)), [{ object: { name: 'a' } }, { object: { name: 'b-c' } }], list)
    t.strictSame(decoder.end(), { resourceVersion: '7', continueToken: '"]}' })
  }
})

t.test('a list without items may say null', async (t) => {
  const decoder = namespaces()
  t.strictSame(decoder.push(bytesOf('{"metadata":{"resourceVersion":"7"},"items":null}')), [])
  t.strictSame(decoder.end(), { resourceVersion: '7', continueToken: '' })
})

t.test('garbage is refused with its place', async (t) => {
  const cases: [body: string, message: RegExp][] = [
    ['<html>', /no JSON at byte 0: "<html>"$/],
    ['{"items":[{"a":1},{"b":}]}', /no JSON at byte 18: "\{\\"b\\":\}"$/],
    ['{"items":[{"a":1} {"b":2}]}', /no JSON at byte 18: /],
    ['{"items":[1,]}', /no JSON at byte 12: ""$/],
    ['{"items":[{"a":1]]}', /no JSON at byte 10: /],
    ['{"items":7}', /its items are none/],
    ['{"items":[]}x', /no JSON at byte 12: "x"$/],
    ['{"metadata":{"resourceVersion":7}}', /metadata\.resourceVersion: must be a string$/],
    ['{"metadata":[]}', /metadata: must be a mapping$/],
    ['{"kind":{}}', /kind: must be a string$/],
    ['{"kind":"Status","message":"no"}', /a Status where a NamespaceList was expected/],
    ['{,}', /no JSON at byte 1: /],
    ['{"a":nul}', /no JSON at byte 5: "nul"$/],
    ['{"a":1"b"}', /no JSON at byte 6: /],
    ['{"a\nb":1}', /no JSON at byte 1: /],
  ]
  for (const [body, message] of cases)
    t.throws(() => namespaces().push(bytesOf(body)), { name: 'DecodeError', message }, body)
  for (const body of ['{}', '{"metadata":{}}', '{"items":[]', '']) {
    const decoder = namespaces()
    decoder.push(bytesOf(body))
    t.throws(() => decoder.end(), DecodeError, body)
  }
})

t.test('values of wrong types are the fault of their object', async (t) => {
  const cases: [item: string, fault: string, name: string | null][] = [
    ['7', 'Service: must be a mapping', null],
    ['{"metadata":{"name":7}}', 'Service: metadata.name: must be a string', null],
    ['{"metadata":{"name":"a","uid":7}}', 'Service default/a: metadata.uid: must be a string', 'a'],
    ['{"metadata":{"name":"a"},"spec":[]}', 'Service default/a: spec: must be a mapping', 'a'],
    ['{"metadata":{"name":"a"},"spec":{"ports":{}}}', 'Service default/a: spec.ports: must be a list', 'a'],
    [
      '{"metadata":{"name":"a"},"spec":{"ports":[{"port":"80"}]}}',
      'Service default/a: spec.ports[0].port: must be an integer from 1 to 65535',
      'a',
    ],
    [
      '{"metadata":{"name":"a"},"status":{"loadBalancer":{"ingress":[{"ip":4}]}}}',
      'Service default/a: status.loadBalancer.ingress[0].ip: must be a string',
      'a',
    ],
  ]
  for (const [item, fault, name] of cases) {
    const decoder = listDecoder(contentType, resources.Service, plainTrim)
    const expected = { name: name && { kind: 'Service', namespace: 'default', name }, fault }
    t.strictSame(decoder.push(bytesOf(`{"items":[${item}]}`)), [expected], fault)
    const watch = watchDecoder(contentType, resources.Service, plainTrim)
    t.strictSame(watch.push(bytesOf(`{"type":"ADDED","object":${item}}\n`)), [{ type: 'ADDED', item: expected }], fault)
  }
})

t.test('a list and a watch may be of any length, one object of them may not', async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  const beginnings: [what: string, begin: string, push: (bytes: Uint8Array) => unknown][] = []
  const list = namespaces()
  const watch = watchDecoder(contentType, resources.Namespace, plainTrim)
  beginnings.push(['list', '{"items":[{"a":"', (bytes) => list.push(bytes)])
  beginnings.push(['watch', '{"type":"', (bytes) => watch.push(bytes)])
  for (const [what, begin, push] of beginnings) {
    push(bytesOf(begin))
    t.throws(
      () => {
        for (let length = 0; length <= objectBytesMax; length += chunk.length) push(chunk)
      },
      { message: /an object of more than \d+ bytes/ },
      what,
    )
  }
})

t.test('brackets may not lie in one another for ever', async (t) => {
  const nested = (depth: number): string => `{"items":[${'['.repeat(depth)}${']'.repeat(depth)}]}`
  t.match(namespaces().push(bytesOf(nested(jsonDepthMax))), [{ fault: /must be a mapping/ }])
  t.throws(() => namespaces().push(bytesOf(nested(jsonDepthMax + 1))), { message: /brackets in one another/ })
})

t.test('a line that is no event is refused with its place', async (t) => {
  const cases: [line: string, message: RegExp][] = [
    ['{"type":"ADDED"', /no JSON at byte 1: /],
    ['7', /must be a mapping/],
    ['{"object":{}}', /an event of type ""/],
    ['{"type":"BOOKMARK","object":{"metadata":7}}', /metadata: must be a mapping/],
    ['{"type":"ERROR","object":{"code":"x"}}', /object\.code: must be an integer/],
  ]
  for (const [line, message] of cases) {
    const watch = watchDecoder(contentType, resources.Namespace, plainTrim)
    t.throws(() => watch.push(bytesOf(`\n${line}\n`)), { name: 'DecodeError', message }, line)
  }
})

t.test('a server without metadata-only lists may send the whole objects', async (t) => {
  const decoder = metadataDecoder('application/json')
  const item = '{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"3"},"spec":{}}'
  t.strictSame(decoder.push(bytesOf(`{"kind":"ServiceImportList","items":[${item}]}`)), [
    { namespace: 'n', name: 'a', uid: 'u', resourceVersion: '3' },
  ])
})

t.test('the status of a refused request is read', async (t) => {
  const status = '{"kind":"Status","code":403,"reason":"Forbidden","message":"no","details":{}}'
  const read = { code: 403, reason: 'Forbidden', message: 'no', retryAfterSeconds: 0 }
  t.strictSame(decodeStatus('application/json; charset=utf-8', bytesOf(status)), read)
  for (const body of ['{}', '7', 'no', '{"kind":"Status","code":"x"}'])
    t.equal(decodeStatus(contentType, bytesOf(body)), null)
  t.equal(decodeStatus('text/plain', bytesOf('404 page not found')), null)
})
