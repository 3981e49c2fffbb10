import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { openLab } from '../../lab/index.ts'
import { lacking } from '../../lab/provided.ts'
import { repository } from '../../lab/system/paths.ts'
import { run } from '../../lab/system/run.ts'

interface Service {
  [key: string]: unknown
  environment?: Record<string, string>
  volumes: string[]
  ports: string[]
}

const file = join(repository, 'compose.yaml')
const compose = parse(readFileSync(file, 'utf8'), { merge: true })
const services: Record<string, Service> = compose.services
const { pidwarden, ...others } = services

t.test('every service is contained', async (t) => {
  t.strictSame(Object.keys(services), ['pidwarden', 'prometheus', 'alertmanager', 'grafana'])
  for (const [name, service] of Object.entries(services)) {
    t.match(
      service,
      {
        restart: 'unless-stopped',
        labels: { 'pidwarden.stack': 'pidwarden' },
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: /^\d+m$/,
        pids_limit: Number,
        logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      },
      name,
    )
    t.ok(
      service.ports.every((port) => port.startsWith('127.0.0.1:')),
      `${name} is reachable from this host only`,
    )
    t.equal(service.privileged, undefined)
    t.equal(service.network_mode, undefined)
  }
})

t.test('images are exact', async (t) => {
  for (const [name, { image }] of Object.entries(others)) t.match(image, /:v?\d+\.\d+\.\d+$/, name)
})

t.test('pidwarden has three capabilities, and sees what it must', async (t) => {
  t.strictSame(pidwarden?.cap_add, ['KILL', 'SYS_PTRACE', 'DAC_READ_SEARCH'])
  t.match(pidwarden, { user: '0:65534', pid: 'host', cgroup: 'host', read_only: true, tmpfs: ['/tmp'] })
  t.match(pidwarden?.environment, { PIDWARDEN_CGROUP_ROOT: '/host/sys/fs/cgroup' })
  t.ok(pidwarden?.volumes.includes('/sys/fs/cgroup:/host/sys/fs/cgroup:ro'))
  for (const [name, service] of Object.entries(others)) {
    for (const key of ['cap_add', 'pid', 'cgroup', 'user']) t.equal(service[key], undefined, `${name} ${key}`)
  }
})

t.test('the socket is pidwarden’s, the token Alertmanager’s too', async (t) => {
  const holders = (text: string) =>
    Object.entries(services).flatMap(([name, { volumes }]) =>
      volumes.filter((volume) => volume.includes(text)).map((volume) => `${name} ${volume}`),
    )
  t.strictSame(holders('docker.sock').length, 1)
  t.strictSame(holders('/run/pidwarden'), [
    'pidwarden token:/run/pidwarden',
    'alertmanager token:/run/pidwarden:ro',
  ])
  const writable = holders('./').filter((volume) => !volume.endsWith(':ro'))
  t.strictSame(writable, [], 'nobody writes into the repository')
})

t.test('docker compose agrees', { skip: lacking('docker') }, async (t) => {
  const lab = await openLab()
  const config = async (env: Record<string, string>) => {
    const args = ['compose', '--file', file, '--profile', '*', 'config', '--format', 'json']
    return JSON.parse(await run(lab.bin.docker, args, { deadline: 30_000, env: { ...lab.env, ...env } }))
      .services
  }
  const plain = await config({ DOCKER_SOCKET: '', GRAFANA_ADMIN_PASSWORD: '' })
  t.strictSame(
    plain.pidwarden.volumes.find(({ target }: { target: string }) => target.endsWith('docker.sock')).source,
    '/var/run/docker.sock',
  )
  // Grafana reads this file at its start: nobody knows the password, and it is not admin.
  t.match(plain.grafana.environment.GF_SECURITY_ADMIN_PASSWORD, '$$__file{/proc/sys/kernel/random/uuid}')
  const given = await config({ DOCKER_SOCKET: '/tmp/d.sock', GRAFANA_ADMIN_PASSWORD: 'correct horse' })
  t.match(given.grafana.environment.GF_SECURITY_ADMIN_PASSWORD, 'correct horse')
  t.ok(given.pidwarden.volumes.some(({ source }: { source: string }) => source === '/tmp/d.sock'))
})

t.test('the Dockerfile fits the compose file', async (t) => {
  const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8')
  for (const line of [
    /^FROM node:24-bookworm-slim$/m,
    /^LABEL pidwarden\.stack=pidwarden$/m,
    /^USER 0:65534$/m,
    /^EXPOSE 3001$/m,
    /^HEALTHCHECK .*--interval=30s/m,
    /npm ci --omit=dev --ignore-scripts/,
    /^ENTRYPOINT \["node", "--max-semi-space-size=2", "--optimize-for-size", "--no-memory-reducer", "--v8-pool-size=1", "src\/main\.ts"\]$/m,
  ]) {
    t.match(dockerfile, line)
  }
  t.notMatch(dockerfile, /^# *syntax=/m, 'a frontend would have to be pulled')
})
