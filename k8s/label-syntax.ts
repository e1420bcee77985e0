// What a label's key and value may look like, with the complaints of Kubernetes' own validation: they end up in CoreDNS's error texts.

const partBytesMax = 63
const prefixBytesMax = 253
const wordFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const word = new RegExp(`^${wordFormat}$`)
const prefixFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'
const prefix = new RegExp(`^${prefixFormat}$`)

const characters =
  "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const keyRule = `must ${characters} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${wordFormat}')`
const valueRule = `a valid label must be an empty string or ${characters} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${wordFormat})?')`
const prefixRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${prefixFormat}')`
const tooLong = (bytes: number): string => `must be no more than ${bytes} bytes`

/** What is wrong with a label's key, '' if nothing. */
export function labelKeyFault(key: string): string {
  const parts = key.split('/')
  if (parts.length > 2) {
    return `a valid label key ${keyRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
  }
  const faults: string[] = []
  const name = parts.at(-1)!
  if (parts.length === 2) faults.push(...prefixFaults(parts[0]!).map((fault) => `prefix part ${fault}`))
  if (name === '') faults.push('name part must be non-empty')
  else if (Buffer.byteLength(name) > partBytesMax) faults.push(`name part ${tooLong(partBytesMax)}`)
  if (!word.test(name)) faults.push(`name part ${keyRule}`)
  return faults.join('; ')
}

function prefixFaults(text: string): string[] {
  if (text === '') return ['must be non-empty']
  const faults = Buffer.byteLength(text) > prefixBytesMax ? [tooLong(prefixBytesMax)] : []
  return prefix.test(text) ? faults : [...faults, prefixRule]
}

/** What is wrong with a label's value, '' if nothing. */
export function labelValueFault(value: string): string {
  const faults = Buffer.byteLength(value) > partBytesMax ? [tooLong(partBytesMax)] : []
  if (value !== '' && !word.test(value)) faults.push(valueRule)
  return faults.join('; ')
}
