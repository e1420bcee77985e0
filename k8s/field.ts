// Reads plain data (parsed YAML or JSON) whose shape nobody has checked, and says where it is wrong: `spec.ports[0].port: must be an integer from 1 to 65535`.

/** Data of a wrong shape; the message begins with the path of the field. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** What is wrong with the value at `path`. */
export const wrongAt = (path: string, reason: string): ShapeError =>
  new ShapeError(path === '' ? reason : `${path}: ${reason}`)

/** A value and the path that leads to it, which is only put together for a complaint. Absent values (undefined, null) are read as the default. */
export class Field {
  readonly value: unknown
  readonly #parent: Field | string
  readonly #key: string | number

  /** `parent` is the Field that this one is in, or the path itself. */
  constructor(value: unknown, parent: Field | string = '', key: string | number = '') {
    this.value = value
    this.#parent = parent
    this.#key = key
  }

  /** `spec.ports[0].port`; '' for the outermost. */
  get path(): string {
    if (typeof this.#parent === 'string') return this.#parent
    const { path } = this.#parent
    if (typeof this.#key === 'number') return `${path}[${this.#key}]`
    return path === '' ? this.#key : `${path}.${this.#key}`
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  /** The field `key` of a mapping; absent if this one is. */
  at(key: string): Field {
    return new Field(this.absent ? undefined : this.#mapping()[key], this, key)
  }

  /** The items of a list, none if it is absent. */
  items(): Field[] {
    if (this.absent) return []
    if (!Array.isArray(this.value)) throw this.wrong('must be a list')
    return this.value.map((item: unknown, index) => new Field(item, this, index))
  }

  text(whenAbsent = ''): string {
    if (this.absent) return whenAbsent
    if (typeof this.value !== 'string') throw this.wrong('must be a string')
    return this.value
  }

  /** A text that has to be there. */
  requiredText(): string {
    const text = this.text()
    if (text === '') throw this.wrong('is required')
    return text
  }

  flag(whenAbsent: boolean): boolean {
    if (this.absent) return whenAbsent
    if (typeof this.value !== 'boolean') throw this.wrong('must be true or false')
    return this.value
  }

  /** An integer between the bounds, or null if it is absent. */
  integer(min: number, max: number): number | null {
    if (this.absent) return null
    const { value } = this
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw this.wrong(`must be an integer from ${min} to ${max}`)
    return value
  }

  /** A mapping of texts. */
  texts(): Readonly<Record<string, string>> {
    if (this.absent) return {}
    const found: Record<string, string> = Object.create(null)
    for (const key of Object.keys(this.#mapping())) found[key] = this.at(key).text()
    return { ...found }
  }

  wrong(reason: string): ShapeError {
    return wrongAt(this.path, reason)
  }

  #mapping(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      throw this.wrong('must be a mapping')
    return this.value as Record<string, unknown>
  }
}
