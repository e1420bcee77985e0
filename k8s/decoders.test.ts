import fc from 'fast-check'
import t from 'tap'
import { listOf, plainTrim } from '../test/support/decoder-cases.ts'
import { encodeObject } from '../test/support/kubernetes-schema.ts'
import { acceptHeader, listDecoder, metadataDecoder, watchDecoder } from './decoders.ts'
import type { Trim } from './objects.ts'
import { resources } from './resources.ts'

t.test('protobuf is asked for first, and JSON always will do', async (t) => {
  const both = 'application/vnd.kubernetes.protobuf, application/json'
  t.equal(acceptHeader(resources.Service, 'list'), both)
  t.equal(acceptHeader(resources.ImportedSlice, 'watch'), both)
  t.equal(acceptHeader(resources.ServiceImport, 'list'), 'application/json')
  const partial = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
  t.equal(
    acceptHeader(resources.Pod, 'metadata'),
    `application/vnd.kubernetes.protobuf;${partial}, application/json;${partial}, ${both}`,
  )
  t.equal(acceptHeader(resources.ServiceImport, 'metadata'), `application/json;${partial}, application/json`)
})

t.test('the media type decides, its parameters and case do not', async (t) => {
  const body = Buffer.from('{"items":[]}')
  for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/json;stream=watch'])
    t.strictSame(listDecoder(type, resources.Pod, plainTrim).push(body), [], type)
  for (const type of ['', 'text/html; charset=utf-8', 'application/vnd.kubernetes.protobuffer']) {
    const message = `cannot read a response of type ${JSON.stringify(type)}`
    t.throws(() => listDecoder(type, resources.Pod, plainTrim), { name: 'DecodeError', message })
    t.throws(() => watchDecoder(type, resources.Pod, plainTrim), { name: 'DecodeError', message })
    t.throws(() => metadataDecoder(type), { name: 'DecodeError', message })
  }
})

t.test('protobuf and JSON of one object give the same', async (t) => {
  const text = fc.constantFrom('', 'a', 'web-0', 'Zone-A', 'ü', 'x'.repeat(63), 'x'.repeat(64), '10.0.0.1', 'None')
  const name = fc.constantFrom('a', 'web-0.b', 'A', '', 'x'.repeat(253), 'é')
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), text)
  const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(-1, 65_536, 0x7fffffff))
  const optional = { requiredKeys: [] as [] }
  const metadata = fc.record({
    name,
    namespace: name,
    uid: fc.string(),
    resourceVersion: fc.string(),
    labels: fc.dictionary(fc.constantFrom('app', 'kubernetes.io/service-name', '__proto__'), text),
    annotations: fc.dictionary(fc.constant('endpoints.kubernetes.io/last-change-trigger-time'), text),
  })
  const service = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Service'),
    metadata,
    spec: fc.record(
      {
        type: fc.constantFrom('ClusterIP', 'ExternalName', 'LoadBalancer', ''),
        clusterIP: address,
        clusterIPs: fc.array(address, { maxLength: 3 }),
        externalIPs: fc.array(address, { maxLength: 3 }),
        externalName: text,
        ports: fc.array(fc.record({ name: text, protocol: text, port }), { maxLength: 3 }),
      },
      optional,
    ),
    status: fc.record({
      loadBalancer: fc.record({ ingress: fc.array(fc.record({ ip: address, hostname: text }, optional)) }, optional),
    }),
  })
  const slice = fc.record({
    apiVersion: fc.constant('discovery.k8s.io/v1'),
    kind: fc.constant('EndpointSlice'),
    metadata,
    addressType: fc.constantFrom('IPv4', 'IPv6', 'FQDN', 'x'),
    ports: fc.array(fc.record({ name: text, protocol: text, port }, optional), { maxLength: 3 }),
    endpoints: fc.array(
      fc.record(
        {
          addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV4(), address), { maxLength: 3 }),
          conditions: fc.record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() }, optional),
          hostname: text,
          zone: text,
          targetRef: fc.record({ name: text }),
        },
        optional,
      ),
      { maxLength: 4 },
    ),
  })
  const pod = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Pod'),
    metadata,
    status: fc.record({ phase: fc.constantFrom('Running', 'Failed', ''), podIP: address }, optional),
  })
  const trim: fc.Arbitrary<Trim> = fc.record({
    endpoints: fc.constantFrom('ready', 'serving', 'all'),
    targets: fc.boolean(),
    zones: fc.boolean(),
    podLabels: fc.boolean(),
  })
  const property = fc.property(fc.oneof(service, slice, pod), trim, fc.boolean(), (object, trim, imported) => {
    const kind = object.kind === 'EndpointSlice' && imported ? 'ImportedSlice' : object.kind
    const resource = resources[kind as 'Service' | 'EndpointSlice' | 'ImportedSlice' | 'Pod']
    const list = listOf(resource.kind, [object])
    const fromJson = listDecoder('application/json', resource, trim).push(Buffer.from(JSON.stringify(list)))
    const fromBytes = listDecoder('application/vnd.kubernetes.protobuf', resource, trim).push(encodeObject(list))
    return JSON.stringify(sorted(fromJson)) === JSON.stringify(sorted(fromBytes))
  })
  fc.assert(property, { numRuns: 2_000 })
  t.pass()
})

/** Labels have no order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, item]) => [key, sorted(item)])
}
