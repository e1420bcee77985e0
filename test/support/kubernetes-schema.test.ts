import t from 'tap'
import { decodeObject, encodeObject, encodeWatchEvent, hasProtobufForm } from './kubernetes-schema.ts'

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'prod',
    uid: '7',
    resourceVersion: '12',
    creationTimestamp: '2026-01-02T03:04:05Z',
    labels: { app: 'web', tier: 'front' },
    managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsV1: { 'f:spec': { '.': {} } } }],
  },
  spec: {
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' },
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353 },
    ],
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7', 'fd00::7'],
    ipFamilyPolicy: 'PreferDualStack',
  },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example' }] } },
}

t.test('an object is the same after its way through protobuf', async (t) => {
  t.strictSame(decodeObject(encodeObject(service)), service)
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSliceList',
    metadata: { resourceVersion: '9', continue: 'x', remainingItemCount: 3 },
    items: [
      {
        metadata: { name: 'a' },
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false, serving: true } }],
        ports: [{ port: 0 }],
        addressType: 'IPv4',
      },
    ],
  }
  t.strictSame(decodeObject(encodeObject(slice)), slice)
})

t.test('what an API server writes although it is empty is written', async (t) => {
  const bytes = encodeObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } })
  // name, generateName, namespace, selfLink, uid, resourceVersion, generation, creationTimestamp; then spec and status { phase }
  const message = '0a 12 0a01 61 1200 1a00 2200 2a00 3200 3800 4200 1200 1a02 0a00'.replace(/ /g, '')
  t.ok(Buffer.from(bytes).toString('hex').includes(message.slice(4)), Buffer.from(bytes).toString('hex'))
  t.equal(Buffer.from(bytes).toString('latin1', 0, 4), 'k8s\0')
})

t.test('a watch event is a frame whose length stands before it', async (t) => {
  const frame = Buffer.from(encodeWatchEvent('ADDED', service))
  t.equal(frame.readUInt32BE(), frame.length - 4)
  t.ok(frame.includes(Buffer.from(encodeObject(service))))
})

t.test('kinds without a protobuf form are refused', async (t) => {
  t.equal(hasProtobufForm('multicluster.x-k8s.io/v1alpha1', 'ServiceImport'), false)
  t.equal(hasProtobufForm('v1', 'ServiceList'), true)
  t.throws(
    () => encodeObject({ apiVersion: 'multicluster.x-k8s.io/v1alpha1', kind: 'ServiceImport' }),
    /no protobuf form/,
  )
  t.throws(() => decodeObject(new Uint8Array(8)), /must begin with k8s/)
})
