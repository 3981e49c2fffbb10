import { get } from 'node:http'
import t from 'tap'
import { playEngine } from '../../bench/farm/engine.ts'
import { chainsOf, deep, wide } from '../../bench/farm/farm.ts'
import { inspected } from '../../bench/farm/inspected.ts'
import { sumOf } from '../../bench/http.ts'
import { shippedEnvironment, shippedFlags } from '../../bench/node.ts'
import { createDocker } from '../../src/host/dockerode.ts'

t.test('a farm has as many processes as it says: init, gateway, chains of three, single ones', async (t) => {
  for (const shape of [wide, deep, { name: 'small', containers: 1, processes: 2, awake: false }]) {
    const [chains = 0, singles = 0] = chainsOf(shape).slice(0, 2).map(Number)
    t.equal(2 + 3 * chains + singles, shape.processes, shape.name)
  }
})

t.test('the played engine is understood by our own client', async (t) => {
  const id = 'ab'.repeat(32)
  const engine = await playEngine([{ id, name: 'farm-0', pid: 4242 }])
  t.teardown(() => engine.close())
  const docker = createDocker(engine.socket)
  t.match(await inspected(engine.socket, [id]), [
    { id, name: 'farm-0', pid: 4242, state: 'running', labels: {}, imageLabels: {} },
  ])
  t.same(await docker.imageLabels('sha256:farm'), {})
  await t.rejects(docker.inspect('cd'.repeat(32)), { code: 'not_found' })
  const status = await new Promise((resolve) => {
    get({ socketPath: engine.socket, path: '/events' }, (response) => resolve(response.statusCode)).on(
      'error',
      () => {},
    )
  })
  t.equal(status, 200, 'the stream of events is open though nothing was said')
})

t.test('the sum of a family', async (t) => {
  const text = 'a{name="x"} 3\na{name="y z"} 4\nab{name="x"} 100\n# HELP a Text.\nb 2\n'
  t.equal(sumOf(text, 'a'), 7)
  t.equal(sumOf(text, 'b'), 2)
  t.equal(sumOf(text, 'c'), undefined)
})

t.test('what is measured runs under the flags of the image', async (t) => {
  t.ok(shippedFlags().length > 0)
  t.strictSame(shippedEnvironment(), { MALLOC_ARENA_MAX: '1' })
  t.ok(shippedFlags().every((flag) => flag.startsWith('--')))
})
