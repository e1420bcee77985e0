// Which fields the rdata of each type has, in the order of text and octets alike. One line a type: its text form is the one of the RFC that defined it. The field
// names are those of CoreDNS's messages (`bad MX Pref`).

import { addressPrefixes } from './address-prefixes.ts'
import { amtRelay, hostIdentity, ipsecKey } from './gateway.ts'
import { location } from './location.ts'
import {
  address,
  base32,
  base64,
  binary,
  domain,
  type Field,
  hex,
  hexGroups,
  mnemonic,
  moment,
  period,
  recordType,
  sizedBinary,
  string,
  stringPair,
  strings,
  tag,
  text,
  u8,
  u16,
  u32,
  u48,
} from './presentation-field.ts'
import { types } from './registry.ts'
import { serviceParameters } from './service-parameters.ts'
import { bitmap, plainBitmap } from './type-bitmap.ts'

/** DNSSEC algorithm mnemonics (RFC 4034 appendix A.1 and the registry). */
const algorithms = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
} as const

/** Kinds of certificates in CERT (RFC 4398 2.1). */
const certificateTypes = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
} as const

/** Error codes of TSIG and TKEY (RFC 8945 3). */
const signatureErrors = {
  NOERROR: 0,
  BADSIG: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
} as const

const algorithm = (field: string): Field => mnemonic(field, 1, algorithms, false)
const float = /^[-+]?[0-9]+(\.[0-9]*)?$/

const key: readonly Field[] = [u16('Flags'), u8('Protocol'), algorithm('Algorithm'), binary('PublicKey', base64)]
const digest: readonly Field[] = [u16('KeyTag'), algorithm('Algorithm'), u8('DigestType'), binary('Digest', hex)]
const association: readonly Field[] = [u8('Usage'), u8('Selector'), u8('MatchingType'), binary('Certificate', hex)]
const service: readonly Field[] = [u16('priority'), domain('Target'), serviceParameters]
const signature: readonly Field[] = [
  recordType('Typecovered'),
  algorithm('Algorithm'),
  u8('Labels'),
  u32('OrigTtl'),
  moment('Expiration'),
  moment('Inception'),
  u16('KeyTag'),
  domain('SignerName'),
  binary('Signature', base64),
]

const fieldsByType = new Map<number, readonly Field[]>([
  [types.A, [address('A', 4)]],
  [types.NS, [domain('Ns')]],
  [types.MD, [domain('Md')]],
  [types.MF, [domain('Mf')]],
  [types.CNAME, [domain('Target')]],
  [
    types.SOA,
    [domain('Ns'), domain('Mbox'), u32('zone parameter'), ...Array.from({ length: 4 }, () => period('zone parameter'))],
  ],
  [types.MB, [domain('Mb')]],
  [types.MG, [domain('Mg')]],
  [types.MR, [domain('Mr')]],
  [types.PTR, [domain('Ptr')]],
  [types.HINFO, [stringPair('Fields')]],
  [types.MINFO, [domain('Rmail'), domain('Email')]],
  [types.MX, [u16('Pref'), domain('Mx')]],
  [types.TXT, [strings('Txt')]],
  [types.RP, [domain('Mbox'), domain('Txt')]],
  [types.AFSDB, [u16('Subtype'), domain('Hostname')]],
  [types.X25, [string('PSDNAddress')]],
  [types.ISDN, [stringPair('Fields')]],
  [types.RT, [u16('Preference'), domain('Host')]],
  [types['NSAP-PTR'], [domain('Ptr')]],
  [types.SIG, signature],
  [types.KEY, [u16('Flags'), u8('Protocol'), algorithm('Algorithm'), binary('PublicKey', base64, true)]],
  [types.PX, [u16('Preference'), domain('Map822'), domain('Mapx400')]],
  [types.GPOS, [string('Longitude', float), string('Latitude', float), string('Altitude', float)]],
  [types.AAAA, [address('AAAA', 16)]],
  [types.LOC, [location]],
  [types.NXT, [domain('NextDomain'), plainBitmap('TypeBitMap')]],
  [types.EID, [binary('Endpoint', hex)]],
  [types.NIMLOC, [binary('Locator', hex)]],
  [types.SRV, [u16('Priority'), u16('Weight'), u16('Port'), domain('Target')]],
  [
    types.NAPTR,
    [u16('Order'), u16('Preference'), string('Flags'), string('Service'), string('Regexp'), domain('Replacement')],
  ],
  [types.KX, [u16('Pref'), domain('Exchanger')]],
  [
    types.CERT,
    [
      mnemonic('Type', 2, certificateTypes),
      u16('KeyTag'),
      mnemonic('Algorithm', 1, algorithms),
      binary('Certificate', base64),
    ],
  ],
  [types.DNAME, [domain('Target')]],
  [types.APL, [addressPrefixes]],
  [types.DS, digest],
  [types.SSHFP, [u8('Algorithm'), u8('Type'), binary('Fingerprint', hex)]],
  [types.IPSECKEY, [ipsecKey]],
  [types.RRSIG, signature],
  [types.NSEC, [domain('NextDomain'), bitmap('TypeBitMap')]],
  [types.DNSKEY, key],
  [types.DHCID, [binary('Digest', base64)]],
  [
    types.NSEC3,
    [
      u8('Hash'),
      u8('Flags'),
      u16('Iterations'),
      sizedBinary('Salt', 1, hex, '-'),
      sizedBinary('NextDomain', 1, base32),
      bitmap('TypeBitMap'),
    ],
  ],
  [types.NSEC3PARAM, [u8('Hash'), u8('Flags'), u16('Iterations'), sizedBinary('Salt', 1, hex, '-')]],
  [types.TLSA, association],
  [types.SMIMEA, association],
  [types.HIP, [hostIdentity]],
  [types.NINFO, [strings('ZSData')]],
  [types.RKEY, key],
  [types.TALINK, [domain('PreviousName'), domain('NextName')]],
  [types.CDS, digest],
  [types.CDNSKEY, key],
  [types.OPENPGPKEY, [binary('PublicKey', base64)]],
  [types.CSYNC, [u32('serial'), u16('flags'), bitmap('TypeBitMap')]],
  [types.ZONEMD, [u32('Serial'), u8('Scheme'), u8('Hash Algorithm'), binary('Digest', hex)]],
  [types.SVCB, service],
  [types.HTTPS, service],
  [types.SPF, [strings('Txt')]],
  [types.UINFO, [string('Uinfo')]],
  [types.UID, [u32('Uid')]],
  [types.GID, [u32('Gid')]],
  [types.NID, [u16('Preference'), hexGroups('NodeID', 4, 2, ':')]],
  [types.L32, [u16('Preference'), address('Locator', 4)]],
  [types.L64, [u16('Preference'), hexGroups('Locator64', 4, 2, ':')]],
  [types.LP, [u16('Preference'), domain('Fqdn')]],
  [types.EUI48, [hexGroups('Address', 6, 1, '-')]],
  [types.EUI64, [hexGroups('Address', 8, 1, '-')]],
  [
    types.TKEY,
    [
      domain('algorithm'),
      moment('inception'),
      moment('expiration'),
      u16('mode'),
      mnemonic('error', 2, signatureErrors),
      sizedBinary('key', 2, base64, '-'),
      sizedBinary('otherdata', 2, hex, '-'),
    ],
  ],
  [
    types.TSIG,
    [
      domain('algorithm'),
      u48('time'),
      u16('fudge'),
      sizedBinary('MAC', 2, base64, '-'),
      u16('original id'),
      mnemonic('error', 2, signatureErrors),
      sizedBinary('otherdata', 2, hex, '-'),
    ],
  ],
  [types.URI, [u16('Priority'), u16('Weight'), text('Target')]],
  [types.CAA, [u8('Flag'), tag('Tag'), text('Value')]],
  [types.AVC, [strings('Txt')]],
  [types.AMTRELAY, [amtRelay]],
  [types.RESINFO, [strings('Resinfo')]],
  [types.TA, digest],
  [types.DLV, digest],
])

/** The fields of a type's rdata; undefined for types whose text is RFC 3597's `\# length hex`. */
export const fieldsOf = (type: number): readonly Field[] | undefined => fieldsByType.get(type)
