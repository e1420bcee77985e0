import t from 'tap'
import { DecodeError } from '../decoder.ts'
import { ConnectionError } from './api-connection.ts'
import { Refused, Silent, troubleOf, Unstreamable } from './trouble.ts'

const refused = (code: number, message = '', retryAfterSeconds = 0): Refused =>
  new Refused({ code, reason: '', message, retryAfterSeconds })

const cases: readonly (readonly [error: Error, kind: string, text: string, retryAfterMs?: number])[] = [
  [refused(410, 'too old'), 'expired', 'the API server says 410: too old'],
  [
    refused(504, 'Too large resource version: 9, current: 4'),
    'expired',
    'the API server says 504: Too large resource version: 9, current: 4',
  ],
  [refused(504), 'server_error', 'the API server says 504'],
  [refused(401), 'unauthorized', 'the API server says 401'],
  [refused(403, 'no'), 'forbidden', 'the API server says 403: no'],
  [refused(404), 'missing', 'the API server says 404'],
  [refused(429, 'slow down', 7), 'throttled', 'the API server says 429: slow down', 7000],
  [refused(503, '', 2), 'server_error', 'the API server says 503', 2000],
  [refused(406, 'only\njson'), 'refused', 'the API server says 406: only json'],
  [new ConnectionError('reset'), 'connection', 'reset'],
  [new Silent(90_400), 'silent', 'nothing came for 90 s'],
  [new DecodeError('no list'), 'garbage', 'no list'],
  [new Unstreamable('422'), 'unstreamable', '422'],
]

for (const [error, kind, text, retryAfterMs = 0] of cases)
  t.test(`${error.name} ${error.message} is ${kind}`, async (t) => {
    t.same(troubleOf(error), { kind, text, retryAfterMs })
  })

t.test('what nobody foresaw is a bug', async (t) => {
  t.equal(troubleOf(new TypeError('x is not a function')), null)
})
