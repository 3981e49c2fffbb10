import t from 'tap'
import { bearer } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'

t.test('what the census says of each container, and the tiers that it has reached', async (t) => {
  const { app, host, engine } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(20)
  host.cgroupFiles.set(container.id, { memoryWorkingSet: 950, memoryLimit: 1000 })
  const { container: stopped } = addGateway(host, engine, 'stopped', { 'pidwarden.mod': 'enforce' })
  engine.halt(stopped)
  const response = await app.inject({ url: '/api/containers', headers: bearer(token) })
  t.equal(response.statusCode, 200)
  const { containers } = response.json()
  t.equal(containers.length, 2)
  t.match(containers[0], {
    name: 'metamcp',
    state: 'running',
    health: 'none',
    policy: { mode: 'enforce', profile: 'generic', limits: { pids: 100, memory: '4g' }, errors: [] },
    measurement: { processes: 65, duplicates: 20, orphans: 0, pids: 65, memory: 950 },
    tiers: { processes: 'emergency', duplicates: 'emergency', pids: 'normal', memory: 'emergency' },
  })
  t.match(containers[1], { name: 'stopped', state: 'exited', census: 'gone', measurement: undefined })
  t.notOk('cpu' in containers[0].tiers, 'one look measures no cpu, so that no tier is told')
  t.match(containers[1].policy, { mode: 'observe', errors: [/unknown/] })
})

t.test('an image that looks like a known application, where nobody says a profile', async (t) => {
  const { app, host, engine } = createPidwarden()
  const image = 'ghcr.io/metatool-ai/metamcp:latest'
  addGateway(host, engine, 'unsaid', {}).container.image = image
  addGateway(host, engine, 'said', { 'pidwarden.profile': 'metamcp' }).container.image = image
  addGateway(host, engine, 'other', {})
  const { containers } = (await app.inject({ url: '/api/containers', headers: bearer(token) })).json()
  t.match(containers[0], { likelyProfile: 'metamcp', policy: { profile: 'unknown' } })
  t.notOk('likelyProfile' in containers[1])
  t.notOk('likelyProfile' in containers[2])
})
