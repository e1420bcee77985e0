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
