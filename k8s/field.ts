// Reads plain data (parsed YAML or JSON) whose shape nobody has checked, and says where it is wrong: `spec.ports[0].port: must be an integer from 1 to 65535`.

/** Data of a wrong shape; the message begins with the path of the field. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** A value and the path that leads to it. Absent values (undefined, null) are read as the default. */
export class Field {
  readonly value: unknown
  readonly path: string

  constructor(value: unknown, path = '') {
    this.value = value
    this.path = path
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  /** The field `key` of a mapping; absent if this one is. */
  at(key: string): Field {
    const path = this.path === '' ? key : `${this.path}.${key}`
    if (this.absent) return new Field(undefined, path)
    return new Field(this.#mapping()[key], path)
  }

  /** The items of a list, none if it is absent. */
  items(): Field[] {
    if (this.absent) return []
    if (!Array.isArray(this.value)) throw this.wrong('must be a list')
    return this.value.map((item: unknown, index) => new Field(item, `${this.path}[${index}]`))
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
    return new ShapeError(this.path === '' ? reason : `${this.path}: ${reason}`)
  }

  #mapping(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      throw this.wrong('must be a mapping')
    return this.value as Record<string, unknown>
  }
}
