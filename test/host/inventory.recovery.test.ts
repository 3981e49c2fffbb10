import t from 'tap'
import { idOf } from '../support/fake-docker.ts'
import { createFollowing } from '../support/following.ts'

t.test('a broken stream: stale containers stay, the state says so, then it lists again', async (t) => {
  const { docker, inventory, follow, pass, names, logged, clock } = createFollowing(t)
  docker.add('a')
  await follow()
  const listedAt = inventory.state().listedAt
  docker.breakStreams()
  docker.add('b')
  docker.containers.delete(idOf('a'))
  await clock.settle()
  t.match(inventory.state(), { connected: false, listedAt, error: 'Docker ended the event stream' })
  t.strictSame(names(), ['a'], 'stale, but there')
  t.ok(inventory.get(idOf('a')))

  await pass(500)
  t.match(inventory.state(), { connected: true, error: undefined })
  t.strictSame(names(), ['b'])
  t.ok((inventory.state().listedAt ?? 0) > (listedAt ?? 0))
  t.equal(docker.streams, 1, 'one stream, not two')
  t.ok(inventory.everKnew(idOf('a')))
  t.equal(logged.filter((line) => line.startsWith('warn')).length, 1)

  docker.add('c')
  docker.emit('create', idOf('c'))
  await clock.settle()
  t.strictSame(names(), ['b', 'c'], 'and it follows events again')
})

t.test('an engine that is away is tried again, ever more seldom, until it answers', async (t) => {
  const { docker, inventory, follow, clock, names, count, logged } = createFollowing(t)
  docker.add('a')
  for (const verb of ['events', 'list'] as const) docker.fail(verb, 'unreachable')
  await follow()
  t.match(inventory.state(), { connected: false, listedAt: undefined, error: /unreachable/ })
  t.equal(inventory.everKnew(idOf('a')), false)

  const tries: number[] = []
  for (let before = count('list'); tries.length < 8; before = count('list')) {
    const from = clock.monotonic()
    await clock.until(() => count('list') > before)
    tries.push(clock.monotonic() - from)
  }
  t.strictSame(tries, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])

  docker.heal()
  await clock.until(() => inventory.state().connected)
  t.strictSame(names(), ['a'])

  // After a success the first wait is short again.
  const before = count('list')
  docker.breakStreams()
  await clock.settle()
  const from = clock.monotonic()
  await clock.until(() => count('list') > before)
  t.equal(clock.monotonic() - from, 500)
  t.ok(logged.length > 0)
})

t.test('the log does not repeat itself at every try', async (t) => {
  const { docker, clock, follow, count, logged } = createFollowing(t)
  docker.add('a')
  await follow()
  for (const verb of ['events', 'list'] as const) docker.fail(verb, 'unreachable')
  docker.breakStreams()
  await clock.settle()
  await clock.until(() => count('list') > 20)
  t.strictSame(logged, ['info connected to Docker', 'warn lost Docker; trying again until it answers'])
})

t.test('a list that fails in any way is tried again', async (t) => {
  for (const code of ['unreachable', 'timeout', 'failed', 'refused', 'not_found'] as const) {
    const { docker, clock, inventory, follow, names } = createFollowing(t)
    docker.add('a')
    docker.fail('list', code, 2)
    await follow()
    t.match(inventory.state(), { connected: false, error: new RegExp(code) }, code)
    await clock.until(() => inventory.state().connected)
    t.strictSame(names(), ['a'], code)
  }
})

t.test(
  'a container whose image labels cannot be read stays out, and the policy does not guess',
  async (t) => {
    const { docker, inventory, follow, pass, names } = createFollowing(t)
    docker.add('a')
    docker.add('b')
    docker.fail('imageLabels', 'timeout', 1, 'sha256:a')
    await follow()
    t.match(inventory.state(), { connected: true })
    t.strictSame(names(), ['b'])
    await pass(30_000)
    t.strictSame(names(), ['a', 'b'])
  },
)

t.test('one container that cannot be inspected keeps its last record, and hides no other', async (t) => {
  for (const code of ['timeout', 'failed', 'refused', 'conflict'] as const) {
    const { docker, clock, inventory, follow, pass, names, logged, count } = createFollowing(t)
    const [a, b] = [docker.add('a'), docker.add('b')]
    await follow()
    docker.fail('inspect', code, Number.POSITIVE_INFINITY, a.id)
    Object.assign(a, { restarts: 1 })
    Object.assign(b, { restarts: 1 })
    docker.emit('restart', a.id)
    docker.emit('restart', b.id)
    await clock.settle()
    t.equal(inventory.state().connected, true, code)
    t.equal(docker.streams, 1)
    t.strictSame([inventory.get(a.id)?.restarts, inventory.get(b.id)?.restarts], [0, 1], `${code}: an event`)

    b.restarts = 2
    const c = docker.add('c')
    await pass(30_000)
    t.match(inventory.state(), { connected: true, listedAt: clock.now(), error: undefined })
    t.equal(count('list'), 2)
    t.strictSame(names(), ['a', 'b', 'c'])
    t.strictSame([inventory.get(a.id)?.restarts, inventory.get(b.id)?.restarts], [0, 2], `${code}: a list`)
    t.strictSame(
      logged.filter((line) => line.startsWith('warn')),
      Array.from({ length: 2 }, () => 'warn a container could not be inspected'),
      'each time somebody hears of it',
    )

    docker.fail('inspect', code, Number.POSITIVE_INFINITY, c.id)
    await pass(30_000)
    t.equal(inventory.get(a.id)?.restarts, 1, 'and it is read again as soon as it can be')
    docker.containers.delete(c.id)
    docker.emit('destroy', c.id)
    await clock.settle()
    t.strictSame(names(), ['a', 'b'], 'what is destroyed goes, readable or not')
  }
})

t.test('one that never could be inspected is not there, until it can be', async (t) => {
  const { docker, inventory, follow, pass, names } = createFollowing(t)
  const a = docker.add('a')
  docker.add('b')
  docker.fail('inspect', 'failed', 1, a.id)
  await follow()
  t.strictSame(names(), ['b'])
  t.equal(inventory.state().connected, true)
  await pass(30_000)
  t.strictSame(names(), ['a', 'b'])
})

t.test('an engine that goes away during the list costs the connection', async (t) => {
  const { docker, clock, inventory, follow, names } = createFollowing(t)
  const a = docker.add('a')
  docker.add('b')
  docker.fail('inspect', 'unreachable', 1, a.id)
  await follow()
  t.match(inventory.state(), { connected: false, listedAt: undefined, error: /unreachable/ })
  t.strictSame(names(), [])
  await clock.until(() => inventory.state().connected)
  t.strictSame(names(), ['a', 'b'])
})

t.test(
  'an engine that is away after an event costs the connection, and the list makes good for it',
  async (t) => {
    const { docker, clock, inventory, follow, count } = createFollowing(t)
    const a = docker.add('a')
    await follow()
    docker.fail('inspect', 'unreachable', 1)
    a.restarts = 1
    docker.emit('restart', a.id)
    await clock.settle()
    t.equal(inventory.state().connected, false)
    t.equal(docker.streams, 0, 'the old stream is closed')
    await clock.until(() => inventory.state().connected)
    t.equal(inventory.get(a.id)?.restarts, 1)
    t.equal(count('list'), 2)
    t.equal(docker.streams, 1)
  },
)

t.test('a silent stream is not trusted for ever: the list comes again', async (t) => {
  const { docker, follow, pass, names, count } = createFollowing(t)
  await follow()
  docker.add('a')
  await pass(29_999)
  t.strictSame(names(), [])
  await pass(1)
  t.strictSame(names(), ['a'])
  await pass(30_000)
  t.equal(count('list'), 3)
})

t.test('a further list inspects a tenth of what is known, and all of it in ten', async (t) => {
  const { docker, follow, pass, inventory, count } = createFollowing(t)
  for (let at = 0; at < 150; at++) docker.add(`c${at}`)
  await follow()
  t.equal(count('inspect'), 150)
  // Their events are lost.
  for (const container of docker.containers.values()) container.health = 'unhealthy'
  const told = () => inventory.containers().filter(({ health }) => health === 'unhealthy').length
  await pass(30_000)
  t.equal(count('inspect'), 165)
  t.equal(told(), 15)
  for (let more = 0; more < 9; more++) await pass(30_000)
  t.equal(count('inspect'), 300)
  t.equal(told(), 150)
})

t.test('after a break all is inspected again', async (t) => {
  const { docker, clock, follow, pass, count } = createFollowing(t)
  for (let at = 0; at < 50; at++) docker.add(`c${at}`)
  await follow()
  docker.breakStreams()
  await clock.settle()
  await pass(500)
  t.equal(count('inspect'), 100)
})

t.test('events do not put the next list off', async (t) => {
  const { docker, follow, pass, count } = createFollowing(t)
  const { id } = docker.add('a')
  await follow()
  for (let i = 0; i < 40; i++) {
    docker.emit('health_status: healthy', id)
    await pass(1000)
  }
  t.ok(count('list') >= 2, `${count('list')} lists within 40 s`)
})

t.test('a hung engine is found out by the list', async (t) => {
  const { docker, clock, inventory, follow, pass, names } = createFollowing(t)
  docker.add('a')
  await follow()
  docker.fail('list', 'timeout', 1)
  await pass(30_000)
  t.match(inventory.state(), { connected: false, error: /timeout/ })
  t.strictSame(names(), ['a'])
  await clock.until(() => inventory.state().connected)
})

t.test('a list that comes in after its stream broke does not make a connection', async (t) => {
  const { docker, clock, inventory, follow, logged } = createFollowing(t)
  docker.add('a')
  const release = docker.hang('list')
  await follow()
  docker.breakStreams()
  await clock.settle()
  t.equal(inventory.state().connected, false)
  docker.fail('events', 'unreachable')
  release()
  await clock.settle()
  t.equal(inventory.state().connected, false, 'there is no stream, so nobody would hear of a change')
  t.notMatch(logged, ['info connected to Docker'])
})

t.test('a stale list that comes in late does not undo a newer one', async (t) => {
  const { docker, clock, inventory, follow, names } = createFollowing(t)
  docker.add('old')
  // The list is taken, its labels hang; then the stream breaks and a second connection lists anew.
  const release = docker.hang('imageLabels')
  await follow()
  docker.breakStreams()
  docker.containers.clear()
  await clock.until(() => inventory.state().connected)
  t.strictSame(names(), [])
  release()
  await clock.settle()
  t.strictSame(names(), [])
})

t.test('everKnew holds for what is there, however many came and went', async (t) => {
  const { docker, clock, inventory, follow, pass } = createFollowing(t)
  docker.add('long-lived')
  await follow()
  for (let i = 0; i < 10_050; i++) {
    const { id } = docker.add(`short-${i}`, { imageId: 'sha256:job' })
    await inventory.refresh(id)
    docker.containers.delete(id)
  }
  await clock.settle()
  await pass(30_000)
  t.ok(inventory.get(idOf('long-lived')))
  t.equal(inventory.everKnew(idOf('short-10049')), true)
  t.equal(inventory.everKnew(idOf('short-0')), false, 'memory is bounded')
  t.equal(inventory.everKnew(idOf('long-lived')), true, 'it is still listed')
})

t.test('it ends when it is told to, and not before', async (t) => {
  const { docker, clock, inventory, follow, stop } = createFollowing(t)
  await follow()
  t.equal(docker.streams, 1)
  await stop()
  t.equal(docker.streams, 0)
  const calls = docker.calls.length
  clock.advance(120_000)
  await clock.settle()
  t.equal(docker.calls.length, calls, 'no call after the end')
  t.strictSame(inventory.containers(), [])
})

t.test('it ends while it waits for an engine that is away', async (t) => {
  const { docker, follow, stop } = createFollowing(t)
  for (const verb of ['events', 'list'] as const) docker.fail(verb, 'unreachable')
  await follow()
  await stop()
  t.pass('follow resolved')
})
