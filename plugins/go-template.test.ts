// What Go 1.26's text/template makes of the same templates over the same data (run once to write these tables).

import t from 'tap'
import { compileTemplate, parseUint, TemplateError, TemplateFunction } from './go-template.ts'
import { Float, goType } from './go-value.ts'

const mapOf = (pairs: Record<string, unknown>): Map<string, unknown> => new Map(Object.entries(pairs))

/** Data of the shapes that the template plugin has, and a few more. */
class Data {
  readonly [goType] = '*main.D'
  readonly Zone = 'example.'
  readonly Name = 'www.example.'
  readonly Match = ['www', 'w']
  readonly Group = mapOf({ '0': 'www', a: '10', h: 'ff' })
  readonly Var = mapOf({ num: 7, txt: 't', f: new Float(2.5) })
  readonly Question = { Name: 'www.example.', Qtype: 1, [goType]: '*main.Q' }
  readonly L = [1, 'a', null, new Float(2.5), true]
  readonly M = mapOf({ b: 2, a: 1 })
  readonly I = 5
  readonly F = new Float(1.5)
  readonly B = true
  readonly N = null
  readonly E: string[] = []
  readonly Z = new Map()
  readonly S = 'héllo'
  readonly Meta = new TemplateFunction(['string'], ([key]) => (key === 'a/b' ? 'meta' : ''))
}

const options = { name: 'answer', functions: new Map([['parseInt', parseUint]]) }

t.test('a template makes the text that Go makes', async (t) => {
  const texts: [template: string, text: string][] = [
    [
      '{{ .Name }} 60 IN A {{ if .Group.h }}{{ parseInt .Group.h 16 8 }}{{ else }}{{ .Group.a }}{{ end }}',
      'www.example. 60 IN A 255',
    ],
    ['{{ index .Match 0 }}|{{ index .Match 1 }}|{{ len .Match }}', 'www|w|2'],
    ['{{ .Group.missing }}', '<no value>'],
    ['{{ index .Group "missing" }}', ''],
    ['{{ index .Var "missing" }}', '<no value>'],
    ['{{ .Var.missing }}', '<no value>'],
    ['{{ .Var.num }} {{ .Var.f }}', '7 2.5'],
    ['{{ .Meta "a/b" }}{{ .Meta "x" }}', 'meta'],
    ['{{ "a/b" | .Meta }}', 'meta'],
    ['{{ .Question.Name }} {{ .Question.Qtype }}', 'www.example. 1'],
    ['{{ .Group.missing.foo }}', '<no value>'],
    ['{{ printf "%s-%d-%v" .Name 5 .Match }}', 'www.example.-5-[www w]'],
    ['{{ printf "%05d|%x|%q" 42 255 "a" }}', '00042|ff|"a"'],
    ['{{ printf "%d" "x" }}', '%!d(string=x)'],
    ['{{ print 1 2 "a" "b" 3 4.5 nil }}', '1 2ab3 4.5 <nil>'],
    ['{{ println "a" 1 }}', 'a 1\n'],
    [
      '{{ html "<a&\'\\">" }} {{ js "a\'b<c>\\n" }} {{ urlquery "a b&c/é" }}',
      "&lt;a&amp;&#39;&#34;&gt; a\\'b\\u003Cc\\u003E\\u000A a+b%26c%2F%C3%A9",
    ],
    [
      '{{ eq 1 1 }} {{ eq "a" "b" "a" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 1 2 }} {{ ge 2 2 }}',
      'true true true true true false true',
    ],
    ['{{ eq .N nil }} {{ eq .I .N }}', 'true false'],
    ['{{ or true .Foo }}', 'true'],
    ['{{ 1 | and 2 }} {{ 0 | or 0 }}', '1 0'],
    ['{{ slice "abcdef" 1 3 }} {{ slice .L 1 }} {{ slice .Match 0 1 }}', 'bc [a <nil> 2.5 true] [www]'],
    ['{{ index "abc" 1 }} {{ index .M "a" }} {{ index .M "z" }}', '98 1 0'],
    ['{{ index .L }} ', '[1 a <nil> 2.5 true] '],
    [
      '{{ .L }} {{ .M }} {{ .Match }} {{ .Group }} {{ .F }} {{ .B }} {{ .I }}',
      '[1 a <nil> 2.5 true] map[a:1 b:2] [www w] map[0:www a:10 h:ff] 1.5 true 5',
    ],
    [
      '{{ 1 }} {{ 1.5 }} {{ 1e3 }} {{ 0x10 }} {{ 010 }} {{ \'a\' }} {{ "s" }} {{ `raw` }} {{ true }} {{ 1_000 }} {{ -5 }} {{ +3 }} {{ .5 }}',
      '1 1.5 1000 16 8 97 s raw true 1000 -5 3 0.5',
    ],
    ['{{ 1 | print }} {{ "x" | printf "%s-%s" "y" }}', '1 y-x'],
    ['{{ $x := 5 }}{{ $x }}{{ $x = 6 }}{{ $x }}', '56'],
    ['{{ if true }}a{{ else }}b{{ end }}{{ if 0 }}a{{ else if "x" }}b{{ else }}c{{ end }}', 'ab'],
    [
      '{{ if .N }}a{{ end }}{{ if .L }}b{{ end }}{{ if .Z }}c{{ end }}{{ if .F }}d{{ end }}{{ if .Question }}q{{end}}',
      'bdq',
    ],
    [
      '{{ with .Group.a }}{{ . }}{{ else }}none{{ end }}{{ with .Group.zz }}x{{ else with .Name }}{{ . }}{{ else }}y{{ end }}',
      '10www.example.',
    ],
    ['{{ with $x := .I }}{{ $x }}{{ . }}{{ end }}', '55'],
    ['{{ range .Match }}[{{ . }}]{{ end }}{{ range .E }}x{{ else }}empty{{ end }}', '[www][w]empty'],
    [
      '{{ range $i, $e := .L }}{{ $i }}={{ $e }};{{ end }}{{ range $e := .Match }}{{ $e }}{{ end }}',
      '0=1;1=a;2=<no value>;3=2.5;4=true;wwww',
    ],
    [
      '{{ range $k, $v := .M }}{{ $k }}={{ $v }};{{ end }}{{ range 3 }}{{ . }}{{ end }}{{ range $i := .I }}{{ $i }}{{ end }}',
      'a=1;b=2;01201234',
    ],
    ['{{ range .N }}x{{ else }}nil{{ end }}', 'nil'],
    ['{{ range 5 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}', '013'],
    ['{{ range $i, $e := .Match }}{{ $.Name }}{{ $i }}{{ end }}', 'www.example.0www.example.1'],
    ['{{ $x := 0 }}{{ range .Match }}{{ $x = . }}{{ end }}{{ $x }}', 'w'],
    ['{{ define "a" }}<{{ . }}>{{ end }}{{ template "a" .Name }}{{ template "a" }}', '<www.example.><<no value>>'],
    ['{{ block "b" .Name }}[{{ . }}]{{ end }}', '[www.example.]'],
    ['{{ (.Question).Name }}{{ (.Question.Name) }}', 'www.example.www.example.'],
    ['a {{- /* comment */ -}} b {{- .I -}} c', 'ab5c'],
    ['a {{- " x " -}} b', 'a x b'],
    ['{{/* c */}}x', 'x'],
    ['{{ print | }}', ''],
    ['{{ parseInt "18446744073709551615" 10 64 }} {{ parseInt "0x1f" 0 64 }}', '18446744073709551615 31'],
    [
      '{{ printf "%d" (parseInt "7" 10 8) }} {{ eq (parseInt "7" 10 8) 7 }} {{ lt (parseInt "7" 10 8) 8 }}',
      '7 true true',
    ],
    ['{{ $x := parseInt "3" 10 8 }}{{ index .L $x }}', '2.5'],
    [
      '{{ .S }} {{ printf "%.2s" .S }} {{ printf "%q" .S }} {{ printf "%t" true }} {{ printf "%T" 1 }} {{ printf "%%" }} {{ printf "%5.1f" 2.25 }}',
      'héllo hé "héllo" true int %   2.2',
    ],
    ['{{ print nil .N }}', '<nil> <nil>'],
    ['{{ .I | printf "%03d" }} {{ .F | printf "%v" }}', '005 1.5'],
    ['{{ "quoted \\"x\\" \\t\\u00e9\\x41" }}', 'quoted "x" \téA'],
    ['{{"a" -}}   b', 'ab'],
    ['{{- 3}}', '3'],
    ['{{-3}}', '-3'],
    ['{{ -3 }}', '-3'],
    ['{{ .Name }}{{ .Zone }}{{/* x */}}', 'www.example.example.'],
    [
      '{{if .Name}}{{.Name}}{{else if .Zone}}{{.Zone}}{{else}}x{{end}}{{range $i,$e:=.L}}{{$i}}{{else}}n{{end}}{{with .Name}}{{.}}{{end}}{{template "q" .}}{{define "q"}}{{end}}',
      'www.example.01234www.example.',
    ],
    ['{{ $a := 1 }}{{ if true }}{{ $a := 2 }}{{ $a }}{{ end }}{{ $a }}', '21'],
    ['{{ with .Question }}{{ .Name }}{{ $.Zone }}{{ end }}', 'www.example.example.'],
    ['{{ 9223372036854775807 }}', '9223372036854775807'],
    ['{{ printf "%s" .Group }} {{ printf "%v" .L }}', 'map[0:www a:10 h:ff] [1 a <nil> 2.5 true]'],
    ['{{ .Name | len | printf "%d!" }}', '12!'],
    ['{{ if and (eq .I 5) (gt .F 1.0) }}yes{{ end }}', 'yes'],
    ['{{ js .L }} {{ html .I }} {{ urlquery "a" 1 }}', '[1 a \\u003Cnil\\u003E 2.5 true] 5 a1'],
    ['{{ .Name -}} {{- .Zone }}', 'www.example.example.'],
    ['{{ printf "%d %d" 1 }}', '1 %!d(MISSING)'],
    ['{{ .Meta (printf "a/%s" "b") }}', 'meta'],
    ['{{ gt "b" "a" }} {{ ge 1.5 1.5 }}', 'true true'],
    ['{{ eq .F 1.5 }} {{ eq .S "héllo" }} {{ eq true true }} {{ eq .Question .Question }}', 'true true true true'],
    ['', ''],
    ['  ', '  '],
    ['{{ .Name\n}}', 'www.example.'],
    ['{{ `a\nb` }}', 'a\nb'],
    ['{{- 1 -}}\n\n  x', '1x'],
  ]
  for (const [template, text] of texts) t.equal(compileTemplate(template, options).execute(new Data()), text, template)
})

t.test('a template that does not parse has the message of Go', async (t) => {
  const errors: [template: string, message: string][] = [
    ['{{ 1 | 2 }}', '1: non executable command in pipeline stage 2'],
    ['{{ $y }}', '1: undefined variable "$y"'],
    ['{{ break }}', '1: {{break}} outside {{range}}'],
    ['{{/* c }}', '1: unclosed comment'],
    ['{{/* c */ }}', '1: comment ends before closing delimiter'],
    ['{{ .Name', '1: unclosed action'],
    ['{{', '1: unclosed action'],
    ['{{ .Name }', '1: unexpected "}" in operand'],
    ['{{ "abc }}', '1: unterminated quoted string'],
    ['{{ `abc }}', '1: unterminated raw quoted string'],
    ["{{ 'ab' }}", "1: malformed character constant: 'ab'"],
    ["{{ 'a }}", '1: unterminated character constant'],
    ['{{ ( .Name }}', '1: unclosed left paren'],
    ['{{ .Name ) }}', '1: unexpected right paren'],
    ['{{ @ }}', '1: unexpected "@" in command'],
    ['{{ .Na@me }}', "1: bad character U+0040 '@'"],
    ['{{ foo }}', '1: function "foo" not defined'],
    ['{{ foo .Name }}', '1: function "foo" not defined'],
    ['{{ .Name | foo }}', '1: function "foo" not defined'],
    ['{{ 1a }}', '1: bad number syntax: "1a"'],
    ['{{ 1+2 }}', '1: bad number syntax: "1+2"'],
    ['{{ 1 + 2 }}', '1: illegal number syntax: "+"'],
    ['{{ end }}', '1: unexpected {{end}}'],
    ['{{ else }}', '1: unexpected {{else}}'],
    ['{{ if }}x{{ end }}', '1: missing value for if'],
    ['{{ if .Name }}x', '1: unexpected EOF'],
    ['{{ if .Name }}x{{ else }}y', '1: unexpected EOF'],
    ['{{ if .Name }}x{{ else }}y{{ else }}z{{ end }}', '1: expected end; found {{else}}'],
    ['{{ range }}x{{ end }}', '1: missing value for range'],
    ['{{ }}', '1: missing value for command'],
    ['{{ | print }}', '1: unexpected "|" in command'],
    ['{{ () }}', '1: missing value for parenthesized pipeline'],
    ['{{ print () }}', '1: missing value for parenthesized pipeline'],
    ['{{ .Name , .Foo }}', '1: unexpected "," in operand'],
    ['{{ "a""b" }}', '1: unexpected "\\"b\\"" in operand'],
    ['{{ "a".Foo }}', '1: unexpected . after term "\\"a\\""'],
    ['{{ nil.Foo }}', '1: unexpected . after term "nil"'],
    ['{{ $x, $y := .L }}', '1: too many declarations in command'],
    ['{{ range $a, $b, $c := .L }}{{ end }}', '1: too many declarations in range'],
    ['{{ range $a, 5 := .L }}{{ end }}', '1: range can only initialize variables'],
    ['{{ range $a $b }}{{ end }}', '1: undefined variable "$a"'],
    ['{{ : }}', '1: expected :='],
    ['{{ $x : 5 }}', '1: undefined variable "$x"'],
    ['{{ if .Name }}{{ end', '1: unclosed action'],
    ['{{ template }}', '1: unexpected "}}" in template clause'],
    ['{{ template foo }}', '1: unexpected "foo" in template clause'],
    ['{{ define }}', '1: unexpected "}}" in define clause'],
    ['{{ define foo }}x{{ end }}', '1: unexpected "foo" in define clause'],
    ['{{ define "x" }}', '1: unexpected EOF'],
    ['{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}', '1: template: multiple definition of template "x"'],
    ['{{ if .Name }}{{ define "x" }}{{ end }}{{ end }}', '1: unexpected <define> in command'],
    ['{{ "\\q" }}', '1: invalid syntax'],
    ['a   {{-"b"}}', '1: illegal number syntax: "-"'],
    ['{{ range $x := .L }}{{ $x }}{{ end }}{{ $x }}', '1: undefined variable "$x"'],
    ['{{ if $x := .I }}{{ $x }}{{ end }}{{ $x }}', '1: undefined variable "$x"'],
    ['{{ range .L }}{{ break 5 }}{{ end }}', '1: unexpected "5" in {{break}}'],
    ['{{ range .L }}{{ else if .N }}{{ end }}', '1: unexpected <if> in input'],
    ['{{ with .L }}{{ else if .N }}{{ end }}', '1: unexpected <if> in input'],
    ['a\n{{ if .Name }}\n{{ foo }}', '3: function "foo" not defined'],
    ['{{ .Name\n\n @ }}', '3: unexpected "@" in operand'],
    ['{{ .Name\n\n', '3: unclosed action started at answer:1'],
    ['{{ "a\nb" }}', '1: unterminated quoted string'],
    ['{{/* a\nb */}}\n{{ foo }}', '3: function "foo" not defined'],
  ]
  for (const [template, message] of errors) {
    t.throws(() => compileTemplate(template, options), new TemplateError(`template: answer:${message}`), template)
  }
})

t.test('a template that fails while it runs has the message of Go, with place and part', async (t) => {
  const errors: [template: string, message: string][] = [
    [
      '{{ .Name }} 60 IN A {{ index .Match 9 }}',
      '1:23: executing "answer" at <index .Match 9>: error calling index: index out of range: 9',
    ],
    ['{{ .Meta }}', '1:3: executing "answer" at <.Meta>: wrong number of args for Meta: want 1 got 0'],
    ['{{ .Name.Foo }}', '1:8: executing "answer" at <.Name.Foo>: can\'t evaluate field Foo in type string'],
    ['{{ .N }} {{ .N.Foo }}', '1:14: executing "answer" at <.N.Foo>: nil pointer evaluating interface {}.Foo'],
    [
      '{{ eq 1 "a" }}',
      '1:3: executing "answer" at <eq 1 "a">: error calling eq: incompatible types for comparison: int and string',
    ],
    [
      '{{ eq 1 1.0 }}',
      '1:3: executing "answer" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64',
    ],
    [
      '{{ lt "a" 1 }}',
      '1:3: executing "answer" at <lt "a" 1>: error calling lt: incompatible types for comparison: string and int',
    ],
    ['{{ eq }}', '1:3: executing "answer" at <eq>: wrong number of args for eq: want at least 1 got 0'],
    ['{{ eq 1 }}', '1:3: executing "answer" at <eq 1>: error calling eq: missing argument for comparison'],
    [
      '{{ lt true false }}',
      '1:3: executing "answer" at <lt true false>: error calling lt: invalid type for comparison',
    ],
    [
      '{{ and 1 0 2 }} {{ or 0 "" "x" }} {{ not 0 }} {{ and }}',
      '1:49: executing "answer" at <and>: wrong number of args for and: want at least 1 got 0',
    ],
    ['{{ len "héllo" }} {{ len 5 }}', '1:22: executing "answer" at <len 5>: error calling len: len of type int'],
    [
      '{{ len .L }} {{ len .M }} {{ len .N }}',
      '1:29: executing "answer" at <len .N>: error calling len: len of nil pointer',
    ],
    [
      '{{ slice "abc" 2 1 }}',
      '1:3: executing "answer" at <slice "abc" 2 1>: error calling slice: invalid slice index: 2 > 1',
    ],
    ['{{ slice "abc" 5 }}', '1:3: executing "answer" at <slice "abc" 5>: error calling slice: index out of range: 5'],
    [
      '{{ index .M 1 }}',
      '1:3: executing "answer" at <index .M 1>: error calling index: value has type int; should be string',
    ],
    [
      '{{ index .L "a" }}',
      '1:3: executing "answer" at <index .L "a">: error calling index: cannot index slice/array with type string',
    ],
    ['{{ index 5 1 }}', '1:3: executing "answer" at <index 5 1>: error calling index: can\'t index item of type int'],
    ['{{ index nil 1 }}', '1:3: executing "answer" at <index nil 1>: error calling index: index of untyped nil'],
    ['{{ index .N 1 }}', '1:3: executing "answer" at <index .N 1>: error calling index: index of untyped nil'],
    ['{{ index .L -1 }}', '1:3: executing "answer" at <index .L -1>: error calling index: index out of range: -1'],
    ['{{ nil }}', '1:3: executing "answer" at <nil>: nil is not a command'],
    ['{{ "a" 1 }}', '1:3: executing "answer" at <"a">: can\'t give argument to non-function "a"'],
    ['{{ $y = 5 }}', '1:8: executing "answer" at <5>: undefined variable: $y'],
    [
      '{{ range $i, $j := 3 }}x{{ end }}',
      '1:19: executing "answer" at <3>: can\'t use 3 to iterate over more than one variable',
    ],
    ['{{ range .Name }}x{{ end }}', '1:9: executing "answer" at <.Name>: range can\'t iterate over www.example.'],
    ['{{ template "zz" }}', '1:12: executing "answer" at <{{template "zz"}}>: template "zz" not defined'],
    [
      '{{ (index .Match 0) }}{{ (len .Match) | printf "%d" }}{{ (printf "%s" .Name).Foo }}',
      '1:70: executing "answer" at <.Name>: can\'t evaluate field Foo in type string',
    ],
    ['{{ .Name .Foo }}', '1:3: executing "answer" at <.Name>: Name has arguments but cannot be invoked as function'],
    [
      '{{ parseInt "ff" 16 8 }} {{ parseInt "100" 16 8 }}',
      '1:28: executing "answer" at <parseInt "100" 16 8>: error calling parseInt: strconv.ParseUint: parsing "100": value out of range',
    ],
    [
      '{{ parseInt "zz" 16 8 }}',
      '1:3: executing "answer" at <parseInt "zz" 16 8>: error calling parseInt: strconv.ParseUint: parsing "zz": invalid syntax',
    ],
    [
      '{{ parseInt "" 10 8 }}',
      '1:3: executing "answer" at <parseInt "" 10 8>: error calling parseInt: strconv.ParseUint: parsing "": invalid syntax',
    ],
    ['{{ parseInt "5" }}', '1:3: executing "answer" at <parseInt>: wrong number of args for parseInt: want 3 got 1'],
    ['{{ parseInt 5 10 8 }}', '1:12: executing "answer" at <5>: expected string; found 5'],
    [
      '{{ parseInt .Group.missing 10 8 }}',
      '1:18: executing "answer" at <.Group.missing>: invalid value; expected string',
    ],
    ['{{ parseInt .I 10 8 }}', '1:12: executing "answer" at <.I>: wrong type for value; expected string; got int'],
    ['{{ parseInt "5" "x" 8 }}', '1:16: executing "answer" at <"x">: expected integer; found "x"'],
    [
      '{{ parseInt "5" .Name 8 }}',
      '1:16: executing "answer" at <.Name>: wrong type for value; expected int; got string',
    ],
    ['{{ .Name.Foo.Bar }}', '1:8: executing "answer" at <.Name.Foo.Bar>: can\'t evaluate field Foo in type string'],
    ['{{ .Group "a" }}', '1:3: executing "answer" at <.Group>: Group has arguments but cannot be invoked as function'],
    ['{{ .Name "a" }}', '1:3: executing "answer" at <.Name>: Name has arguments but cannot be invoked as function'],
    ['{{ .Match.Foo }}', '1:9: executing "answer" at <.Match.Foo>: can\'t evaluate field Foo in type []string'],
    [
      '{{ index .Group 0 }}',
      '1:3: executing "answer" at <index .Group 0>: error calling index: value has type int; should be string',
    ],
    ['{{ call .Meta "a/b" }}', '1:8: executing "answer" at <.Meta>: wrong number of args for Meta: want 1 got 0'],
    ['{{ call .N }}', '1:3: executing "answer" at <call .N>: error calling call: call of nil'],
    ['{{ call .I }}', '1:3: executing "answer" at <call .I>: error calling call: non-function .I of type int'],
    ['{{ printf }}', '1:3: executing "answer" at <printf>: wrong number of args for printf: want at least 1 got 0'],
    ['{{ printf 5 }}', '1:10: executing "answer" at <5>: expected string; found 5'],
    ['{{ ne 1 }}', '1:3: executing "answer" at <ne>: wrong number of args for ne: want 2 got 1'],
    [
      '{{ if or .N (index .Match 7) }}{{ end }}',
      '1:13: executing "answer" at <index .Match 7>: error calling index: index out of range: 7',
    ],
    ['{{ (1).Foo }}', '1:4: executing "answer" at <1>: can\'t evaluate field Foo in type int'],
    ['{{ .Meta | printf "%s" }}', '1:3: executing "answer" at <.Meta>: wrong number of args for Meta: want 1 got 0'],
    [
      '{{ slice .N 1 }}{{ slice 5 1 }}',
      '1:3: executing "answer" at <slice .N 1>: error calling slice: slice of untyped nil',
    ],
    [
      '{{ range .Question }}{{ end }}',
      '1:9: executing "answer" at <.Question>: range can\'t iterate over {www.example. 1}',
    ],
    [
      '{{ le 1 "a" }}',
      '1:3: executing "answer" at <le 1 "a">: error calling le: incompatible types for comparison: int and string',
    ],
    [
      'é\né{{ index .Match 9 }}',
      '2:5: executing "answer" at <index .Match 9>: error calling index: index out of range: 9',
    ],
  ]
  for (const [template, message] of errors) {
    const compiled = compileTemplate(template, options)
    t.throws(() => compiled.execute(new Data()), new TemplateError(`template: answer:${message}`), template)
  }
})

t.test('the source of a template is the tree as Go prints it', async (t) => {
  const sources: [template: string, source: string][] = [
    [
      '{{ .Name }} 60 IN A {{ if .Group.h }}{{ parseInt .Group.h 16 8 }}{{ else }}{{ .Group.a }}{{ end }}',
      '{{.Name}} 60 IN A {{if .Group.h}}{{parseInt .Group.h 16 8}}{{else}}{{.Group.a}}{{end}}',
    ],
    [
      '{{ if true }}a{{ else }}b{{ end }}{{ if 0 }}a{{ else if "x" }}b{{ else }}c{{ end }}',
      '{{if true}}a{{else}}b{{end}}{{if 0}}a{{else}}{{if "x"}}b{{else}}c{{end}}{{end}}',
    ],
    [
      '{{ with .Group.a }}{{ . }}{{ else }}none{{ end }}{{ with .Group.zz }}x{{ else with .Name }}{{ . }}{{ else }}y{{ end }}',
      '{{with .Group.a}}{{.}}{{else}}none{{end}}{{with .Group.zz}}x{{else}}{{with .Name}}{{.}}{{else}}y{{end}}{{end}}',
    ],
    [
      '{{ range .Match }}[{{ . }}]{{ end }}{{ range .E }}x{{ else }}empty{{ end }}',
      '{{range .Match}}[{{.}}]{{end}}{{range .E}}x{{else}}empty{{end}}',
    ],
    [
      '{{ range $k, $v := .M }}{{ $k }}={{ $v }};{{ end }}{{ range 3 }}{{ . }}{{ end }}{{ range $i := .I }}{{ $i }}{{ end }}',
      '{{range $k, $v := .M}}{{$k}}={{$v}};{{end}}{{range 3}}{{.}}{{end}}{{range $i := .I}}{{$i}}{{end}}',
    ],
    ['{{ range .Name }}x{{ end }}', '{{range .Name}}x{{end}}'],
    [
      '{{ range 5 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}',
      '{{range 5}}{{if eq . 2}}{{continue}}{{end}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}',
    ],
    [
      '{{ $x := 0 }}{{ range .Match }}{{ $x = . }}{{ end }}{{ $x }}',
      '{{$x := 0}}{{range .Match}}{{$x = .}}{{end}}{{$x}}',
    ],
    ['{{ block "b" .Name }}[{{ . }}]{{ end }}', '{{template "b" .Name}}'],
    ['{{ (.Question).Name }}{{ (.Question.Name) }}', '{{(.Question).Name}}{{(.Question.Name)}}'],
    ['{{/* c */}}x', 'x'],
    ['{{ $x := parseInt "3" 10 8 }}{{ index .L $x }}', '{{$x := parseInt "3" 10 8}}{{index .L $x}}'],
    [
      '{{if .Name}}{{.Name}}{{else if .Zone}}{{.Zone}}{{else}}x{{end}}{{range $i,$e:=.L}}{{$i}}{{else}}n{{end}}{{with .Name}}{{.}}{{end}}{{template "q" .}}{{define "q"}}{{end}}',
      '{{if .Name}}{{.Name}}{{else}}{{if .Zone}}{{.Zone}}{{else}}x{{end}}{{end}}{{range $i, $e := .L}}{{$i}}{{else}}n{{end}}{{with .Name}}{{.}}{{end}}{{template "q" .}}',
    ],
    ['{{ with .Question }}{{ .Name }}{{ $.Zone }}{{ end }}', '{{with .Question}}{{.Name}}{{$.Zone}}{{end}}'],
    ['{{ if or .N (index .Match 7) }}{{ end }}', '{{if or .N (index .Match 7)}}{{end}}'],
    ['{{ .Meta (printf "a/%s" "b") }}', '{{.Meta (printf "a/%s" "b")}}'],
  ]
  for (const [template, source] of sources) t.equal(compileTemplate(template, options).source, source, template)
})
