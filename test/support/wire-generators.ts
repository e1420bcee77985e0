// Random DNS data for property tests and fuzzing: names of any bytes, records of every type with a text form, whole messages. All come from fast-check, so a failure
// prints its seed and shrinks.

import fc from 'fast-check'
import { layoutOf, tailOf } from '../../wire/layout.ts'
import type { Message } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { joinBytes } from '../../wire/reader.ts'
import { type Question, ResourceRecord } from '../../wire/record.ts'
import { classes, types } from '../../wire/registry.ts'

const octets = (min: number, max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max })

const anyLabel = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'www', 'WWW', 'Example', 'org', '_tcp', '*', 'xn--4ca') },
  { weight: 3, arbitrary: octets(1, 12).map((bytes) => String.fromCharCode(...bytes)) },
  { weight: 1, arbitrary: octets(1, 63).map((bytes) => String.fromCharCode(...bytes)) },
)

/** Names of any bytes; labels repeat often, so that there is something to compress. */
export const names: fc.Arbitrary<Name> = fc.array(anyLabel, { maxLength: 8, size: 'max' }).map((labels) => {
  let name = Name.root
  for (const label of labels) if (name.wire.length + 1 + label.length <= 255) name = name.prepend(label)
  return name
})

/** Names that dns-packet can carry: it parts names at every dot and keeps ASCII only. */
export const plainNames: fc.Arbitrary<Name> = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9_*-]{1,20}$/), { maxLength: 6 })
  .map((labels) => Name.fromLabels(labels))

function rdataOf(type: number): fc.Arbitrary<Uint8Array> {
  const parts = (layoutOf(type) ?? []).map((field) => {
    if (field.kind === 'octets') return octets(field.count, field.count)
    if (field.kind === 'string') return octets(0, 40).map((bytes) => joinBytes([Uint8Array.of(bytes.length), bytes]))
    return names.map((name) => name.wire)
  })
  const tail = tailOf(type)
  return fc.tuple(...parts, tail === undefined ? octets(0, 60) : octets(tail, tail)).map(joinBytes)
}

const unsafeTypes: ReadonlySet<number> = new Set([types.OPT])
const recordTypes = Object.values(types).filter((type) => !unsafeTypes.has(type))

/** Types in use, and some without a mnemonic. */
export const anyType: fc.Arbitrary<number> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...recordTypes) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 65_535 }) },
)

const ttls = fc.nat(0x7fffffff)

/** Records whose rdata fits its type on the wire, its names at least; what the type says beyond that is random. */
export const records: fc.Arbitrary<ResourceRecord> = anyType.chain((type) =>
  fc
    .tuple(names, fc.constantFrom(classes.IN, classes.CH), ttls, rdataOf(type))
    .map(([owner, klass, ttl, rdata]) => new ResourceRecord(owner, type, klass, ttl, rdata)),
)

/** Any questions at all. */
const questions: fc.Arbitrary<Question> = fc.record({ name: names, type: anyType, class: fc.nat(65_535) })

const edns: fc.Arbitrary<NonNullable<Message['edns']>> = fc.record({
  udpSize: fc.nat(65_535),
  version: fc.nat(255),
  do: fc.boolean(),
  z: fc.nat(0x7fff),
  extendedRcode: fc.constant(0),
  // Above the options whose form is checked when they are read.
  options: fc.array(fc.record({ code: fc.integer({ min: 9, max: 65_535 }), data: octets(0, 20) }), { maxLength: 3 }),
})

const recordList = fc.array(records, { maxLength: 6 })

/** Whole messages, with and without an OPT record. */
export const messages: fc.Arbitrary<Message> = fc
  .record({
    id: fc.nat(65_535),
    flags: fc.nat(65_535),
    questions: fc.array(questions, { maxLength: 2 }),
    answer: recordList,
    authority: recordList,
    additional: recordList,
    edns: fc.option(edns),
    extended: fc.nat(255),
  })
  .map(({ extended, ...rest }) => {
    const rcode = (rest.flags & 15) | (rest.edns ? extended << 4 : 0)
    const opt = rest.edns && { ...rest.edns, extendedRcode: extended }
    // TC is the encoder's to set.
    return { ...rest, flags: rest.flags & ~0x0200, opcode: (rest.flags >> 11) & 15, rcode, edns: opt }
  })
