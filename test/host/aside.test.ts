import t from 'tap'
import { lastingName, nameBefore, temporaryName } from '../../src/host/aside.ts'

const id = '0123456789abcdef'.repeat(4)

t.test('a container that makes room for its successor is known by the name that it had', async (t) => {
  for (const name of ['metamcp', 'a.b-c_1', 'x.pidwarden-ffffffffffff']) {
    const aside = { id, name: temporaryName({ id, name }) }
    t.equal(nameBefore(aside), name)
    t.equal(lastingName(aside), name)
  }
})

t.test('all others are called what they are called', async (t) => {
  const others = [
    'metamcp',
    'metamcp.pidwarden-ffffffffffff',
    '.pidwarden-0123456789ab',
    'x.pidwarden-0123456789a',
  ]
  for (const name of others) {
    t.equal(nameBefore({ id, name }), undefined, name)
    t.equal(lastingName({ id, name }), name)
  }
})
