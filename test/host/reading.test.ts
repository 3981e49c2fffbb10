import t from 'tap'
import { errorCode, errorMessage, take, valueIn } from '../../src/host/reading.ts'

const systemError = (code: string): Error => Object.assign(new Error(`${code}: no luck`), { code })

t.test('errno is sorted into what it means for a reading', async (t) => {
  const kinds = {
    ENOENT: 'gone',
    ESRCH: 'gone',
    ENOTDIR: 'gone',
    ENODEV: 'gone',
    EACCES: 'denied',
    EPERM: 'denied',
    EIO: 'failed',
    EISDIR: 'failed',
    EMFILE: 'failed',
    EOPNOTSUPP: 'failed',
  }
  for (const [code, kind] of Object.entries(kinds)) {
    const reading = take(() => {
      throw systemError(code)
    })
    t.strictSame(reading, kind === 'gone' ? { kind } : { kind, detail: `${code}: no luck` }, code)
  }
})

t.test('what is no system error has failed, and keeps its words', async (t) => {
  const failures: [unknown, string][] = [
    [new RangeError('too large'), 'too large'],
    ['a string', 'a string'],
    [Object.assign(new Error('odd code'), { code: 2 }), 'odd code'],
  ]
  for (const [thrown, detail] of failures) {
    const reading = take(() => {
      throw thrown
    })
    t.strictSame(reading, { kind: 'failed', detail })
  }
})

t.test('a value stays what it is, an empty one too', async (t) => {
  for (const value of ['', 0, false, [], undefined])
    t.strictSame(
      take(() => value),
      { kind: 'value', value },
    )
})

t.test('valueIn gives the value or nothing', async (t) => {
  t.equal(valueIn({ kind: 'value', value: 0 }), 0)
  t.equal(valueIn({ kind: 'gone' }), undefined)
  t.equal(valueIn({ kind: 'denied', detail: 'no' }), undefined)
  t.equal(valueIn({ kind: 'failed', detail: 'no' }), undefined)
})

t.test('the code and the message of anything', async (t) => {
  t.equal(errorCode(systemError('EIO')), 'EIO')
  t.equal(errorCode({ code: 'EIO' }), undefined, 'only errors have one')
  t.equal(errorCode(Object.assign(new Error('x'), { code: 5 })), undefined)
  t.equal(errorMessage(new Error('x')), 'x')
  t.equal(errorMessage(undefined), 'undefined')
})
