import t from 'tap'
import { compilePattern } from '../pattern.ts'
import { openedTemplate, originOf } from './origin.ts'

t.test('the name of a file makes an origin', async (t) => {
  const cases: [file: string, pattern: string, template: string, origin: string | null][] = [
    ['db.example.org', 'db\\.(.*)', '{1}', 'example.org.'],
    ['db.Example.ORG', 'db\\.(.*)', '{1}', 'example.org.'],
    ['old.db.example.org', 'db\\.(.*)', '{1}', 'example.org.'],
    ['example.org', 'db\\.(.*)', '{1}', null],
    ['db.', 'db\\.(.*)', '{1}', null],
    ['example.org.zone', '^(.*)\\.zone$', '{1}', 'example.org.'],
    ['example.org.zone.bak', '^(.*)\\.zone$', '{1}', null],
    ['lab_beta', '(.*)_(.*)', '{2}.{1}.test', 'beta.lab.test.'],
    ['a_b', '(?P<left>.*)_(?P<right>.*)', '{right}.$left', 'b.a.'],
    ['a_b', '(.*)_(.*)', '$1x{2}', 'b.'],
    ['a', '(a)', '{1}.{7}test', 'a.test.'],
    ['a', '(a)', '{1}.$$test', 'a.$test.'],
    ['a..b', '(.*)', '{1}', 'bad'],
    ['root', '(root)', '.', '.'],
    ['caf\u00e9', '(.*)', '{1}', 'caf\\195\\169.'],
  ]
  for (const [file, pattern, template, origin] of cases) {
    const made = originOf(file, compilePattern(pattern), openedTemplate(template))
    t.equal(made === null ? null : String(made), origin, `${file} ${pattern} ${template}`)
  }
})
