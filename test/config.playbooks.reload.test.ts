import t from 'tap'
import { serveEngine } from './support/engine-socket.ts'
import { createFakeDocker } from './support/fake-docker.ts'
import { startProgram, token } from './support/program.ts'
import { until } from './support/until.ts'

const looks = `
playbooks:
  - name: look
    description: Only looks.
    for: { tiers: [warning] }
    steps: [{ action: collect-evidence, onMiss: stop }]
`

t.test('the program follows the playbooks of its file', async (t) => {
  const engine = createFakeDocker()
  const { id } = engine.add('metamcp', { state: 'exited', pid: 0 })
  const program = await startProgram(t, { yaml: '{}', dockerSocket: await serveEngine(t, engine) })
  const post = async (path: string, body: object): Promise<string> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(program.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.text()
  }
  const order = () => post('/api/containers/metamcp/playbooks/look', {})
  const alert = (tier: string) => {
    const labels = { alertname: 'x', id, tier, resource: 'memory', playbook: 'look' }
    const one = { status: 'firing', labels, startsAt: new Date().toISOString(), fingerprint: tier }
    return post('/webhooks/alertmanager', { version: '4', status: 'firing', alerts: [one] })
  }
  await until('it knows the container', async () => (await order()).includes('playbook'))
  t.match(await order(), /there is no such playbook; there are record, cleanup, .*recreate"/)
  await until('it takes alerts', async () => !(await alert('warning')).includes('retry later'))
  t.match(await alert('warning'), /unknown_playbook/)

  program.configure(looks)
  t.match(await program.reload(), { msg: 'configuration reloaded' })
  t.match(await order(), /not_running/, 'it is found, and looks at the container')
  t.match(await alert('warning'), /queued/)
  t.match(await alert('critical'), /not_for_playbook/)

  program.configure(looks.replace('collect-evidence', 'collect'))
  t.match(await program.reload(), {
    msg: /refused, the old one stays/,
    error: `${program.config}:6: playbooks.0.steps.0.action: there is no action collect;`,
  })
  t.match(await order(), /not_running/)
  t.equal(await program.stop(), 0)
})
