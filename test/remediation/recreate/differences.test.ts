import t from 'tap'
import type { Blueprint } from '../../../src/host/builder.ts'
import { differences } from '../../../src/remediation/recreate/differences.ts'
import { specify } from '../../../src/remediation/recreate/specification.ts'
import { blueprintOf, volume } from '../../support/blueprint.ts'

const id = 'b'.repeat(64)
const old = blueprintOf({
  HostConfig: { Links: ['/db:/metamcp/database'], PidsLimit: -1, Memory: 100, MemorySwap: 0 },
  Mounts: [volume('hash', '/data')],
  Networks: { net: { NetworkID: 'net-id', Aliases: ['server'] }, other: { NetworkID: 'other-id' } },
})
const { specification } = specify(old, { referenceNow: 'sha256:1', limits: undefined, replaced: new Map() })

/** What an engine makes of it, and what it says then. */
const made: Blueprint = {
  ...old,
  Id: id,
  Config: { ...old.Config, Hostname: id.slice(0, 12), OnBuild: null },
  HostConfig: {
    ...specification.HostConfig,
    Links: ['/db:/metamcp/database'],
    PidsLimit: null,
    MemorySwap: 200,
    Dns: [],
  },
  Networks: { net: { Aliases: ['server', id.slice(0, 12)], IPAMConfig: null }, other: { DriverOpts: null } },
}

t.test('what an engine fills in is as meant', async (t) => {
  t.same(differences(specification, old, made), [])
})

const table: readonly [string, Partial<Blueprint>, readonly string[]][] = [
  ['another image', { Image: 'sha256:2' }, ['Image']],
  ['another command', { Config: { ...made.Config, Cmd: ['sh'] } }, ['Config.Cmd']],
  ['an entrypoint', { Config: { ...made.Config, Entrypoint: null } }, ['Config.Entrypoint']],
  ['a label more', { Config: { ...made.Config, Labels: {} } }, ['Config.Labels']],
  [
    'less memory',
    { HostConfig: { ...made.HostConfig, Memory: 50 } },
    ['HostConfig.Memory', 'HostConfig.MemorySwap'],
  ],
  [
    'what nobody asked for',
    { HostConfig: { ...made.HostConfig, Privileged: true } },
    ['HostConfig.Privileged'],
  ],
  ['no link', { HostConfig: { ...made.HostConfig, Links: null } }, ['HostConfig.Links']],
  ['an empty volume', { Mounts: [volume('fresh', '/data')] }, ['Mounts./data']],
  ['no volume', { Mounts: [] }, ['Mounts./data']],
  ['a network less', { Networks: { net: { Aliases: ['server'] } } }, ['Networks.other']],
  ['a network more', { Networks: { ...made.Networks, more: {} } }, ['Networks.more']],
  ['an alias less', { Networks: { ...made.Networks, net: {} } }, ['Networks.net']],
]
for (const [name, change, expected] of table) {
  t.test(`a difference: ${name}`, async (t) => {
    t.same(differences(specification, old, { ...made, ...change }), expected)
  })
}

t.test('values are never told', async (t) => {
  const told = differences(specification, old, {
    ...made,
    Config: { ...made.Config, Env: ['API_KEY=other'] },
  })
  t.same(told, ['Config.Env'])
})
