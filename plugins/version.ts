// Versions: what lets an answer be used again and still be right the moment its data changes.
//
//   data node ──► Version (stands) ◄── depends ── response ── kept as a prepared answer
//       │ change: version.end()                                  └─ a hit asks `stands` of each: no scan, no flush
//       └──► the next response gets a new Version
//
// A Version is a token, not a number: a response that was made before a change and arrives after it holds the ended token, so a slow answer can
// never bring old data back (with a counter it would be read too late).

/** Stands for one state of some data; ends when the data changes, for ever. */
export class Version {
  stands = true

  end(): void {
    this.stands = false
  }
}

/** Holds the current Version of one piece of data; made on first use, so that data nobody asked for costs nothing. */
export class Versioned {
  #current: Version | null = null

  get version(): Version {
    this.#current ??= new Version()
    return this.#current
  }

  /** The data changed: whatever was answered from it is stale at once. */
  changed(): void {
    this.#current?.end()
    this.#current = null
  }
}
