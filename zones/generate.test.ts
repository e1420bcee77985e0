// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of $GENERATE look like those of JavaScript
import t from 'tap'
import { compileTemplate, parseRange } from './generate.ts'

t.test('ranges of $GENERATE', async (t) => {
  const cases: readonly (readonly [text: string, range: readonly [number, number, number] | string])[] = [
    ['1-5', [1, 5, 1]],
    ['0-10/5', [0, 10, 5]],
    ['7-7', [7, 7, 1]],
    ['0-65535', [0, 65535, 1]],
    ['0-65536', 'bad range in $GENERATE range'],
    ['0-655360/10', 'bad range in $GENERATE range'],
    ['5-1', 'bad range in $GENERATE range'],
    ['5', 'bad start-stop in $GENERATE range'],
    ['-5', 'bad start in $GENERATE range'],
    ['1-', 'bad stop in $GENERATE range'],
    ['1-5/', 'bad step in $GENERATE range'],
    ['1-5/0', 'bad step in $GENERATE range'],
    ['1-5/-1', 'bad step in $GENERATE range'],
    ['1-99999999999', 'bad stop in $GENERATE range'],
  ]
  for (const [text, range] of cases) {
    const [start, stop, step] = range
    t.strictSame(parseRange(text), typeof range === 'string' ? range : { start, stop, step }, text)
  }
})

t.test('templates of $GENERATE', async (t) => {
  const range = { start: 0, stop: 300, step: 1 }
  const cases: readonly (readonly [template: string, value: number, text: string])[] = [
    ['host$ A 192.0.2.$', 7, 'host7 A 192.0.2.7'],
    ['host-${0,3,d}', 7, 'host-007'],
    ['${10}', 7, '17'],
    ['${-5,0}', 7, '2'],
    ['${0,4,x} ${0,4,X} ${0,3,o}', 254, '00fe 00FE 376'],
    ['${0,5,n} ${0,0,N}', 254, 'e.f.0 E.F'],
    ['a$$ \\$ \\. $', 3, 'a$ $ \\. 3'],
    ['no dollar', 3, 'no dollar'],
  ]
  for (const [template, value, text] of cases) {
    const bounds = template === '${-5,0}' ? { ...range, start: 5 } : range
    t.equal(compileTemplate(template, bounds)(value), text, template)
  }
  const refused: readonly (readonly [template: string, reason: string])[] = [
    ['${0,3', 'bad modifier in $GENERATE'],
    ['${0,3,d,x}', 'bad modifier in $GENERATE'],
    ['${0,3,q}', 'bad base in $GENERATE'],
    ['${,3,d}', 'bad offset in $GENERATE'],
    ['${-1}', 'bad offset in $GENERATE'],
    ['${2147483647}', 'bad offset in $GENERATE'],
    ['${0,x}', 'bad width in $GENERATE'],
    ['${0,256}', 'bad width in $GENERATE'],
  ]
  for (const [template, reason] of refused)
    t.throws(() => compileTemplate(template, range), { message: reason }, template)
})
