import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { openLab } from '../../../lab/index.ts'
import { lacking } from '../../../lab/provided.ts'
import { type Definition, missingLines } from '../../../src/remediation/limits/compose.ts'
import { emptyFolder } from '../../support/folder.ts'

const [MiB, GiB] = [1024 ** 2, 1024 ** 3]

/** A container as `docker run` makes it, and all that can be missing. */
const bare: Definition = {
  container: { logRotates: false },
  wanted: { nofile: [1024, 2048], nproc: 100 },
  reaps: false,
  limits: { memory: 4 * GiB, memorySwap: 4 * GiB, memoryReservation: 1536 * MiB, cpu: 1.5, pids: 100 },
}

const fileOf = (definition: Definition): string =>
  [
    'services:',
    '  metamcp:',
    ...['image: busybox', ...missingLines(definition).lines].map((line) => `    ${line}`),
    '',
  ].join('\n')

const serviceOf = (definition: Partial<Definition>): Record<string, unknown> => {
  const { image: _image, ...service } = parse(fileOf({ ...bare, ...definition })).services.metamcp
  return service
}

t.test('everything that is missing', async (t) => {
  t.strictSame(serviceOf({}), {
    init: true,
    mem_limit: '4g',
    memswap_limit: '4g',
    mem_reservation: '1536m',
    cpus: 1.5,
    pids_limit: 100,
    ulimits: { nofile: { soft: 1024, hard: 2048 }, nproc: 100 },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  })
  t.same(missingLines(bare).keys, Object.keys(serviceOf({})), 'by their keys')
})

t.test('nothing that is there', async (t) => {
  const container = {
    init: true,
    logRotates: true,
    ulimits: { nofile: [1024, 2048], nproc: [50, 50] },
  } as const
  t.same(missingLines({ ...bare, container, limits: {} }), { keys: [], lines: [] })
  t.same(serviceOf({ reaps: true, limits: {}, wanted: {}, container: {} }), {}, 'nor where nobody can tell')
})

t.test('ulimits: what is stricter stays', async (t) => {
  const ulimits = (nofile: readonly [number, number]) =>
    serviceOf({ wanted: { nofile: [1024, 2048] }, container: { ulimits: { nofile } } }).ulimits
  t.same(ulimits([512, 2048]), undefined)
  t.same(ulimits([1024, 4096]), { nofile: { soft: 1024, hard: 2048 } })
  t.same(ulimits([-1, -1]), { nofile: { soft: 1024, hard: 2048 } }, '-1 is no limit')
})

t.test('sizes and swap without limit', async (t) => {
  t.match(serviceOf({ limits: { memory: 1_000_001, memorySwap: -1 } }), {
    mem_limit: 1_000_001,
    memswap_limit: -1,
  })
})

t.test('Compose takes it', { skip: lacking('docker') }, async (t) => {
  const lab = await openLab()
  for (const limits of [bare.limits, { memory: 4 * GiB, memorySwap: -1 }]) {
    const folder = join(emptyFolder(t), 'project')
    mkdirSync(folder)
    writeFileSync(join(folder, 'compose.yaml'), fileOf({ ...bare, limits }))
    const config = (): string =>
      execFileSync(lab.bin.docker, ['compose', 'config', '--format', 'json'], {
        cwd: folder,
        env: { ...process.env, ...lab.env },
        encoding: 'utf8',
      })
    const { metamcp } = JSON.parse(config()).services
    t.match(metamcp, { init: true, mem_limit: String(4 * GiB), memswap_limit: String(limits.memorySwap) })
    if (limits === bare.limits)
      t.match(metamcp, {
        cpus: 1.5,
        pids_limit: 100,
        ulimits: { nofile: { soft: 1024, hard: 2048 }, nproc: 100 },
        logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      })
  }
})
