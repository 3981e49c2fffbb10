import t from 'tap'
import type { HostConfig } from '../../../src/host/builder.ts'
import { type LimitSources, withLimits } from '../../../src/remediation/recreate/limits.ts'

const G = 1024 ** 3
const wanted = { memory: '4g', memoryReservation: '1g', memorySwap: '4g', cpus: 2, pids: 100 } as const
const none: HostConfig = { Memory: 0, MemorySwap: 0, NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, PidsLimit: null }

const table: readonly [string, HostConfig, Partial<LimitSources>, HostConfig][] = [
  ['none, and none is wanted', none, { wanted: undefined }, none],
  [
    'where there is none, those that the policy wants',
    none,
    {},
    { ...none, Memory: 4 * G, MemorySwap: 4 * G, MemoryReservation: G, NanoCpus: 2e9, PidsLimit: 100 },
  ],
  [
    'never looser, and never stricter, than it has',
    { Memory: 8 * G, MemorySwap: 16 * G, MemoryReservation: 2 * G, NanoCpus: 4e9, PidsLimit: 25 },
    {},
    { Memory: 8 * G, MemorySwap: 16 * G, MemoryReservation: 2 * G, NanoCpus: 4e9, PidsLimit: 25 },
  ],
  ['-1 is none', { PidsLimit: -1 }, { wanted: { pids: 100 } }, { PidsLimit: 100 }],
  ['CPU by a quota', { CpuQuota: 50_000 }, { wanted: { cpus: 2 } }, { CpuQuota: 50_000 }],
  [
    'a period alone limits nothing, and goes with no NanoCpus',
    { CpuPeriod: 100_000, CpuQuota: -1 },
    { wanted: { cpus: 2 } },
    { CpuPeriod: 0, CpuQuota: 0, NanoCpus: 2e9 },
  ],
  ['not more CPU than there is', none, { wanted: { cpus: 8 } }, none],
  [
    'no memory below what is reserved',
    { MemoryReservation: 8 * G },
    { wanted: { memory: '4g' } },
    { MemoryReservation: 8 * G },
  ],
  [
    'nor a reservation above the limit',
    { Memory: G / 2 },
    { wanted: { memoryReservation: '1g' } },
    { Memory: G / 2 },
  ],
  ['nor swap below memory', none, { wanted: { memory: '4g', memorySwap: '1g' } }, { ...none, Memory: 4 * G }],
  [
    'a clamp ends with the container',
    { PidsLimit: 40 },
    { before: { pids: 200 }, wanted: undefined },
    { PidsLimit: 200 },
  ],
  [
    'a clamp of what had none',
    { PidsLimit: 40 },
    { before: { pids: -1 }, wanted: undefined },
    { PidsLimit: null },
  ],
  [
    'and then the policy has one',
    { PidsLimit: 40 },
    { before: { pids: -1 } },
    {
      PidsLimit: 100,
      Memory: 4 * G,
      MemorySwap: 4 * G,
      MemoryReservation: G,
      NanoCpus: 2e9,
      CpuPeriod: 0,
      CpuQuota: 0,
    },
  ],
  ['a cap', { NanoCpus: 1e8 }, { before: { cpu: 1.5 }, wanted: undefined }, { NanoCpus: 1.5e9 }],
  [
    'a cap of a quota',
    { CpuQuota: 5000, CpuPeriod: 50_000 },
    { before: { cpu: 1.5 }, wanted: undefined },
    { CpuQuota: 75_000, CpuPeriod: 50_000 },
  ],
  [
    'a cap of what had none',
    { CpuQuota: 5000 },
    { before: { cpu: -1 }, wanted: undefined },
    { CpuQuota: 0, NanoCpus: 0 },
  ],
]
for (const [name, old, sources, expected] of table) {
  t.test(`limits: ${name}`, async (t) => {
    t.same(withLimits(old, { before: {}, wanted, cores: 8, ...sources }), expected)
  })
}
