import t from 'tap'
import type { ContainerState } from '../../src/host/docker.ts'
import { family } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine)
  return { ...pidwarden, ...farm, scrape: () => clock.drive(metrics.render().then(String)) }
}

const me = 'name="metamcp"'
const states: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
]

for (const state of states) {
  t.test(`state: ${state} is 1, every other is 0`, async (t) => {
    const { scrape, container } = setUp()
    await scrape()
    container.state = state
    t.same(
      family(await scrape(), 'container_state'),
      Object.fromEntries(states.map((one) => [`${me},state="${one}"`, one === state ? 1 : 0])),
    )
  })
}

const healths = ['none', 'starting', 'healthy', 'unhealthy'] as const
for (const health of healths) {
  t.test(`health: ${health} is 1, every other is 0`, async (t) => {
    const { scrape, container } = setUp()
    await scrape()
    container.health = health
    t.same(
      family(await scrape(), 'container_health'),
      Object.fromEntries(healths.map((one) => [`${me},status="${one}"`, one === health ? 1 : 0])),
    )
  })
}

t.test('crashed: down because it ended by itself with a failure', async (t) => {
  const { scrape, container } = setUp()
  const told = async () => family(await scrape(), 'container_crashed')
  t.same(await told(), { [me]: 0 })
  Object.assign(container, { state: 'exited', exitCode: 1, endedBy: 'itself' })
  t.same(await told(), { [me]: 1 })
  container.exitCode = 0
  t.same(await told(), { [me]: 0 }, 'it was done')
})

t.test('startup processes: only while the container is young', async (t) => {
  const { scrape, container, clock } = setUp()
  const told = async () => family(await scrape(), 'container_startup_processes')
  const start = (secondsAgo: number): void => {
    container.startedAt = new Date(clock.now() - secondsAgo * 1000).toISOString()
  }
  start(299)
  const counted = family(await scrape(), 'container_counted_processes')
  t.same(await told(), counted)
  start(300)
  t.same(await told(), {})
  start(-1)
  t.same(await told(), {}, 'the clock was put back: nobody knows')
})

t.test('exit code: of a container that has ended, and of no other', async (t) => {
  const { scrape, container } = setUp()
  container.exitCode = 137
  for (const [state, told] of [
    ['created', {}],
    ['running', {}],
    ['paused', {}],
    ['restarting', {}],
    ['exited', { [me]: 137 }],
    ['dead', { [me]: 137 }],
    ['running', {}],
  ] as const) {
    container.state = state
    t.same(family(await scrape(), 'container_exit_code'), told, state)
  }
  Object.assign(container, { state: 'exited', exitCode: 0 })
  t.same(family(await scrape(), 'container_exit_code'), { [me]: 0 }, 'that it ended well is told too')
})

t.test('restarts: as Docker counts them, however often they are scraped', async (t) => {
  const { scrape, container } = setUp()
  t.same(family(await scrape(), 'container_restarts_total'), { [me]: 0 })
  container.restarts = 4
  for (let i = 0; i < 3; i++) t.same(family(await scrape(), 'container_restarts_total'), { [me]: 4 })
})

t.test('start time: of the present life', async (t) => {
  const { scrape, engine, container, clock } = setUp()
  const first = clock.now() / 1000
  t.same(family(await scrape(), 'container_start_time_seconds'), { [me]: first })
  engine.halt(container)
  clock.advance(60_000)
  engine.run(container)
  t.same(family(await scrape(), 'container_start_time_seconds'), { [me]: first + 60 })
})
