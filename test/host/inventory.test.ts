import t from 'tap'
import type { DockerErrorCode } from '../../src/host/docker.ts'
import { idOf } from '../support/fake-docker.ts'
import { createFollowing } from '../support/following.ts'

t.test('before it follows it knows nothing, and says so', async (t) => {
  const { docker, inventory } = createFollowing(t)
  docker.add('a')
  t.match(inventory.state(), { connected: false, listedAt: undefined, error: /not connected/ })
  t.strictSame(inventory.containers(), [])
  t.equal(inventory.everKnew(idOf('a')), false)
  t.strictSame(docker.calls, [])
})

t.test('lists every container, with the labels of its image', async (t) => {
  const { docker, clock, inventory, follow, names, logged } = createFollowing(t)
  docker.add('a', { labels: { own: 'x' } })
  docker.add('b', { state: 'exited', pid: 0 })
  docker.images.set('sha256:a', { base: 'y' })
  await follow()
  t.strictSame(names(), ['a', 'b'])
  t.match(inventory.get(idOf('a')), { name: 'a', labels: { own: 'x' }, imageLabels: { base: 'y' } })
  t.strictSame(inventory.get(idOf('b'))?.imageLabels, {})
  t.equal(inventory.get('other'), undefined)
  t.ok(inventory.everKnew(idOf('a')))
  t.strictSame(inventory.state(), { connected: true, listedAt: clock.now(), error: undefined })
  t.strictSame(logged, ['info connected to Docker'])
})

t.test('follows what happens to containers', async (t) => {
  const { docker, clock, inventory, follow, names, count } = createFollowing(t)
  const a = docker.add('a')
  await follow()
  const say = async (action: string, id: string): Promise<void> => {
    docker.emit(action, id)
    await clock.settle()
  }

  const { id } = docker.add('b', { state: 'created', pid: 0 })
  await say('create', id)
  t.strictSame(names(), ['a', 'b'])

  Object.assign(docker.containers.get(id)!, { state: 'running', pid: 77, startedAt: 'later' })
  await say('start', id)
  t.match(inventory.get(id), { state: 'running', pid: 77, startedAt: 'later' })

  a.name = 'renamed'
  await say('rename', a.id)
  t.equal(inventory.get(a.id)?.name, 'renamed')

  a.health = 'unhealthy'
  await say('health_status: unhealthy', a.id)
  t.equal(inventory.get(a.id)?.health, 'unhealthy')

  Object.assign(a, { state: 'exited', pid: 0 })
  await say('die', a.id)
  t.match(inventory.get(a.id), { state: 'exited', pid: 0 })

  docker.containers.delete(a.id)
  await say('destroy', a.id)
  t.equal(inventory.get(a.id), undefined)
  t.strictSame(names(), ['b'])
  t.ok(inventory.everKnew(a.id), 'it was here once')
  t.equal(count('list'), 1, 'all of it without another list')
})

t.test('events that change nothing cost nothing', async (t) => {
  const { docker, clock, follow, count } = createFollowing(t)
  const { id } = docker.add('a')
  await follow()
  const [before, inspected] = [docker.calls.length, count('inspect')]
  const idle = [
    'exec_create: sh -c true',
    'exec_start: sh',
    'exec_die',
    'attach',
    'top',
    'resize',
    'copy',
    'export',
    'commit',
  ]
  for (const action of idle) docker.emit(action, id)
  await clock.settle()
  t.equal(docker.calls.length, before)
  for (const action of ['update', 'pause', 'unpause', 'oom', 'kill']) {
    docker.emit(action, id)
    await clock.settle()
  }
  t.equal(count('inspect') - inspected, 5, 'while these do')
})

t.test('many events about one container are one look', async (t) => {
  const { docker, clock, follow, count } = createFollowing(t)
  const { id } = docker.add('a')
  await follow()
  const before = count('inspect')
  for (let i = 0; i < 100; i++) docker.emit(i % 2 ? 'start' : 'die', id)
  await clock.settle()
  t.ok(count('inspect') - before <= 2, `${count('inspect') - before} looks`)
})

t.test('what happens during the list is not lost', async (t) => {
  const { docker, clock, inventory, follow, names } = createFollowing(t)
  const a = docker.add('a')
  const release = docker.hang('imageLabels')
  await follow()
  t.strictSame(names(), [])
  // The list was taken, the labels are still on their way.
  docker.containers.delete(a.id)
  docker.emit('destroy', a.id)
  const b = docker.add('b')
  docker.emit('create', b.id)
  release()
  await clock.settle()
  await clock.settle()
  t.strictSame(names(), ['b'])
  t.equal(inventory.state().connected, true)
})

t.test('an event during a look is another look', async (t) => {
  const { docker, clock, inventory, follow, count } = createFollowing(t)
  const a = docker.add('a')
  await follow()
  const before = count('inspect')
  const release = docker.hang('inspect')
  docker.emit('start', a.id)
  await clock.settle()
  a.restarts = 3
  docker.emit('restart', a.id)
  release()
  await clock.settle()
  t.equal(inventory.get(a.id)?.restarts, 3)
  t.equal(count('inspect') - before, 2)
})

t.test('labels of an image are fetched once, however many containers it has', async (t) => {
  const { docker, follow, count } = createFollowing(t)
  for (const name of ['a', 'b', 'c']) docker.add(name, { imageId: 'sha256:shared' })
  await follow()
  t.equal(count('imageLabels'), 1)
})

t.test(
  'labels of a known image are not fetched again, neither for an event nor for the next list',
  async (t) => {
    const { docker, clock, follow, pass, count } = createFollowing(t)
    docker.add('a', { imageId: 'sha256:shared' })
    await follow()
    const { id } = docker.add('b', { imageId: 'sha256:shared' })
    docker.emit('create', id)
    docker.emit('start', idOf('a'))
    await clock.settle()
    await pass(30_000)
    t.equal(count('list'), 2)
    t.equal(count('imageLabels'), 1)
  },
)

t.test('labels of an image that nobody uses any more are forgotten', async (t) => {
  const { docker, clock, follow, inventory } = createFollowing(t)
  docker.add('a')
  docker.images.set('sha256:a', { version: '1' })
  await follow()
  docker.containers.clear()
  docker.add('other')
  clock.advance(30_000)
  await clock.settle()
  docker.images.set('sha256:a', { version: '2' })
  docker.add('a')
  clock.advance(30_000)
  await clock.settle()
  t.strictSame(inventory.get(idOf('a'))?.imageLabels, { version: '2' })
})

t.test('refresh reads past what is known', async (t) => {
  const { docker, inventory, follow } = createFollowing(t)
  const a = docker.add('a')
  await follow()
  a.pid = 4711
  t.equal(inventory.get(a.id)?.pid, 1000)
  t.match(await inventory.refresh(a.id), { pid: 4711, imageLabels: {} })
  t.equal(inventory.get(a.id)?.pid, 4711)
  docker.containers.delete(a.id)
  t.equal(await inventory.refresh(a.id), undefined)
  t.equal(inventory.get(a.id), undefined)
  t.equal(await inventory.refresh('never'), undefined)
})

t.test('refresh throws what the engine threw, and keeps what was known', async (t) => {
  for (const code of ['unreachable', 'timeout', 'refused', 'failed'] satisfies DockerErrorCode[]) {
    const { docker, inventory, follow } = createFollowing(t)
    const a = docker.add('a')
    await follow()
    docker.fail('inspect', code)
    await t.rejects(inventory.refresh(a.id), { name: 'DockerError', code })
    t.equal(inventory.get(a.id)?.name, 'a')
  }
})

t.test('what is handed out does not change behind the back of who holds it', async (t) => {
  const { docker, clock, inventory, follow } = createFollowing(t)
  const a = docker.add('a')
  await follow()
  const held = inventory.containers()
  a.name = 'b'
  docker.emit('rename', a.id)
  await clock.settle()
  t.equal(held[0]?.name, 'a')
  t.equal(inventory.containers()[0]?.name, 'b')
})

t.test('a container that vanishes between list and look is left out', async (t) => {
  const { docker, clock, inventory, follow, names, logged } = createFollowing(t)
  docker.add('a')
  docker.add('b')
  const release = docker.hang('inspect')
  await follow()
  docker.containers.delete(idOf('a'))
  release()
  await clock.settle()
  t.strictSame(names(), ['b'])
  t.equal(inventory.state().connected, true)
  t.strictSame(logged, ['info connected to Docker'], 'which is nothing to warn of')
})

t.test('of an image that was removed there are no labels to tell from', async (t) => {
  const { docker, inventory, follow } = createFollowing(t)
  docker.add('a', { labels: { own: 'x' } })
  docker.images.set('sha256:a', undefined)
  await follow()
  t.match(inventory.get(idOf('a')), { labels: { own: 'x' }, imageLabels: undefined })
})
