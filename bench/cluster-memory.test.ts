import t from 'tap'
import { largeCluster } from './cluster-data.ts'
import { measureClusterMemory } from './cluster-memory.ts'

t.test('the table has a row for the store and for the index, at rest, after changes and with pods', async (t) => {
  const size = { ...largeCluster, services: 60, endpoints: 2, namespaces: 3 }
  const lines = (await measureClusterMemory(size, 100)).split('\n')
  t.match(lines[0], /^\| held +\| objects \| store MB \|/)
  const objects = lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, 3)
      .map((cell) => cell.trim()),
  )
  t.strictSame(objects, [
    ['store', '123'],
    ['store, after 100 changes', '123'],
    ['store, with pods', '363'],
    ['index', '123'],
    ['index, after 100 changes', '123'],
    ['index, with pods', '363'],
  ])
})
