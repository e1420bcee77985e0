import t from 'tap'
import { address, FakeUpstream } from '../../test/support/fake-upstream.ts'
import { serve, serveError } from '../../test/support/serve.ts'
import { readExtendedError } from '../../wire/edns.ts'
import { decodeMessage, encodeMessage, type Message } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { rcodes, types } from '../../wire/registry.ts'

/** The same names twice: as CoreDNS answers them below old.test, as Meridian does below new.test. */
const corefile = ['old.test', 'new.test']
  .map(
    (zone) => `${zone} {
      ${zone === 'old.test' ? 'compat coredns' : ''}
      template IN A ede.${zone} {
        ederror 4 "made up"
      }
      hosts none.hosts {
        192.0.2.1 a.${zone}
      }
    }`,
  )
  .join('\n')

t.test('hosts: NODATA has no SOA, and a name that is not listed gets SERVFAIL', async (t) => {
  const server = await serve(t, { corefile, files: { 'none.hosts': '' } })
  t.match(await server.ask('a.old.test. MX'), { rcode: 'NOERROR', flags: ['aa', 'rd'], authority: [] })
  t.match(await server.ask('a.new.test. MX'), { rcode: 'NOERROR', authority: [/^new\.test\. 30 IN SOA /] })
  t.match(await server.ask('b.old.test. A'), { rcode: 'SERVFAIL', flags: ['rd'], authority: [] })
  t.match(await server.ask('b.new.test. A'), { rcode: 'NXDOMAIN', authority: [/^new\.test\. 30 IN SOA /] })
  t.match(await server.ask('a.old.test. A'), { rcode: 'NOERROR', answer: ['a.old.test. 3600 IN A 192.0.2.1'] })
})

t.test('a plugin that makes an OPT record sends it to clients that sent none', async (t) => {
  const server = await serve(t, { corefile, files: { 'none.hosts': '' } })
  const old = await server.ask('ede.old.test. A')
  t.match(old?.edns, { udpSize: 4096, do: true })
  t.same(old?.edns?.options.map(readExtendedError), [{ code: 4, text: 'made up' }])
  t.equal((await server.ask('ede.new.test. A'))?.edns, null)
})

t.test('an OPT record of an upstream reaches clients that sent none, but stops at cache', async (t) => {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0 }
  const withEde = { ...opt, flag_do: false, options: [{ code: 15, data: Buffer.of(0, 4) }] } as never
  const upstream = await FakeUpstream.start(t, {
    answer: (asked) => ({ ...address(asked, '192.0.2.7'), additionals: [withEde] }),
  })
  const forwarding = (line: string): string => `forward . ${upstream.label}\n${line}`
  const server = await serve(t, {
    corefile: [
      `old.test {\n${forwarding('compat coredns')}\n}`,
      `cached.test {\n${forwarding('compat coredns\ncache')}\n}`,
      `new.test {\n${forwarding('')}\n}`,
    ].join('\n'),
  })
  const old = await server.ask('a.old.test. A')
  t.match(old, { answer: ['a.old.test. 60 IN A 192.0.2.7'], edns: { udpSize: 1232 } })
  t.same(old?.edns?.options.map(readExtendedError), [{ code: 4, text: '' }])
  for (const name of ['a.cached.test.', 'a.cached.test.', 'a.new.test.']) {
    t.match(await server.ask(`${name} A`), { answer: [`${name} 60 IN A 192.0.2.7`], edns: null }, name)
  }
  const asked = await server.ask('a.old.test. A', { edns: { size: 1400 } })
  t.match(asked, { additional: [], edns: { udpSize: 1400, options: { length: 1 } } })
})

t.test('an OPT record is taken whoever owns it, and the last of several counts', async (t) => {
  const server = await serve(t, { corefile, files: { 'none.hosts': '' } })
  const opt = (udpSize: number, owner = '00'): Buffer => {
    const size = udpSize.toString(16).padStart(4, '0')
    return Buffer.from(`${owner}0029${size}000000000000`, 'hex')
  }
  const reply = async (zone: string, ...opts: Buffer[]): Promise<Message> => {
    const query = addressQuery(Name.parse(`a.${zone}`))
    query[11] = opts.length
    return decodeMessage((await server.inject(Buffer.concat([query, ...opts])))!) as Message
  }
  for (const opts of [[opt(1232), opt(1400)], [opt(1400, '016100')]]) {
    t.match(await reply('old.test', ...opts), { rcode: rcodes.NOERROR, edns: { udpSize: 1400 }, answer: { length: 1 } })
    t.match(await reply('new.test', ...opts), { rcode: rcodes.FORMERR, edns: null, answer: { length: 0 } })
    t.match(await reply('nowhere.test', ...opts), { rcode: rcodes.FORMERR })
  }
  const cutShort = opt(1232).subarray(0, 9)
  t.match(await reply('old.test', opt(1232), cutShort), { rcode: rcodes.FORMERR }, 'what is malformed stays so')
})

t.test('what it does not know is refused', async (t) => {
  const table: readonly [line: string, message: string][] = [
    [
      'compat',
      "plugin/compat: Corefile:1 - Error during parsing: Wrong argument count or unexpected line ending after 'compat'",
    ],
    ['compat bind', "plugin/compat: Corefile:1 - Error during parsing: compat knows 'coredns' only, not 'bind'"],
    ['compat coredns {\nall\n}', "plugin/compat: Corefile:2 - Error during parsing: unknown property 'all'"],
  ]
  for (const [line, message] of table) t.equal(await serveError({ corefile: `. { ${line}\n}` }), message, line)
})

function addressQuery(name: Name): Uint8Array {
  return encodeMessage({
    id: 1,
    flags: 0,
    opcode: 0,
    rcode: 0,
    questions: [{ name, type: types.A, class: 1 }],
    answer: [],
    authority: [],
    additional: [],
    edns: null,
  })
}
