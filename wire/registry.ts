// The IANA registries of the DNS as tables: numbers at run time, mnemonics only at the edges (Corefiles, zone files, logs, metrics).
// https://www.iana.org/assignments/dns-parameters

/** Resource record types and question types (RFC 1035 3.2.2 and the registry). */
export const types = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
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
  NSAP: 22,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
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
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  TA: 32768,
  DLV: 32769,
} as const

/** Classes (RFC 1035 3.2.4). */
export const classes = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

/** Response codes, with the extended ones of EDNS (RFC 6895 2.3). */
export const rcodes = {
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
  DSOTYPENI: 11,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const

/** Opcodes (RFC 6895 2.2). */
export const opcodes = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const

/** EDNS option codes (RFC 6891 6.1.2 and the registry). */
export const ednsOptions = {
  LLQ: 1,
  NSID: 3,
  ECS: 8,
  EXPIRE: 9,
  COOKIE: 10,
  KEEPALIVE: 11,
  PADDING: 12,
  EDE: 15,
} as const

/** Extended DNS Error codes (RFC 8914 5.2). */
export const edeCodes = {
  OTHER: 0,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
} as const

const typeNames = new Map<number, string>(Object.entries(types).map(([name, number]) => [number, name]))
const classNames = new Map<number, string>(Object.entries(classes).map(([name, number]) => [number, name]))
const rcodeNames = new Map<number, string>(Object.entries(rcodes).map(([name, number]) => [number, name]))
const opcodeNames = new Map<number, string>(Object.entries(opcodes).map(([name, number]) => [number, name]))

function numbered(table: Readonly<Record<string, number>>, prefix: string, text: string): number | undefined {
  const name = text.toUpperCase()
  if (Object.hasOwn(table, name)) return table[name]
  if (!name.startsWith(prefix)) return undefined
  const digits = name.slice(prefix.length)
  return /^[0-9]{1,5}$/.test(digits) && Number(digits) <= 0xffff ? Number(digits) : undefined
}

/** The mnemonic of a type, or TYPE<n> (RFC 3597 5). */
export const typeName = (type: number): string => typeNames.get(type) ?? `TYPE${type}`

/** The number of a type mnemonic or TYPE<n>, upper or lower case; undefined if it is neither. */
export const typeNumber = (text: string): number | undefined => numbered(types, 'TYPE', text)

/** The mnemonic of a class, or CLASS<n> (RFC 3597 5). */
export const className = (number: number): string => classNames.get(number) ?? `CLASS${number}`

/** The number of a class mnemonic or CLASS<n>. */
export const classNumber = (text: string): number | undefined => numbered(classes, 'CLASS', text)

/** The mnemonic of a response code, or its number (as CoreDNS prints unknown ones). */
export const rcodeName = (rcode: number): string => rcodeNames.get(rcode) ?? String(rcode)

/** The number of a response code mnemonic. */
export const rcodeNumber = (text: string): number | undefined => {
  const name = text.toUpperCase()
  return Object.hasOwn(rcodes, name) ? rcodes[name as keyof typeof rcodes] : undefined
}

/** The mnemonic of an opcode, or its number. */
export const opcodeName = (opcode: number): string => opcodeNames.get(opcode) ?? String(opcode)
