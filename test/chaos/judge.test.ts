import t from 'tap'
import { Judge } from './judge.ts'

const boundMs = 100
const questions = { still: ['still A'], steady: ['steady A'], changing: ['changing A'] }
const one = 'NOERROR 1'
const two = 'NOERROR 2'

/** Expects `answer` to everything from a moment on. */
function judgeOf(...history: readonly (readonly [from: number, answer: string])[]): Judge {
  const judge = new Judge(questions, boundMs)
  for (const [from, answer] of history) judge.expect(() => answer, from, from + 1)
  return judge
}

t.test('an answer that was right between query and reply is right', async (t) => {
  const judge = judgeOf([0, one], [1000, two])
  judge.heard('changing A', one, 999, 1005)
  judge.heard('changing A', two, 999, 1005)
  judge.heard('changing A', one, 1001, 1005)
  t.equal(judge.late, 0)
  t.same(judge.complaints, [])
  t.ok(judge.isRight('changing A', two))
  t.notOk(judge.isRight('changing A', one))
})

t.test('an earlier answer is late from the change on, and wrong after the bound', async (t) => {
  const judge = judgeOf([0, one], [1000, two])
  judge.heard('changing A', one, 900, 901)
  judge.heard('changing A', one, 1090, 1091)
  t.equal(judge.late, 1)
  t.match(judge.worst, { ms: 90, question: 'changing A', got: one, expected: two })
  t.same(judge.complaints, [])
  judge.heard('changing A', one, 1101, 1102)
  t.same(judge.complaints, ['changing A is NOERROR 1 and not NOERROR 2 for 101 ms'])
})

t.test('an answer that turns wrong by itself is late from the last right one on', async (t) => {
  const judge = judgeOf([0, one], [1000, two])
  judge.heard('changing A', two, 2000, 2001)
  judge.heard('changing A', 'NXDOMAIN', 2050, 2051)
  t.match(judge.worst, { ms: 50 })
})

t.test('further changes do not make a late answer young again', async (t) => {
  const judge = judgeOf([0, one], [1000, two], [1080, 'NOERROR 3'])
  judge.heard('changing A', one, 900, 901)
  judge.heard('changing A', one, 1150, 1151)
  t.match(judge.worst, { ms: 150 })
})

t.test('what never changes must never be anything else, what exists is never denied, and nothing fails', async (t) => {
  const judge = judgeOf([0, one], [1000, two])
  judge.heard('still A', 'NOERROR 3', 1010, 1011)
  judge.heard('steady A', one, 1010, 1011)
  judge.heard('steady A', 'NXDOMAIN', 1010, 1011)
  judge.heard('steady A', 'NOERROR', 1010, 1011)
  judge.heard('changing A', 'NXDOMAIN', 1010, 1011)
  judge.heard('changing A', 'SERVFAIL', 1010, 1011)
  t.same(judge.complaints, [
    'still A never changed, but is NOERROR 3 and not NOERROR 2',
    'steady A existed throughout, but is NXDOMAIN',
    'steady A existed throughout, but is NOERROR',
    'changing A is SERVFAIL',
  ])
})

t.test('time does not count while nobody can know', async (t) => {
  const judge = judgeOf([0, one])
  const now = performance.now()
  judge.heard('changing A', one, now, now)
  judge.expect(() => two, now, now)
  judge.withhold()
  judge.heard('changing A', one, now + 1000, now + 1000)
  t.equal(judge.worst, null)
  judge.release()
  judge.heard('changing A', one, performance.now() + 50, performance.now() + 51)
  t.ok(judge.worst!.ms > 49 && judge.worst!.ms < 90, `${judge.worst!.ms}`)
  judge.heard('changing A', one, performance.now() + 1000, performance.now() + 1001)
  t.equal(judge.complaintCount, 1)
})
