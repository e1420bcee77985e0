// Lines of a hosts file (hosts(5)) as entries, one for each address and name, on their way from the thread that reads files to those that answer:
//
//   192.0.2.10 www.example.org web.example.org  # comment
//   4 │ 192.0.2.10 │ 3www7example3org0 │ 4 │ 192.0.2.10 │ 3web7example3org0

import { parseAddress, unmapOctets } from '../../wire/address.ts'
import { latin1Bytes, Name, NameError } from '../../wire/name.ts'
import { nameAt } from '../../wire/rdata.ts'

/** A line that is no host entry. */
interface BadLine {
  /** Counted from 1. */
  readonly line: number
  readonly reason: string
}

/** What a text says. */
export interface HostEntries {
  /** All entries, in memory that threads share. */
  readonly bytes: Uint8Array
  readonly skipped: number
  /** The first line that was skipped. */
  readonly firstSkipped: BadLine | null
}

/** One address and a name that has it, in lower case. */
export interface HostEntry {
  readonly address: Uint8Array
  readonly name: Name
}

/** Lines between two turns of other work. */
const linesATurn = 256

/** Collects the entries of a text of octets (latin1); yields where it may be interrupted. */
export function* collectEntries(text: string): Generator<void, HostEntries> {
  const writer = new EntryWriter()
  let skipped = 0
  let firstSkipped: BadLine | null = null
  let line = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const reason = addLine(text.slice(start, end), writer)
    start = end + 1
    line++
    if (reason !== null) {
      skipped++
      firstSkipped ??= { line, reason }
    }
    if (line % linesATurn === 0) yield
  }
  return { bytes: writer.finish(), skipped, firstSkipped }
}

/** The entries of a short text. */
export function entriesOf(text: string): HostEntries {
  const steps = collectEntries(text)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Adds what a line says; returns what is wrong with it, or null. */
function addLine(line: string, writer: EntryWriter): string | null {
  const hash = line.indexOf('#')
  const words = (hash < 0 ? line : line.slice(0, hash)).split(/[\t\v\f\r ]+/).filter((word) => word !== '')
  const [addressText, ...names] = words
  if (addressText === undefined) return null
  if (names.length === 0) return `no name behind ${JSON.stringify(addressText)}`
  // An interface (fe80::1%eth0) cannot be told to a client.
  const parsed = parseAddress(addressText.replace(/%.*$/, ''))
  if (!parsed) return `${JSON.stringify(addressText)} is no IP address`
  const address = unmapOctets(parsed)
  let fault: string | null = null
  for (const text of names) {
    try {
      writer.add(address, Name.parse(text))
    } catch (error) {
      if (!(error instanceof NameError)) throw error
      fault = error.message
    }
  }
  return fault
}

class EntryWriter {
  #bytes = new Uint8Array(4096)
  #length = 0

  add(address: Uint8Array, name: Name): void {
    const needed = this.#length + 1 + address.length + name.wire.length
    if (needed > this.#bytes.length) this.#grow(needed)
    this.#bytes[this.#length] = address.length
    this.#bytes.set(address, this.#length + 1)
    this.#bytes.set(latin1Bytes(name.key), this.#length + 1 + address.length)
    this.#length = needed
  }

  finish(): Uint8Array {
    const shared = new Uint8Array(new SharedArrayBuffer(this.#length))
    shared.set(this.#bytes.subarray(0, this.#length))
    return shared
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** The entries that `collectEntries` wrote. */
export function* readEntries(bytes: Uint8Array): Generator<HostEntry> {
  for (let at = 0; at < bytes.length; ) {
    const addressEnd = at + 1 + bytes[at]!
    const name = nameAt(bytes, addressEnd)!
    yield { address: bytes.subarray(at + 1, addressEnd), name }
    at = addressEnd + name.wire.length
  }
}
