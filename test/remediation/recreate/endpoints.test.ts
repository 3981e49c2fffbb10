import t from 'tap'
import { endpointsOf, keyOf } from '../../../src/remediation/recreate/endpoints.ts'
import { blueprintOf } from '../../support/blueprint.ts'

const id = 'a'.repeat(64)
const at = (network: string, settings: object = {}, netId = `${network}-id`) => ({
  network,
  id: netId,
  settings,
})

t.test('what was asked for, and not what came of it', async (t) => {
  const live = {
    NetworkID: 'net-id',
    EndpointID: 'e',
    Gateway: '10.0.0.1',
    IPAddress: '10.0.0.2',
    IPPrefixLen: 24,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: '02:42:0a:00:00:02',
    DNSNames: ['metamcp', id.slice(0, 12)],
  }
  const asked = {
    IPAMConfig: { IPv4Address: '10.0.0.2' },
    Links: ['db:database'],
    Aliases: ['server'],
    DriverOpts: { x: '' },
    GwPriority: 3,
    New: 7,
  }
  t.same(endpointsOf(blueprintOf({ Networks: { net: { ...live, ...asked } } })), [at('net', asked)])
})

t.test('the alias that older engines make of the id is left out', async (t) => {
  const Networks = { net: { NetworkID: 'net-id', Aliases: ['server', id.slice(0, 12)] } }
  t.same(endpointsOf(blueprintOf({ Networks })), [at('net', { Aliases: ['server'] })])
})

t.test('only a configured MAC address is kept, for the network that it is configured for', async (t) => {
  const Networks = {
    a: { NetworkID: 'a-id', MacAddress: 'generated' },
    net: { NetworkID: 'net-id', MacAddress: 'same' },
  }
  t.same(endpointsOf(blueprintOf({ Networks })), [at('net'), at('a')])
  const configured = blueprintOf({ Config: { MacAddress: 'same' }, Networks })
  t.same(endpointsOf(configured), [at('net', { MacAddress: 'same' }), at('a')])
})

t.test('the network that it was made for comes first, however it is written', async (t) => {
  const hex = 'b'.repeat(64)
  const Networks = { a: { NetworkID: 'a-id' }, bridge: { NetworkID: 'bridge-id' }, net: { NetworkID: hex } }
  const net = at('net', {}, hex)
  for (const [mode, first, key] of [
    ['net', net, 'net'],
    [hex, net, hex],
    [hex.slice(0, 12), net, hex.slice(0, 12)],
    ['default', at('bridge'), 'default'],
    ['bridge', at('bridge'), 'bridge'],
    // It was taken out of that one since.
    ['elsewhere', at('a'), 'a'],
  ] as const) {
    const blueprint = blueprintOf({ HostConfig: { NetworkMode: mode }, Networks })
    const [found] = endpointsOf(blueprint)
    t.same(found, first, mode)
    t.equal(found && keyOf(blueprint, found), key, mode)
    t.equal(endpointsOf(blueprint).length, 3)
  }
})

t.test('there is nothing to connect without networks of its own', async (t) => {
  for (const NetworkMode of ['host', 'none', `container:${id}`])
    t.same(endpointsOf(blueprintOf({ HostConfig: { NetworkMode }, Networks: { [NetworkMode]: {} } })), [])
})
