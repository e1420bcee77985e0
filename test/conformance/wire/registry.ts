// Names and numbers of the IANA DNS registries, as the recorded cases spell them. This folder is the judge's own reader and
// writer of messages: it shares nothing with the server's wire/, so that a fault there cannot hide itself.

const types: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
}

const classes: Readonly<Record<string, number>> = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 }

const rcodes: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADCOOKIE: 23,
}

const opcodes: Readonly<Record<string, number>> = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 }

/** The number of a mnemonic, or of the generic form PREFIXnnn; throws on anything else. */
function numberOf(registry: Readonly<Record<string, number>>, prefix: string, mnemonic: string): number {
  const known = registry[mnemonic]
  if (known !== undefined) return known
  const digits = mnemonic.startsWith(prefix) ? mnemonic.slice(prefix.length) : mnemonic
  if (!/^\d+$/.test(digits)) throw new Error(`unknown ${prefix} ${mnemonic}`)
  return Number(digits)
}

function reversed(registry: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(registry).map(([name, number]) => [number, name]))
}

const typeNames = reversed(types)
const classNames = reversed(classes)
const rcodeNames = reversed(rcodes)
const opcodeNames = reversed(opcodes)

export const typeNumber = (name: string): number => numberOf(types, 'TYPE', name)
export const typeName = (number: number): string => typeNames.get(number) ?? `TYPE${number}`
export const classNumber = (name: string): number => numberOf(classes, 'CLASS', name)
export const className = (number: number): string => classNames.get(number) ?? `CLASS${number}`
export const rcodeNumber = (name: string): number => numberOf(rcodes, 'RCODE', name)
export const rcodeName = (number: number): string => rcodeNames.get(number) ?? `RCODE${number}`
export const opcodeNumber = (name: string): number => numberOf(opcodes, 'OPCODE', name)
export const opcodeName = (number: number): string => opcodeNames.get(number) ?? `OPCODE${number}`
