// The one suite that decoders of every form have to pass: objects of a cluster as an API server would send them, and what has to come of them.

import fc from 'fast-check'
import type { Test } from 'tap'
import {
  type DecodedItem,
  DecodeError,
  type ListDecoder,
  type WatchDecoder,
  type WatchEvent,
} from '../../k8s/decoder.ts'
import { listDecoder, metadataDecoder, watchDecoder } from '../../k8s/decoders.ts'
import type { ClusterObject, Trim } from '../../k8s/objects.ts'
import { resources } from '../../k8s/resources.ts'
import { decoderCases, faultCases, identity, listOf, noise, service, slice, wholeTrim } from './decoder-cases.ts'
import type { KubernetesObject } from './kubernetes-schema.ts'

type Kind = ClusterObject['kind']

/** A form that API servers answer in. */
export interface DecoderForm {
  readonly contentType: string
  /** The whole body of a list. */
  list(list: KubernetesObject): Uint8Array
  /** One event of a watch. */
  event(type: string, object: KubernetesObject): Uint8Array
  /** Whether it has ServiceImports. */
  readonly custom: boolean
}

/** Runs the suite for one form. */
export function decoderSuite(t: Test, form: DecoderForm): void {
  const cases = decoderCases.filter(({ kind }) => form.custom || !resources[kind].custom)
  const lists = (kind: Kind, trim: Trim = wholeTrim): ListDecoder =>
    listDecoder(form.contentType, resources[kind], trim)
  const watches = (kind: Kind, trim: Trim = wholeTrim): WatchDecoder =>
    watchDecoder(`${form.contentType};stream=watch`, resources[kind], trim)

  for (const { about, kind, source, object, trim } of cases) {
    const wished = { ...wholeTrim, ...trim }
    const { name, namespace } = source.metadata as { name: string; namespace?: string }
    const expected = {
      name: { kind, namespace: namespace ?? '', name },
      object,
      labels: {},
      ...identity,
      changedAtMs: 0,
    }
    t.test(`${about}: in a list`, async (t) => {
      const decoder = lists(kind, wished)
      t.strictSame(decoder.push(form.list(listOf(kind, [source]))), [expected])
      t.strictSame(decoder.end(), { resourceVersion: '42', continueToken: '' })
    })
    t.test(`${about}: in a watch`, async (t) => {
      const decoder = watches(kind, wished)
      const bytes = Buffer.concat(['ADDED', 'MODIFIED', 'DELETED'].map((type) => form.event(type, source)))
      t.strictSame(decoder.push(bytes), [
        { type: 'ADDED', item: expected },
        { type: 'MODIFIED', item: expected },
        { type: 'DELETED', item: { ...expected, object: null } },
      ])
    })
  }

  t.test('an object of a wrong shape is told with its place, and the others are there', async (t) => {
    for (const { kind, source, fault, nameless } of faultCases) {
      const { namespace, name } = source.metadata as { name: string; namespace: string }
      const undecodable = { name: nameless ? null : { kind, namespace, name }, fault }
      const good = cases.find((each) => each.kind === kind)!.source
      const [before, item, after] = lists(kind).push(form.list(listOf(kind, [good, source, good])))
      t.strictSame(item, undecodable, fault)
      t.ok(before && 'object' in before && after && 'object' in after)
      t.strictSame(watches(kind).push(form.event('MODIFIED', source)), [{ type: 'MODIFIED', item: undecodable }])
    }
  })

  t.test('an object of a wrong shape can still be deleted', async (t) => {
    const [event] = watches('Service').push(form.event('DELETED', service({ clusterIP: 'x' })))
    t.match(event, {
      type: 'DELETED',
      item: { name: { kind: 'Service', namespace: 'prod', name: 'web' }, object: null },
    })
  })

  t.test('when the change happened that a slice follows is told in milliseconds', async (t) => {
    const times: [text: string, ms: number][] = [
      ['2026-01-02T03:04:05Z', 1_767_323_045_000],
      ['2026-01-02T03:04:05.678901234Z', 1_767_323_045_678],
      ['2026-01-02T04:04:05.5+01:00', 1_767_323_045_500],
      ['yesterday', 0],
      ['2026', 0],
    ]
    for (const [text, ms] of times) {
      const annotations = { a: 'b', 'endpoints.kubernetes.io/last-change-trigger-time': text }
      const [item] = lists('EndpointSlice').push(form.list(listOf('EndpointSlice', [slice({}, {}, { annotations })])))
      t.match(item, { changedAtMs: ms }, text)
    }
  })

  t.test('a page tells its version and where the next begins, empty or not', async (t) => {
    for (const items of [[], [service({})]]) {
      const decoder = lists('Service')
      const metadata = { resourceVersion: '9', continue: 'abc', remainingItemCount: 12 }
      t.equal(decoder.push(form.list(listOf('Service', items, metadata))).length, items.length)
      t.strictSame(decoder.end(), { resourceVersion: '9', continueToken: 'abc' })
    }
  })

  t.test('bookmarks tell the version, and whether everything that existed has been sent', async (t) => {
    const decoder = watches('Service')
    const mark = (metadata: object) => form.event('BOOKMARK', { apiVersion: 'v1', kind: 'Service', metadata })
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    t.strictSame(decoder.push(mark({ resourceVersion: '11' })), [
      { type: 'BOOKMARK', resourceVersion: '11', initialEventsEnd: false },
    ])
    t.strictSame(decoder.push(mark({ resourceVersion: '12', annotations })), [
      { type: 'BOOKMARK', resourceVersion: '12', initialEventsEnd: true },
    ])
  })

  t.test('an error is its status', async (t) => {
    const status = {
      apiVersion: 'v1',
      kind: 'Status',
      metadata: {},
      status: 'Failure',
      message: 'too old resource version: 1 (2)',
      reason: 'Expired',
      details: { retryAfterSeconds: 3 },
      code: 410,
    }
    t.strictSame(watches('Pod').push(form.event('ERROR', status)), [
      {
        type: 'ERROR',
        status: { code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)', retryAfterSeconds: 3 },
      },
    ])
  })

  t.test('an event of another type is refused', async (t) => {
    t.throws(() => watches('Service').push(form.event('GONE', service({}))), DecodeError)
  })

  t.test('a list of another kind is refused', async (t) => {
    t.throws(() => lists('Pod').push(form.list(listOf('Service', []))), DecodeError)
  })

  t.test('a metadata-only list gives who is there in which version', async (t) => {
    const item = (name: string, namespace: string) => ({
      apiVersion: 'meta.k8s.io/v1',
      kind: 'PartialObjectMetadata',
      metadata: { name, namespace, ...identity, ...noise, labels: { app: 'web' } },
    })
    const list = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '5' } }
    const decoder = metadataDecoder(form.contentType)
    const bytes = form.list({ ...list, items: [item('a', 'prod'), item('b', '')] })
    t.strictSame(decoder.push(bytes), [
      { namespace: 'prod', name: 'a', ...identity },
      { namespace: '', name: 'b', ...identity },
    ])
    t.strictSame(decoder.end(), { resourceVersion: '5', continueToken: '' })
    const whole = metadataDecoder(form.contentType)
    t.match(whole.push(form.list(listOf('Service', [service({})]))), [{ namespace: 'prod', name: 'web', ...identity }])
    t.throws(() => metadataDecoder(form.contentType).push(form.list({ ...list, items: [item('', '')] })), DecodeError)
  })

  cutSuite(t, form)
}

/** What chunk borders and damage may and may not do. */
function cutSuite(t: Test, form: DecoderForm): void {
  const source = service({ clusterIP: '10.96.0.7', ports: [{ name: 'é', port: 80 }] }, {}, { labels: { 'ü"\\': '"{' } })
  const list = form.list(listOf('Service', [source, source], { resourceVersion: '9', continue: '{"' }))
  const watch = Buffer.concat([
    form.event('ADDED', source),
    form.event('BOOKMARK', { apiVersion: 'v1', kind: 'Service', metadata: { resourceVersion: '11' } }),
    form.event('DELETED', source),
  ])
  const lists = () => listDecoder(form.contentType, resources.Service, wholeTrim)
  const watches = () => watchDecoder(form.contentType, resources.Service, wholeTrim)

  t.test('bytes may be cut anywhere', async (t) => {
    const decode = (...chunks: Uint8Array[]): [DecodedItem[], object] => {
      const decoder = lists()
      const items = chunks.flatMap((chunk) => decodeAndScribble(decoder, chunk))
      return [items, decoder.end()]
    }
    const follow = (...chunks: Uint8Array[]): WatchEvent[] => {
      const decoder = watches()
      return chunks.flatMap((chunk) => decodeAndScribble(decoder, chunk))
    }
    const whole = decode(list)
    const events = follow(watch)
    t.equal(whole[0].length, 2)
    t.equal(events.length, 3)
    const differing: string[] = []
    for (let at = 0; at <= list.length; at++) {
      if (!same(decode(list.subarray(0, at), list.subarray(at)), whole)) differing.push(`list at ${at}`)
    }
    for (let at = 0; at <= watch.length; at++) {
      if (!same(follow(watch.subarray(0, at), watch.subarray(at)), events)) differing.push(`watch at ${at}`)
    }
    t.strictSame(differing, [])
    t.strictSame(decode(...octets(list)), whole, 'octet by octet')
    t.strictSame(follow(...octets(watch)), events, 'octet by octet')
  })

  t.test('a list that ends early is never taken for a whole one', async (t) => {
    const taken: number[] = []
    for (let end = 0; end < list.length; end++) {
      const decoder = lists()
      try {
        decoder.push(list.subarray(0, end))
        decoder.end()
        taken.push(end)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    // Protobuf's envelope may have nothing behind the list, JSON a newline.
    const beforeEnd = taken.filter((end) => end < list.length - 4)
    t.strictSame(beforeEnd, [])
  })

  t.test('damage is a DecodeError, an object of a wrong shape or another value, and nothing else', async (t) => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 1,
      maxLength: 6,
    })
    const property = fc.property(damage, fc.nat(), (wounds, cut) => {
      for (const [bytes, make] of [
        [list, lists],
        [watch, watches],
      ] as const) {
        const wounded = wound(bytes, wounds)
        const at = cut % (wounded.length + 1)
        try {
          const decoder = make()
          decoder.push(wounded.subarray(0, at))
          decoder.push(wounded.subarray(at))
          if ('end' in decoder) decoder.end()
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
        }
      }
    })
    fc.assert(property, { numRuns: 2_000 })
    t.pass()
  })

  t.test('arbitrary bytes are nothing but a DecodeError, or not enough', async (t) => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const make of [lists, watches, () => metadataDecoder(form.contentType)]) {
        try {
          const decoder = make()
          decoder.push(bytes)
          if ('end' in decoder) decoder.end()
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
        }
      }
    })
    fc.assert(property, { numRuns: 2_000 })
    t.pass()
  })
}

/** Decodes a copy of the chunk and then overwrites it: the bytes are the caller's again. */
function decodeAndScribble<Item>(
  decoder: { push(bytes: Uint8Array): readonly Item[] },
  chunk: Uint8Array,
): readonly Item[] {
  const copy = Uint8Array.from(chunk)
  const items = decoder.push(copy)
  copy.fill(0xff)
  return items
}

const octets = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Changes, doubles, removes or inserts single octets. */
function wound(bytes: Uint8Array, wounds: readonly (readonly [at: number, octet: number, how: number])[]): Uint8Array {
  const octets = [...bytes]
  for (const [where, octet, how] of wounds) {
    const at = where % octets.length
    if (how === 0) octets[at] = octet
    else if (how === 1) octets.splice(at, 1)
    else if (how === 2) octets.splice(at, 0, octet)
    else octets[at] = octets[at]! ^ (1 << (octet & 7))
  }
  return Uint8Array.from(octets)
}
