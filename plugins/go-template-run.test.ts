// What a template may reach and cost, and what it tells about itself; its texts and messages are tested in go-template.test.ts.

import t from 'tap'
import { compileTemplate, FunctionFault, TemplateError, TemplateFunction } from './go-template.ts'

const compile = (text: string): ReturnType<typeof compileTemplate> => compileTemplate(text, { name: 'answer' })

t.test('a template reads exported fields, getters and methods, and nothing of the language below', async (t) => {
  class Question {
    readonly Name = 'a.example.'
    readonly hidden = 'secret'
    get Qtype(): number {
      return 1
    }
    Ask(word: string): string {
      return `${word}?`
    }
  }
  const execute = (text: string): string => compile(text).execute(new Question())
  t.equal(execute('{{ .Name }} {{ .Qtype }} {{ .Ask "x" }} {{ "y" | .Ask }}'), 'a.example. 1 x? y?')
  t.throws(() => execute('{{ .Ask }}'), { message: /wrong number of args for Ask: want 1 got 0$/ })
  for (const name of ['hidden', 'constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    t.throws(() => execute(`{{ .${name} }}`), { message: new RegExp(`can't evaluate field ${name} in type struct$`) })
    t.equal(compile(`{{ if .${name} }}yes{{ else }}no{{ end }}`).execute(new Map()), 'no', name)
    t.throws(() => compile(`{{ .Name.${name} }}`).execute({ Name: 'x' }), TemplateError)
  }
  t.throws(() => compile('{{ .List.Map }}').execute({ List: [1] }), TemplateError)
})

t.test('functions are checked against what they take, and fail with their name', async (t) => {
  const functions = new Map([
    ['twice', new TemplateFunction(['int'], ([number]) => Number(number) * 2)],
    ['join', new TemplateFunction(['string'], (values) => values.slice(1).join(String(values[0])), 'string')],
    [
      'fail',
      new TemplateFunction([], () => {
        throw new FunctionFault('no luck')
      }),
    ],
  ])
  const execute = (text: string): string => compileTemplate(text, { name: 'answer', functions }).execute({ Text: 'x' })
  t.equal(execute('{{ twice 4 }} {{ 5 | twice }} {{ join "-" "a" .Text }}'), '8 10 a-x')
  t.throws(() => execute('{{ twice "4" }}'), { message: /at <"4">: expected integer; found "4"$/ })
  t.throws(() => execute('{{ twice .Text }}'), { message: /wrong type for value; expected int; got string$/ })
  t.throws(() => execute('{{ fail }}'), { message: /at <fail>: error calling fail: no luck$/ })
})

t.test('a template tells which fields it reads', async (t) => {
  const fields: [text: string, fields: string[]][] = [
    ['{{ .Name }} 60 IN A {{ index .Match 1 }}', ['Match', 'Name']],
    ['{{ if .Group.h }}{{ parse (print .Zone) }}{{ else }}{{ $.Remote }}{{ end }}', ['Group', 'Remote', 'Zone']],
    ['{{ range $i, $m := .Match }}{{ .Inner }}{{ $m }}{{ end }}', ['Inner', 'Match']],
    ['{{ (index .Match 0) }}{{ .Meta "a/b" | printf "%s" }}', ['Match', 'Meta']],
    ['{{ define "x" }}{{ .Type }}{{ end }}{{ template "x" . }}', ['.', 'Type']],
    ['{{ print $ }}', ['.']],
    ['text', []],
  ]
  const functions = new Map([['parse', new TemplateFunction(['any'], ([value]) => value)]])
  for (const [text, expected] of fields) {
    t.same([...compileTemplate(text, { name: 'answer', functions }).fields].sort(), expected, text)
  }
})

t.test('no template works for long or makes much text', async (t) => {
  const greedy: [text: string, message: RegExp][] = [
    ['{{ range 1000000000 }}{{ end }}', /template takes too many steps$/],
    ['{{ range 10000 }}{{ range 10000 }}x{{ end }}{{ end }}', /too many steps$|too much text$/],
    ['{{ range 10000 }}0123456789{{ end }}', /template makes too much text$/],
    [
      '{{ define "r" }}{{ template "r" }}{{ template "r" }}{{ end }}{{ template "r" }}',
      /exceeded maximum template depth \(100\)$/,
    ],
    [
      '{{ define "r" }}{{ if . }}{{ template "r" (slice . 1) }}{{ template "r" (slice . 1) }}{{ end }}{{ end }}{{ template "r" .Long }}',
      /too many steps$/,
    ],
    [
      '{{ $x := "ab" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}',
      /error calling print: too much text$|too many steps$/,
    ],
    ['{{ $x := "" }}{{ range 20000 }}{{ $x = printf "%s%1000d" $x 1 }}{{ end }}', /too much text$|too many steps$/],
  ]
  for (const [text, message] of greedy) {
    const start = performance.now()
    t.throws(() => compile(text).execute({ Long: 'a'.repeat(60) }), { message }, text)
    // Some milliseconds; the bound is for slow machines.
    t.ok(performance.now() - start < 2000, text)
  }
  t.throws(() => compile(`{{ ${'('.repeat(50_000)} }}`), { message: /max expression depth exceeded$/ })
  t.throws(() => compile('{{ if .X }}'.repeat(50_000)), { message: /max expression depth exceeded$/ })
  t.equal(compile('{{ print 1 }}'.repeat(5_000)).execute(null).length, 5_000)
})
