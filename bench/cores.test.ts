import t from 'tap'
import { coreList, findCores, onCore } from './cores.ts'

t.test('lists of cores are read as the kernel writes them', async (t) => {
  t.same(coreList('0'), [0])
  t.same(coreList('0-2,5'), [0, 1, 2, 5])
  t.same(coreList('3,7-8'), [3, 7, 8])
})

t.test('servers get a core to themselves where there are two', async (t) => {
  t.same(findCores('Name:\tnode\nCpus_allowed_list:\t2-3\n'), { load: 2, server: 3 })
  t.same(findCores('Cpus_allowed_list:\t4\n'), { load: 4, server: 4 })
})

t.test('a command is bound by taskset, which becomes it', async (t) => {
  t.same(onCore(1, ['nsd', '-d']), ['taskset', '-c', '1', 'nsd', '-d'])
})
