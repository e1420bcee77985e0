// `whoami`: tells a client its own address, port and transport. What the built-in Corefile serves.

import { Name, nameBytesMax } from '../../wire/name.ts'
import { addressRdata, srvRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { definePlugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { respond } from '../response.ts'

export const whoami = definePlugin({
  name: 'whoami',
  setup(directive) {
    directive.next()
    if (directive.nextArgument()) throw directive.argumentError()
    return () => (query) =>
      respond('whoami', { aa: true, additional: [addressRecord(query), serviceRecord(query)].flat() })
  },
})

function addressRecord({ name, class: klass, client }: Query): ResourceRecord[] {
  const rdata = addressRdata(client.address.replace(/%.*$/, ''))
  return rdata ? [new ResourceRecord(name, client.family === 4 ? types.A : types.AAAA, klass, 0, rdata)] : []
}

// `_udp.NAME`: none if that is longer than a name may be.
function serviceRecord({ name, class: klass, client }: Query): ResourceRecord[] {
  const protocol = client.transport === 'udp' ? '_udp' : '_tcp'
  if (name.wire.length + protocol.length + 1 > nameBytesMax) return []
  const rdata = srvRdata({ priority: 0, weight: 0, port: client.port, target: Name.root })
  return [new ResourceRecord(name.prepend(protocol), types.SRV, klass, 0, rdata)]
}
