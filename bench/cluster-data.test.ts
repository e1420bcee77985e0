import t from 'tap'
import { decodeObject } from '../k8s/decode.ts'
import { Field } from '../k8s/field.ts'
import { clusterObjects, kubernetesObjects, largeCluster } from './cluster-data.ts'

const size = { ...largeCluster, services: 200, endpoints: 3, namespaces: 7, headlessPercent: 25, pods: true }
const trim = { endpoints: 'ready', targets: false, zones: false, podLabels: false } as const

t.test('the same seed gives the same cluster, another one another', async (t) => {
  const textOf = (seed: number): string => JSON.stringify([...clusterObjects({ ...size, seed })])
  t.equal(textOf(1), textOf(1))
  t.not(textOf(1), textOf(2))
})

t.test('it is as large as asked, no address is given twice, and every slice belongs to a Service', async (t) => {
  const objects = [...clusterObjects(size)]
  const services = objects.filter((object) => object.kind === 'Service')
  const slices = objects.filter((object) => object.kind === 'EndpointSlice')
  const pods = objects.filter((object) => object.kind === 'Pod')
  t.strictSame([objects.length, services.length, slices.length, pods.length], [7 + 200 * 5, 200, 200, 600])
  const addresses = [
    ...services.flatMap(({ clusterIPs }) => clusterIPs),
    ...slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)),
  ]
  t.equal(new Set(addresses).size, addresses.length)
  const headless = services.filter((service) => service.headless).length
  t.ok(headless > 30 && headless < 70, `${headless} headless of 200`)
  t.strictSame(
    slices.map(({ namespace, service }) => `${namespace}/${service}`),
    services.map(({ namespace, name }) => `${namespace}/${name}`),
  )
})

t.test("Kubernetes' own form of it says the same", async (t) => {
  const decoded = [...kubernetesObjects(size)].flatMap((object) => decodeObject(new Field(object), trim))
  t.strictSame(
    decoded.map(({ object }) => object),
    [...clusterObjects(size)],
  )
})
