// A map whose keys nearly always have one value: it is kept bare, only the rare second one makes a list.

/** Values by key, each at most once a key. */
export class MultiMap<Value extends object> {
  readonly #values = new Map<string, Value | Value[]>()

  get(key: string): readonly Value[] {
    const found = this.#values.get(key)
    if (found === undefined) return []
    return Array.isArray(found) ? found : [found]
  }

  add(key: string, value: Value): void {
    const found = this.#values.get(key)
    if (found === undefined) this.#values.set(key, value)
    else if (Array.isArray(found)) {
      if (!found.includes(value)) found.push(value)
    } else if (found !== value) this.#values.set(key, [found, value])
  }

  delete(key: string, value: Value): void {
    const found = this.#values.get(key)
    if (found === value) this.#values.delete(key)
    if (!Array.isArray(found)) return
    const left = found.filter((each) => each !== value)
    if (left.length === 1) this.#values.set(key, left[0]!)
    else this.#values.set(key, left)
  }
}
