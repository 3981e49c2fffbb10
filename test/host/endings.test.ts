import t from 'tap'
import { createEndings } from '../../src/host/endings.ts'
import { idOf } from '../support/fake-docker.ts'
import { createFollowing } from '../support/following.ts'

const exited = { id: 'a', state: 'exited', startedAt: 'first' } as const

// As Docker 28.5 was seen to tell it, and in every order that it may.
for (const [what, actions, endedBy] of [
  ['its process ended', 'start die', 'itself'],
  ['the kernel killed it for its memory', 'start oom die', 'itself'],
  ['docker stop', 'start kill stop die', 'order'],
  ['docker stop, told late', 'start kill die stop', 'order'],
  ['docker stop, of which the beginning was missed', 'start die stop', 'order'],
  ['docker stop that needed SIGKILL', 'start kill kill die stop', 'order'],
  ['docker kill', 'start kill die', 'order'],
  ['docker restart, and ended since', 'start kill stop die start restart die', 'itself'],
  ['ended by itself, started, then stopped', 'start die start kill die stop', 'order'],
  ['ended by order, started, then by itself', 'start kill die start die', 'itself'],
  ['looked at from outside meanwhile', 'start exec_create exec_die health_status die', 'itself'],
  ['started before anybody listened', 'die', 'itself'],
  ['nothing was seen', '', undefined],
  ['only its start was seen', 'start', undefined],
  ['it was removed', 'start die destroy', undefined],
] as const) {
  t.test(`${what}: ${endedBy}`, async (t) => {
    const endings = createEndings()
    for (const action of actions.split(' ')) endings.see({ action, id: 'a' })
    t.equal(endings.of(exited), endedBy)
    t.equal(endings.of({ ...exited, id: 'b' }), undefined, 'another container')
  })
}

t.test('only what has ended was ended by anybody', async (t) => {
  const endings = createEndings()
  endings.see({ action: 'die', id: 'a' })
  for (const state of ['created', 'running', 'paused', 'restarting', 'removing', 'dead'] as const)
    t.equal(endings.of({ ...exited, state }), undefined, state)
  t.equal(endings.of(exited), 'itself')
  t.equal(endings.of({ ...exited, startedAt: 'later' }), undefined, 'a later life, of which nothing was seen')
})

t.test('while nobody listened, anybody may have given an order', async (t) => {
  const endings = createEndings()
  endings.see({ action: 'kill', id: 'a' })
  endings.see({ action: 'kill', id: 'd' })
  endings.see({ action: 'die', id: 'b' })
  t.equal(endings.of({ ...exited, id: 'b' }), 'itself')
  endings.see({ action: 'die', id: 'c' })
  endings.interrupt()
  t.equal(endings.of({ ...exited, id: 'b' }), 'itself', 'the life that was seen to end is still the same')
  t.equal(endings.of({ ...exited, id: 'c' }), undefined, 'which life it was that ended, nobody knows')
  endings.see({ action: 'die', id: 'd' })
  t.equal(endings.of({ ...exited, id: 'd' }), 'order', 'an order stays one')
  endings.keepOnly(new Set(['a']))
  t.equal(endings.of({ ...exited, id: 'b' }), undefined)
})

t.test('the inventory says of a container how its last life ended', async (t) => {
  const { docker, clock, inventory, follow } = createFollowing(t)
  const a = docker.add('a', { state: 'exited', pid: 0, exitCode: 1 })
  const b = docker.add('b')
  await follow()
  t.equal(inventory.get(a.id)?.endedBy, undefined, 'before pidwarden came')
  Object.assign(b, { state: 'exited', pid: 0, exitCode: 139 })
  docker.emit('die', b.id)
  await clock.settle()
  t.match(inventory.get(b.id), { state: 'exited', endedBy: 'itself' })
  t.match(await inventory.refresh(b.id), { endedBy: 'itself' })
  await docker.start(b.id)
  await clock.settle()
  t.equal(inventory.get(idOf('b'))?.endedBy, undefined, 'a new life')
  docker.emit('kill', b.id)
  await docker.stop(b.id, 10)
  await clock.settle()
  t.match(inventory.get(b.id), { state: 'exited', endedBy: 'order' })
})

t.test('an order that was given while the stream was broken is not taken for a crash', async (t) => {
  const { docker, clock, inventory, follow, pass } = createFollowing(t)
  const [a, b] = ['a', 'b'].map((name) => docker.add(name))
  await follow()
  Object.assign(b!, { state: 'exited', pid: 0, exitCode: 1 })
  docker.emit('die', b!.id)
  await clock.settle()
  docker.breakStreams()
  await clock.settle()
  Object.assign(a!, { state: 'exited', pid: 0, exitCode: 137 })
  await pass(1000)
  t.equal(inventory.state().connected, true)
  t.match(inventory.get(a!.id), { state: 'exited' })
  t.equal(inventory.get(a!.id)?.endedBy, undefined)
  t.equal(inventory.get(b!.id)?.endedBy, 'itself', 'what was seen before is still known')
})

t.test('an end that was told just before the stream broke, of nobody knows which life', async (t) => {
  const { docker, clock, inventory, follow, pass } = createFollowing(t)
  const a = docker.add('a')
  await follow()
  const release = docker.hang('inspect')
  Object.assign(a, { state: 'exited', pid: 0, exitCode: 1 })
  docker.emit('die', a.id)
  await clock.settle()
  docker.breakStreams()
  await clock.settle()
  await pass(1000)
  release()
  await clock.settle()
  t.match(inventory.get(a.id), { state: 'exited' })
  t.equal(inventory.get(a.id)?.endedBy, undefined)
})
