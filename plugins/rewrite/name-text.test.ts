import fc from 'fast-check'
import t from 'tap'
import { Name } from '../../wire/name.ts'
import { absoluteText, endsWithPart, includesPart, nameOf, partText, replaceParts, withGroups } from './name-text.ts'
import { InvalidName } from './rule.ts'

const label = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((octets) => String.fromCharCode(...octets))
const names = fc.array(label, { maxLength: 6 }).map((labels) => Name.fromLabels(labels))

t.test('a part of a name in a Corefile is spelled as the folded name is', async (t) => {
  const cases: [written: string, spelled: string][] = [
    ['WWW.Example', 'www.example.'],
    ['www.example.', 'www.example.'],
    ['', '.'],
    ['.', '.'],
    ['a\\.', 'a\\..'],
    ['a\\\\.', 'a\\\\.'],
    ['\\065b', 'ab.'],
    ['a$b', 'a$b.'],
    ['a b', 'a\\ b.'],
    ['\u00e9', '\\195\\169.'],
  ]
  for (const [written, spelled] of cases) t.equal(absoluteText(written), spelled, written)
  const sameSpelling = fc.property(names, (name) => absoluteText(name.toString()) === name.folded)
  t.equal(fc.check(sameSpelling).failed, false)
})

t.test('a part is found only where characters begin and end', async (t) => {
  t.equal(endsWithPart('a\\.b.', '.b.'), false)
  t.equal(endsWithPart('a\\\\.b.', '.b.'), true)
  t.equal(includesPart('a\\032b.', '032'), false)
  t.equal(includesPart('a\\032b.c032.', '032'), true)
  t.equal(replaceParts('x.a.x\\.a.x.', '.a.', '-'), 'x-x\\.a.x.')
})

t.test('every change of a name gives a name or says that it is none', async (t) => {
  const property = fc.property(names, fc.string({ maxLength: 8 }), fc.string({ maxLength: 80 }), (name, part, by) => {
    const changed = nameOf(replaceParts(name.folded, partText(part), partText(by)))
    return changed instanceof Name || changed instanceof InvalidName
  })
  t.equal(fc.check(property).failed, false)
})

t.test('groups are put where their numbers stand', async (t) => {
  t.equal(withGroups('{1}.{0}.{2}{1}', ['whole', 'a', '']), 'a.whole.a')
  t.equal(withGroups('{3}.{01}', ['whole', 'a']), '{3}.{01}')
  t.equal(withGroups('{1}', ['whole', '{0}']), '{0}', 'what a group holds is no place for another')
})
