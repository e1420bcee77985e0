import t from 'tap'
import { ConfigError } from '../../plugins/directive.ts'
import { substitute } from './environment.ts'

const environment = {
  A: 'value',
  PORT: '53',
  B: '{$A}',
  DOLLAR: '$',
  BRACE: '{',
  LOOP: 'x{$LOOP}',
  EVEN: '{%ODD%}',
  ODD: '{%EVEN%}',
  'A:x': 'odd',
}
const at = (text: string) => ({ text, file: 'Corefile', line: 3 })

t.test('references to environment variables are replaced wherever they stand', async (t) => {
  const cases: [text: string, result: string][] = [
    ['plain', 'plain'],
    ['{$A}', 'value'],
    ['.:{$PORT}', '.:53'],
    ['{%A%}-{$A}-{$A}', 'value-value-value'],
    ['{$UNSET}', ''],
    ['{%UNSET%}x', 'x'],
    ['{$A:x}', 'odd'],
    ['{$B}', 'value'],
    ['{{$DOLLAR}A}', 'value'],
    ['{{$BRACE}{$A}', '{{value'],
    ['{$}{$A}', '{$}{$A}'],
    ['{%}{%A%}', '{%}{%A%}'],
    ['{%%}{$A}', '{%%}value'],
    ['{$A', '{$A'],
    ['{%A}', '{%A}'],
    ['{{ .Name }} {{$x}}', '{{ .Name }} {}'],
  ]
  for (const [text, result] of cases) t.equal(substitute(at(text), environment), result, text)
})

t.test('variables that name each other without end are an error', async (t) => {
  for (const [text, name] of [
    ['{$LOOP}', 'LOOP'],
    ['{%EVEN%}', 'EVEN'],
  ] as const) {
    t.throws(
      () => substitute(at(text), environment),
      new ConfigError(`Corefile:3 - Error during parsing: Environment variable '${name}' expands without end`),
    )
  }
})
