// Objects from texts, files and folders.

import t from 'tap'
import { folderWith } from '../command.ts'
import { objectsOf } from './manifests.ts'

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`
const empty = { apiVersion: 'v1', kind: 'Namespace' }
const namesOf = async (manifests: string): Promise<string> =>
  (await objectsOf(manifests)).map(({ metadata }) => metadata.name).join(' ')

t.test('objects come from YAML, JSON, Lists, files and folders', async (t) => {
  const list = { apiVersion: 'v1', kind: 'List', items: ['a', 'b'].map((name) => ({ ...empty, metadata: { name } })) }
  const folder = await folderWith(t, {
    '2.yaml': namespace('two'),
    '1.yml': `${namespace('one')}---\n---\n${namespace('more')}`,
    '3.json': JSON.stringify(list),
    'README.md': 'not this',
  })
  t.equal(await namesOf(`${namespace('x')}---\n${namespace('y')}`), 'x y')
  t.equal(await namesOf(JSON.stringify(list)), 'a b')
  t.equal(await namesOf(`${folder}/2.yaml`), 'two')
  t.equal(await namesOf(folder), 'one more two a b')
})

t.test('what is no object is refused', async (t) => {
  for (const text of ['kind: [\n', 'kind: Service\n', 'just text\n', '{"apiVersion": "v1", "kind": "Service"}'])
    await t.rejects(objectsOf(text), Error, text)
  await t.rejects(objectsOf('/nonexistent'), { code: 'ENOENT' })
})
