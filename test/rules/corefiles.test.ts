// Every Corefile that a manual page or an example shows is loaded, and asked where the text after it says what it answers:
//
//     ```corefile … ```        loaded, with the files of corefile-files/ (an absolute path `/etc/x` is corefile-files/etc/x) and the addresses of forward and transfer in 127.0.0.0/8
//     `dig NAME TYPE` answers `RECORD`, `RECORD` and `RECORD`     or     `dig NAME TYPE` answers RCODE

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { typeNumber } from '../../wire/registry.ts'
import { type ServeOptions, serve, type TestServer } from '../support/serve.ts'
import { filesOf, readText } from './tree.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'examples')
const fixtures = join(root, 'test/rules/corefile-files')

const files = Object.fromEntries(
  readdirSync(fixtures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(fixtures, path), readFileSync(path, 'utf8')]),
)

/** A Corefile on a page, and what the text up to the next one or the next heading says about it. */
interface Example {
  readonly page: string
  readonly line: number
  readonly corefile: string
  readonly claims: readonly Claim[]
}

/** What a `dig` of the text gives: records, or an rcode. */
interface Claim {
  readonly question: string
  readonly class: string
  readonly answers: readonly string[] | string
}

function examplesOf(page: string, markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/^```corefile\n([\s\S]*?)^```\n([\s\S]*?)(?=^```|^#|$(?![\s\S]))/gm)]
  return blocks.map(({ index, 1: corefile = '', 2: text = '' }) => ({
    page,
    line: markdown.slice(0, index).split('\n').length,
    corefile,
    claims: claimsOf(text),
  }))
}

function claimsOf(text: string): Claim[] {
  const flowing = text.replace(/\s+/g, ' ')
  const claims = [...flowing.matchAll(/`dig ([^`]+)` answers ((?:`[^`]+`(?:, | and )?)+|[A-Z]+)/g)]
  if (claims.length !== flowing.split('`dig ').length - 1) throw new Error(`a claim that cannot be checked: ${flowing}`)
  return claims.map(([, words = '', answers = '']) => ({
    ...digQuestion(words),
    answers: answers.startsWith('`') ? [...answers.matchAll(/`([^`]+)`/g)].map(([, record = '']) => record) : answers,
  }))
}

/** What dig asks when it is called with these words. */
function digQuestion(words: string): { question: string; class: string } {
  let name = '.'
  let type = 'A'
  let kind = 'IN'
  const rest = words.split(' ')
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-x') return { question: `${rest[0]?.split('.').reverse().join('.')}.in-addr.arpa. PTR`, class: 'IN' }
    if (word === '-p') rest.shift()
    else if (/^(IN|CH)$/.test(word)) kind = word
    else if (word === word.toUpperCase() && typeNumber(word) !== null) type = word
    else if (!word.startsWith('@')) name = word.replace(/\.?$/, '.')
  }
  return { question: `${name} ${type}`, class: kind }
}

/** The Corefile with its files where the fixtures are; its upstreams stay on this machine. */
function onThisMachine(corefile: string): string {
  return corefile
    .replace(/(?<=\s)\/(etc|run)\//g, '$1/')
    .replace(/(?<=\s)examples\//g, `${examples}/`)
    .replace(/^\s*(?:forward|to) .*$/gm, (line) => line.replace(/\b\d{1,3}(?=(?:\.\d{1,3}){3}\b)/g, '127'))
}

async function check(t: Tap, server: TestServer, claims: readonly Claim[]): Promise<void> {
  for (const claim of claims) {
    const reply = await server.ask(claim.question, { class: claim.class })
    t.strictSame(typeof claim.answers === 'string' ? reply?.rcode : reply?.answer, claim.answers, claim.question)
  }
}

type Tap = Pick<typeof t, 'teardown' | 'strictSame'>

const pages = ['README.md', ...filesOf('{docs,examples,test,bench}/**/*.md'), ...filesOf('plugins/*/README.md')]

t.test('examples and claims are found', async (t) => {
  const page = [
    '# x',
    '```',
    'no',
    '```',
    '```corefile',
    '. {',
    '}',
    '```',
    '',
    '`dig a.example` answers `a.example. 60 IN A 192.0.2.1` and',
    '`a.example. 60 IN A 192.0.2.2`. `dig CH TXT id.server` answers REFUSED.',
    '',
    '```corefile',
    'b {',
    '}',
    '```',
    '## y',
    '`dig nothing` answers NXDOMAIN',
  ].join('\n')
  t.strictSame(examplesOf('x.md', page), [
    {
      page: 'x.md',
      line: 5,
      corefile: '. {\n}\n',
      claims: [
        {
          question: 'a.example. A',
          class: 'IN',
          answers: ['a.example. 60 IN A 192.0.2.1', 'a.example. 60 IN A 192.0.2.2'],
        },
        { question: 'id.server. TXT', class: 'CH', answers: 'REFUSED' },
      ],
    },
    { page: 'x.md', line: 13, corefile: 'b {\n}\n', claims: [] },
  ])
  t.throws(() => claimsOf('`dig a.example` is wrong.'), /cannot be checked/)
  t.equal(
    onThisMachine(' forward . 192.0.2.1 tls://9.9.9.9:853 /etc/resolv.conf\n'),
    ' forward . 127.0.2.1 tls://127.9.9.9:853 etc/resolv.conf\n',
  )
})

for (const page of pages) {
  const markdown = readText(page)
  for (const { line, corefile, claims } of examplesOf(page, markdown)) {
    t.test(`${page}:${line} loads and answers as the page says`, async (t) => {
      const server = await serve(t, { corefile: onThisMachine(corefile), files, anyHttpPort: true })
      await check(t, server, claims)
      t.ok(
        server.log.every((line) => !/^\[(ERROR|WARNING)\]/.test(line)) || page.includes('loop'),
        server.log.join('\n'),
      )
    })
  }
}

t.test('every example of a manual page is marked as a Corefile, so that it is loaded', async (t) => {
  for (const page of filesOf('plugins/*/README.md')) {
    const shown = /^## Examples$([\s\S]*?)^## /m.exec(readText(page))?.[1] ?? ''
    const blocks = [...shown.matchAll(/^```(.*)\n([\s\S]*?)^```/gm)]
    t.ok(blocks.length > 0, `${page} shows an example`)
    const unloaded = blocks.filter(([, kind, text = '']) => kind !== 'corefile' && /^\S.*\{$/m.test(text))
    t.strictSame(
      unloaded.map(([text]) => text),
      [],
      page,
    )
  }
})

/** The demo, with an upstream where nobody listens. */
const demo: ServeOptions = {
  corefile: readFileSync(join(examples, 'demo/Corefile'), 'utf8'),
  environment: {
    MERIDIAN_EXAMPLES: examples,
    UPSTREAM: '127.0.0.1:9',
    UPSTREAM_2: '127.0.0.1:9',
    UPSTREAM_3: '127.0.0.1:9',
  },
  anyHttpPort: true,
}

t.test('the demo answers every dig that README, its start and its files propose', async (t) => {
  const server = await serve(t, demo)
  for (const page of ['README.md', 'cli/demo.ts', ...filesOf('examples/{cluster,demo}/*')]) {
    const digs = [...readText(page).matchAll(/dig @127\.0\.0\.1 -p 1053 ([^'\n]+)/g)].map(([, words = '']) => words)
    for (const words of digs) {
      const { question } = digQuestion(words.trim())
      const reply = await server.ask(question)
      t.ok(reply?.rcode === 'NOERROR' && reply.answer.length > 0, `${page}: ${question} ${reply?.rcode}`)
    }
    if (page === 'README.md' || page === 'cli/demo.ts') t.equal(digs.length, 3, page)
  }
})
