// Kubernetes' protobuf forms of what tests need, for the tests of the decoders and for the fake API server: plain JSON objects to bytes and back, by protobufjs (the
// server's own decoders share nothing with it). Field numbers are those of k8s.io/api and k8s.io/apimachinery.
//
//   object:       'k8s\0' + Unknown { typeMeta, raw: the object's own message }
//   watch event:  4 octets of length (big-endian) + WatchEvent { type, object { raw: an object as above } }
//
// `required` fields are those that are no pointers in Go: an API server writes them even if they are empty, so the encoder does too.

import protobuf, { type Field, type Type } from 'protobufjs'

/** An object in its JSON form, with apiVersion and kind. */
export type KubernetesObject = { readonly [field: string]: unknown }

/** The object with its envelope; throws if its kind has no protobuf form here. Fields that the schema does not have are left out. */
export function encodeObject(object: KubernetesObject): Uint8Array {
  const apiVersion = String(object.apiVersion)
  const kind = String(object.kind)
  const type = typeOf(apiVersion, kind)
  const raw = type.encode(toWire(type, object)).finish()
  const unknown = messages.lookupType('Unknown')
  const envelope = toWire(unknown, { typeMeta: { apiVersion, kind }, raw })
  return Buffer.concat([magic, unknown.encode(envelope).finish()])
}

/** The JSON form of what encodeObject gives; empty fields are left out. Throws if it is none. */
export function decodeObject(bytes: Uint8Array): KubernetesObject {
  if (!magic.equals(bytes.subarray(0, magic.length))) throw new Error('no Kubernetes object: it must begin with k8s\\0')
  const unknown = messages.lookupType('Unknown')
  const envelope = unknown.decode(bytes.subarray(magic.length)) as unknown as Unknown
  const { apiVersion, kind } = envelope.typeMeta
  const type = typeOf(apiVersion, kind)
  return { apiVersion, kind, ...(fromWire(type, type.decode(envelope.raw) as unknown as Plain) as Plain) }
}

/** Whether encodeObject knows the kind. */
export const hasProtobufForm = (apiVersion: string, kind: string): boolean => typeNames.has(`${apiVersion} ${kind}`)

/** One frame of a watch. */
export function encodeWatchEvent(type: string, object: KubernetesObject): Uint8Array {
  const event = messages.lookupType('WatchEvent')
  const body = event.encode(toWire(event, { type, object: { raw: encodeObject(object) } })).finish()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

const magic = Buffer.from('k8s\0', 'latin1')

type Plain = Record<string, unknown>

interface Unknown {
  readonly typeMeta: { readonly apiVersion: string; readonly kind: string }
  readonly raw: Uint8Array
}

function typeOf(apiVersion: string, kind: string): Type {
  const name = typeNames.get(`${apiVersion} ${kind}`)
  if (name === undefined) throw new Error(`${apiVersion} ${kind} has no protobuf form`)
  return messages.lookupType(name)
}

/** What protobufjs encodes as `type`: required messages are there, even if they are empty, and JSON's spellings of times and the like are taken apart. */
function toWire(type: Type, value: unknown): Plain {
  const special = specials.get(type.name)
  if (special) return special.toWire(value)
  const source = (value ?? {}) as Plain
  const wire: Plain = {}
  for (const field of type.fieldsArray) {
    const found = source[field.name] ?? undefined
    if (field.map) wire[field.name] = found ?? {}
    else if (field.repeated) wire[field.name] = ((found ?? []) as unknown[]).map((item) => toWireValue(field, item))
    else if (found !== undefined || field.required) wire[field.name] = toWireValue(field, found)
  }
  return wire
}

function toWireValue(field: Field, value: unknown): unknown {
  field.resolve()
  if (field.resolvedType instanceof protobuf.Type) return toWire(field.resolvedType, value)
  return value ?? field.typeDefault ?? ''
}

function fromWire(type: Type, wire: Plain): unknown {
  const special = specials.get(type.name)
  if (special) return special.fromWire(wire)
  const value: Plain = {}
  for (const field of type.fieldsArray) {
    if (!Object.hasOwn(wire, field.name)) continue
    const found = wire[field.name]
    const read = Array.isArray(found) ? found.map((item) => fromWireValue(field, item)) : fromWireValue(field, found)
    if (!(field.required || field.repeated || field.map) || !isEmpty(read)) value[field.name] = read
  }
  return value
}

function fromWireValue(field: Field, value: unknown): unknown {
  field.resolve()
  if (field.resolvedType instanceof protobuf.Type) return fromWire(field.resolvedType, value as Plain)
  // int64 is read as a Long; none here needs more than a number's 53 bits.
  return field.type === 'int64' ? Number(value) : value
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** Types whose JSON form is not that of their fields. */
const specials: ReadonlyMap<string, { toWire(value: unknown): Plain; fromWire(wire: Plain): unknown }> = new Map([
  [
    'Time',
    {
      toWire: (value: unknown) => (value ? timeToWire(String(value)) : {}),
      fromWire: (wire: Plain) =>
        !Object.hasOwn(wire, 'seconds')
          ? undefined
          : new Date(Number(wire.seconds) * 1000).toISOString().replace('.000Z', 'Z'),
    },
  ],
  [
    'IntOrString',
    {
      toWire: (value: unknown) =>
        typeof value === 'string'
          ? { type: 1, intVal: 0, strVal: value }
          : { type: 0, intVal: Number(value ?? 0), strVal: '' },
      fromWire: (wire: Plain) => (Number(wire.type) === 1 ? wire.strVal : wire.intVal),
    },
  ],
  [
    'FieldsV1',
    {
      toWire: (value: unknown) => ({ Raw: Buffer.from(JSON.stringify(value ?? {})) }),
      fromWire: (wire: Plain) => JSON.parse(Buffer.from((wire.Raw as Uint8Array) ?? '{}').toString()),
    },
  ],
])

function timeToWire(text: string): Plain {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new Error(`not a time: ${text}`)
  return { seconds: Math.floor(ms / 1000), nanos: 0 }
}

/** The message of each kind, by apiVersion and kind; a list's items are of the kind without `List`. */
const typeNames: ReadonlyMap<string, string> = new Map([
  ...['Service', 'Pod', 'Namespace', 'Node'].flatMap((kind): [string, string][] => [
    [`v1 ${kind}`, kind],
    [`v1 ${kind}List`, `${kind}List`],
  ]),
  ['v1 Status', 'Status'],
  ['discovery.k8s.io/v1 EndpointSlice', 'EndpointSlice'],
  ['discovery.k8s.io/v1 EndpointSliceList', 'EndpointSliceList'],
  ['meta.k8s.io/v1 PartialObjectMetadata', 'PartialObjectMetadata'],
  ['meta.k8s.io/v1 PartialObjectMetadataList', 'PartialObjectMetadataList'],
])

const list = (kind: string): string => `
message ${kind}List { required ListMeta metadata = 1; repeated ${kind} items = 2; }`

const messages = protobuf
  .parse(
    `syntax = "proto2";
message TypeMeta { required string apiVersion = 1; required string kind = 2; }
message Unknown {
  required TypeMeta typeMeta = 1; required bytes raw = 2; required string contentEncoding = 3; required string contentType = 4;
}
message RawExtension { optional bytes raw = 1; }
message WatchEvent { required string type = 1; required RawExtension object = 2; }
message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
message IntOrString { required int64 type = 1; required int32 intVal = 2; required string strVal = 3; }
message FieldsV1 { optional bytes Raw = 1; }
message ListMeta {
  required string selfLink = 1; required string resourceVersion = 2; required string continue = 3; optional int64 remainingItemCount = 4;
}
message OwnerReference {
  required string apiVersion = 5; required string kind = 1; required string name = 3; required string uid = 4;
  optional bool controller = 6; optional bool blockOwnerDeletion = 7;
}
message ManagedFieldsEntry {
  required string manager = 1; required string operation = 2; required string apiVersion = 3; optional Time time = 4;
  required string fieldsType = 6; optional FieldsV1 fieldsV1 = 7; required string subresource = 8;
}
message ObjectMeta {
  required string name = 1; required string generateName = 2; required string namespace = 3; required string selfLink = 4;
  required string uid = 5; required string resourceVersion = 6; required int64 generation = 7; required Time creationTimestamp = 8;
  optional Time deletionTimestamp = 9; optional int64 deletionGracePeriodSeconds = 10;
  map<string, string> labels = 11; map<string, string> annotations = 12;
  repeated OwnerReference ownerReferences = 13; repeated string finalizers = 14; repeated ManagedFieldsEntry managedFields = 17;
}
message PartialObjectMetadata { required ObjectMeta metadata = 1; }
message StatusCause { required string reason = 1; required string message = 2; required string field = 3; }
message StatusDetails {
  required string name = 1; required string group = 2; required string kind = 3; required string uid = 6;
  repeated StatusCause causes = 4; required int32 retryAfterSeconds = 5;
}
message Status {
  required ListMeta metadata = 1; required string status = 2; required string message = 3; required string reason = 4;
  optional StatusDetails details = 5; required int32 code = 6;
}
message Condition {
  required string type = 1; required string status = 2; required int64 observedGeneration = 3; required Time lastTransitionTime = 4;
  required string reason = 5; required string message = 6;
}

message ServicePort {
  required string name = 1; required string protocol = 2; optional string appProtocol = 6; required int32 port = 3;
  required IntOrString targetPort = 4; required int32 nodePort = 5;
}
message ClientIPConfig { optional int32 timeoutSeconds = 1; }
message SessionAffinityConfig { optional ClientIPConfig clientIP = 1; }
message ServiceSpec {
  repeated ServicePort ports = 1; map<string, string> selector = 2; required string clusterIP = 3; repeated string clusterIPs = 18;
  required string type = 4; repeated string externalIPs = 5; required string sessionAffinity = 7; required string loadBalancerIP = 8;
  repeated string loadBalancerSourceRanges = 9; required string externalName = 10; required string externalTrafficPolicy = 11;
  required int32 healthCheckNodePort = 12; required bool publishNotReadyAddresses = 13;
  optional SessionAffinityConfig sessionAffinityConfig = 14; repeated string ipFamilies = 19; optional string ipFamilyPolicy = 17;
  optional bool allocateLoadBalancerNodePorts = 20; optional string loadBalancerClass = 21; optional string internalTrafficPolicy = 22;
  optional string trafficDistribution = 23;
}
message PortStatus { required int32 port = 1; required string protocol = 2; optional string error = 3; }
message LoadBalancerIngress {
  required string ip = 1; required string hostname = 2; optional string ipMode = 3; repeated PortStatus ports = 4;
}
message LoadBalancerStatus { repeated LoadBalancerIngress ingress = 1; }
message ServiceStatus { required LoadBalancerStatus loadBalancer = 1; repeated Condition conditions = 2; }
message Service { required ObjectMeta metadata = 1; required ServiceSpec spec = 2; required ServiceStatus status = 3; }

message NamespaceSpec { repeated string finalizers = 1; }
message NamespaceStatus { required string phase = 1; }
message Namespace { required ObjectMeta metadata = 1; required NamespaceSpec spec = 2; required NamespaceStatus status = 3; }

message ContainerPort {
  required string name = 1; required int32 hostPort = 2; required int32 containerPort = 3; required string protocol = 4; required string hostIP = 5;
}
message Container {
  required string name = 1; required string image = 2; repeated string command = 3; repeated string args = 4; repeated ContainerPort ports = 6;
}
message PodSpec {
  repeated Container containers = 2; required string restartPolicy = 3; required string dnsPolicy = 6; map<string, string> nodeSelector = 7;
  required string serviceAccountName = 8; required string nodeName = 10; required bool hostNetwork = 11;
  required string hostname = 16; required string subdomain = 17;
}
message PodIP { required string ip = 1; }
message HostIP { required string ip = 1; }
message PodCondition {
  required string type = 1; required string status = 2; required Time lastProbeTime = 3; required Time lastTransitionTime = 4;
  required string reason = 5; required string message = 6;
}
message PodStatus {
  required string phase = 1; repeated PodCondition conditions = 2; required string message = 3; required string reason = 4;
  required string hostIP = 5; required string podIP = 6; optional Time startTime = 7; required string qosClass = 9;
  required string nominatedNodeName = 11; repeated PodIP podIPs = 12; repeated HostIP hostIPs = 16;
}
message Pod { required ObjectMeta metadata = 1; required PodSpec spec = 2; required PodStatus status = 3; }

message NodeSpec {
  required string podCIDR = 1; repeated string podCIDRs = 7; required string providerID = 3; required bool unschedulable = 4;
}
message NodeAddress { required string type = 1; required string address = 2; }
message NodeStatus { required string phase = 3; repeated NodeAddress addresses = 5; }
message Node { required ObjectMeta metadata = 1; required NodeSpec spec = 2; required NodeStatus status = 3; }

message ObjectReference {
  required string kind = 1; required string namespace = 2; required string name = 3; required string uid = 4;
  required string apiVersion = 5; required string resourceVersion = 6; required string fieldPath = 7;
}
message EndpointConditions { optional bool ready = 1; optional bool serving = 2; optional bool terminating = 3; }
message ForZone { required string name = 1; }
message ForNode { required string name = 1; }
message EndpointHints { repeated ForZone forZones = 1; repeated ForNode forNodes = 2; }
message Endpoint {
  repeated string addresses = 1; required EndpointConditions conditions = 2; optional string hostname = 3;
  optional ObjectReference targetRef = 4; map<string, string> deprecatedTopology = 5; optional string nodeName = 6;
  optional string zone = 7; optional EndpointHints hints = 8;
}
message EndpointPort { optional string name = 1; optional string protocol = 2; optional int32 port = 3; optional string appProtocol = 4; }
message EndpointSlice {
  required ObjectMeta metadata = 1; repeated Endpoint endpoints = 2; repeated EndpointPort ports = 3; required string addressType = 4;
}
${['Service', 'Namespace', 'Pod', 'Node', 'EndpointSlice', 'PartialObjectMetadata'].map(list).join('')}
`,
    { keepCase: true },
  )
  .root.resolveAll() // `required` is known only then
