// What the fuzzer attacks: a Corefile with most plugins in it, the packets it starts from, and questions whose answers are known.

import { fileURLToPath } from 'node:url'
import { type QuestionOptions, queryBytes } from '../support/questions.ts'
import type { Random } from './wire-inputs.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

/** The Corefile; PORT is the server's, PORT1 the upstream's, PORT2 that of metrics. */
export const fuzzCorefile = `
(common) {
    bind 127.0.0.1
    errors {
        consolidate 5s ".*" warning
    }
    log . {
        class error
    }
    prometheus 127.0.0.1:PORT2
    metadata
    bufsize 1232
    loadbalance
}
cluster.local:PORT in-addr.arpa:PORT ip6.arpa:PORT {
    import common
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        manifests ${examples}/cluster
        pods verified
        endpoint_pod_names
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    cache 30
    forward . 127.0.0.1:PORT1 {
        prefer_udp
    }
}
aikernel.local:PORT {
    import common
    file ${examples}/demo/db.aikernel.local
}
template.test:PORT {
    import common
    rewrite name regex (.*)\\.old\\.template\\.test {1}.template.test answer auto
    rewrite edns0 local set 0xffee 0x61626364
    header {
        response set ra
    }
    minimal
    template ANY A template.test {
        match "^(?P<label>[a-z0-9-]{1,20})[.]template[.]test[.]$"
        answer "{{ .Name }} 60 IN A 192.0.2.33"
        additional "{{ .Group.label }}.x.test. 60 IN TXT \\"{{ .Type }}\\""
        fallthrough
    }
    template ANY ANY {
        rcode NXDOMAIN
        authority "template.test. 60 IN SOA ns.template.test. host.template.test. 1 60 60 60 60"
    }
}
.:PORT {
    import common
    any
    chaos
    local
    hosts {
        192.0.2.44 one.hosts.test
        2001:db8::44 one.hosts.test
        192.0.2.45 two.hosts.test
        fallthrough
    }
    cache 30 {
        prefetch 2 10s
        serve_stale
    }
    forward . 127.0.0.1:PORT1 {
        prefer_udp
        max_concurrent 1000
    }
}
`

/** Questions with the end of the first record that answers them: asked between the packets. */
export const knownAnswers: readonly (readonly [question: string, answer: string])[] = [
  ['kubernetes.default.svc.cluster.local. A', ' 10.96.0.1'],
  ['1.0.96.10.in-addr.arpa. PTR', ' kubernetes.default.svc.cluster.local.'],
  ['mail.aikernel.local. A', ' 10.20.0.25'],
  ['some.template.test. A', ' 192.0.2.33'],
  ['two.hosts.test. A', ' 192.0.2.45'],
  ['anything.elsewhere.example. A', ' 203.0.113.7'],
]

const names = [
  'kubernetes.default.svc.cluster.local.',
  '_https._tcp.kubernetes.default.svc.cluster.local.',
  'kube-dns.kube-system.svc.cluster.local.',
  '10-244-0-2.kube-system.pod.cluster.local.',
  'no.such.svc.cluster.local.',
  '1.0.96.10.in-addr.arpa.',
  '2.0.244.10.in-addr.arpa.',
  'aikernel.local.',
  'api.aikernel.local.',
  'gateway.aikernel.local.',
  'x.apps.aikernel.local.',
  '_grpc._tcp.scheduler.aikernel.local.',
  'a.template.test.',
  'a.old.template.test.',
  'one.hosts.test.',
  'localhost.',
  'version.bind.',
  'www.example.com.',
  '.',
]
const types = [
  'A',
  'AAAA',
  'SRV',
  'PTR',
  'TXT',
  'SOA',
  'NS',
  'MX',
  'CNAME',
  'ANY',
  'DS',
  'AXFR',
  'IXFR',
  'HTTPS',
  'TYPE65280',
  'NSEC',
]
const optionCodes = [3, 8, 10, 11, 12, 15, 65_001, 0xffee]

const pick = <T>(random: Random, values: readonly T[]): T => values[random.below(values.length)]!
const octets = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256))

/** A query that is well-formed on its wire, whatever it asks. */
export function sensibleQuery(random: Random): Uint8Array {
  const options: QuestionOptions = {
    id: random.below(65_536),
    flags: pick(random, [0x0100, 0x0100, 0, 0x0110, 0x0130]),
    opcode: random.below(40) === 0 ? random.below(16) : 0,
    class: random.below(20) === 0 ? pick(random, ['CH', 'ANY', 'HS']) : 'IN',
    ...(random.below(2) === 0 ? { edns: edns(random) } : {}),
  }
  const name = random.below(4) === 0 ? `n${random.below(1_000_000)}.${pick(random, names)}` : pick(random, names)
  return queryBytes(`${name.replace(/\.\.$/, '.')} ${pick(random, types)}`, options)
}

function edns(random: Random): NonNullable<QuestionOptions['edns']> {
  const options = Array.from({ length: random.below(3) }, () => ({
    code: pick(random, optionCodes),
    data: octets(random, random.below(40)),
  }))
  return {
    size: pick(random, [0, 512, 1232, 4096, 65_535]),
    do: random.below(2) === 0,
    version: random.below(30) === 0 ? 1 : 0,
    options,
  }
}
