import { once } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import t from 'tap'
import { ServiceThreads } from './service-threads.ts'

/** A module that answers each message with its thread's number, or throws where none waits. */
const module = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ line }) => {
      line.on('message', (word) => {
        if (word === 'fail') setImmediate(() => { throw new Error('broken') })
        else line.postMessage(threadId)
      })
    })`)}`,
)

async function threadOf(line: MessagePort): Promise<number> {
  line.postMessage('who')
  const [answer] = (await once(line, 'message')) as [number]
  return answer
}

t.test('services share the worker of a module until the last line is closed', async (t) => {
  const threads = new ServiceThreads((error) => t.fail(String(error)))
  const one = threads.connect(module)
  const two = threads.connect(module)
  const first = await threadOf(one)
  t.equal(await threadOf(two), first)
  one.close()
  await once(one, 'close')
  t.equal(await threadOf(two), first)
  two.close()
  await once(two, 'close')
  const three = threads.connect(module)
  t.not(await threadOf(three), first)
  three.close()
})

t.test('every service of a worker that died gets a line to the same new one at its first try', async (t) => {
  const threads = new ServiceThreads(() => {})
  const lines = [1, 2, 3].map(() => threads.connect(module))
  const first = await threadOf(lines[0]!)
  const again = lines.map(async (line) => {
    await once(line, 'close')
    const next = threads.connect(module)
    return { next, thread: await Promise.race([threadOf(next), once(next, 'close').then(() => 'closed')]) }
  })
  lines[1]!.postMessage('fail')
  const next = await Promise.all(again)
  const found = new Set(next.map(({ thread }) => thread))
  t.equal(found.size, 1, [...found].join())
  t.notOk(found.has(first) || found.has('closed'), [...found].join())
  for (const line of next) line.next.close()
})

t.test('a worker that dies says why and closes its lines, and the next line goes to a new one', async (t) => {
  const deaths: string[] = []
  const threads = new ServiceThreads((error) => deaths.push(String(error)))
  const line = threads.connect(module)
  const first = await threadOf(line)
  line.postMessage('fail')
  await once(line, 'close')
  const next = threads.connect(module)
  t.not(await threadOf(next), first)
  t.same(deaths, ['Error: broken'])
  next.close()
})
