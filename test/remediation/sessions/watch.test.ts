import t from 'tap'
import { GatewayError } from '../../../src/host/metamcp.ts'
import { SimulatedDocker } from '../../support/simulated-docker.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { SimulatedHost } from '../../support/simulated-host.ts'
import { SimulatedMetamcp, sessionYaml } from '../../support/simulated-metamcp.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

function setUp(labels: Record<string, string> = {}, yaml = sessionYaml()) {
  const host = new SimulatedHost()
  const engine = new SimulatedDocker(host)
  const gateway = new SimulatedMetamcp(host, engine, { labels })
  let asked = 0
  const { list } = gateway
  gateway.list = () => {
    asked++
    return list.call(gateway)
  }
  const pidwarden = createPidwarden({ host, engine, sessionApi: gateway, yaml })
  const { clock, sessions } = pidwarden
  return {
    ...pidwarden,
    gateway,
    asked: () => asked,
    /** So many seconds go by, and at the end of each it is looked whether the time has come. */
    async pass(seconds: number) {
      for (let left = seconds; left > 0; left--) {
        clock.advance(1000)
        await clock.drive(sessions.round())
      }
    },
    told: (text: string) => pidwarden.logs.filter((line) => line.includes(text)).length,
  }
}

t.test('a gateway is asked as often as the file says', async (t) => {
  const { pass, asked } = setUp()
  await pass(95)
  t.equal(asked(), 4)
})

t.test('only gateways that run, have the profile, and stand in the file', async (t) => {
  const generic = setUp({ 'pidwarden.profile': 'generic' })
  await generic.pass(60)
  const unnamed = setUp({}, '')
  await unnamed.pass(60)
  const halted = setUp()
  halted.engine.halt(halted.gateway.container)
  await halted.pass(60)
  const away = setUp()
  away.engine.connection = { connected: false, listedAt: undefined, error: 'away' }
  await away.pass(60)
  t.same(
    [generic, unnamed, halted, away].map(({ asked }) => asked()),
    [0, 0, 0, 0],
  )
})

t.test('a gateway that is away is told of once, and when it is back', async (t) => {
  const { gateway, pass, told, sessions } = setUp()
  const away = new GatewayError('unreachable', 'GET http://metamcp.test:12008/…: ECONNREFUSED')
  gateway.refusals.list.push(away, away, away)
  await pass(95)
  t.equal(told('its sessions are not known'), 1)
  t.equal(told('its gateway tells of its sessions'), 1)
  t.match(sessions.known(gateway.container), { look: 0 })
})

t.test('a container that was removed is forgotten', async (t) => {
  const { gateway, pass, engine, database } = setUp()
  const rows = () => database.prepare('SELECT container_id FROM session_memories').all().length
  gateway.open('a')
  await pass(60)
  t.equal(rows(), 1)
  engine.remove(gateway.container)
  await pass(1)
  t.equal(rows(), 0)
})

t.test('nothing is written while nothing changes', async (t) => {
  const { gateway, pass, database } = setUp()
  const written = () => database.prepare('SELECT written_at FROM session_memories').get()?.written_at
  await pass(100)
  gateway.open('a')
  gateway.use('a')
  await pass(200)
  const before = written()
  for (let times = 0; times < 5; times++) {
    gateway.use('a')
    await pass(30)
  }
  t.equal(written(), before)
  gateway.open('b')
  await pass(30)
  t.not(written(), before)
})

t.test('what the journal has of another version is not understood, and begun anew', async (t) => {
  const { gateway, pass, journal, sessions } = setUp()
  journal.sessions.save(gateway.container, { look: 3, sessions: 'many' })
  t.equal(sessions.known(gateway.container), undefined)
  await pass(30)
  t.match(sessions.known(gateway.container), { look: 0 })
})

t.test(
  'an image that looks like a known application is told of once, where nobody says a profile',
  async (t) => {
    const { engine, host, pass, logs } = setUp()
    addGateway(host, engine, 'mine', {}).container.image = 'ghcr.io/metatool-ai/metamcp:2.4'
    addGateway(host, engine, 'other', {}).container.image = 'redis:7'
    addGateway(host, engine, 'said', { 'pidwarden.profile': 'generic' }).container.image = 'metamcp'
    await pass(70)
    const told = logs.filter((line) => line.includes('pidwarden.profile'))
    t.equal(told.length, 1)
    t.match(told[0], /"container":"mine","image":"ghcr\.io\/metatool-ai\/metamcp:2\.4","likely":"metamcp"/)
  },
)
