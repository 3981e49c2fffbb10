import t from 'tap'
import type { Blueprint, HostConfig } from '../../../src/host/builder.ts'
import type { Otherwise } from '../../../src/remediation/recreate/specification.ts'
import { link, specify } from '../../../src/remediation/recreate/specification.ts'
import { blueprintOf } from '../../support/blueprint.ts'

const asItIs: Otherwise = { referenceNow: 'sha256:1', limits: undefined, replaced: new Map() }

/** What a container is made anew from. */
const remade = (old: Blueprint, otherwise: Partial<Otherwise> = {}) =>
  specify(old, { ...asItIs, ...otherwise }).specification

t.test('everything is taken over as it is, known or not', async (t) => {
  const old = blueprintOf({
    Config: {
      Hostname: 'chosen',
      Healthcheck: { Test: ['CMD', 'true'] },
      StopSignal: 'SIGINT',
      New: { x: [1] },
    },
    HostConfig: {
      Tmpfs: { '/x': '' },
      CapAdd: ['CAP_KILL'],
      Init: true,
      LogConfig: { Type: 'local' },
      New: 7,
    },
  })
  const { HostConfig, NetworkingConfig, ...config } = remade(old)
  t.same(config, old.Config)
  t.same(HostConfig, old.HostConfig)
  t.same(NetworkingConfig, { EndpointsConfig: { net: { IPAMConfig: null, Aliases: null } } })
})

t.test('what names the old container itself is left out', async (t) => {
  const table: readonly [string, Parameters<typeof blueprintOf>[0], string][] = [
    ['made of the id', {}, ''],
    ['chosen', { Config: { Hostname: 'chosen' } }, 'chosen'],
    [
      'in the network of another',
      { Config: { Hostname: 'other' }, HostConfig: { NetworkMode: 'container:b' } },
      '',
    ],
    ['that of the host', { Config: { Hostname: 'box' }, HostConfig: { UTSMode: 'host' } }, ''],
    [
      'with the network of the host',
      { Config: { Hostname: 'box' }, HostConfig: { NetworkMode: 'host' } },
      'box',
    ],
  ]
  for (const [name, old, hostname] of table) t.equal(remade(blueprintOf(old)).Hostname, hostname, name)
})

t.test('no entrypoint stays none, whatever the image has', async (t) => {
  for (const Entrypoint of [null, []])
    t.same(remade(blueprintOf({ Config: { Entrypoint } })).Entrypoint, [''])
  t.same(remade(blueprintOf()).Entrypoint, ['tini', '--'])
})

t.test('the image is the same, by its name where that still says so', async (t) => {
  const labels = { 'com.docker.compose.project': 'p' }
  const labelled = { ...labels, 'pidwarden.image': 'metamcp:2' }
  const byId = blueprintOf({ Config: { Image: 'sha256:1', Labels: labelled } })
  const table: readonly [string, Blueprint, string | undefined, string, object][] = [
    ['as ever', blueprintOf(), 'sha256:1', 'metamcp:2', labels],
    ['the tag has moved', blueprintOf(), 'sha256:2', 'sha256:1', labelled],
    ['the tag is gone', blueprintOf(), undefined, 'sha256:1', labelled],
    ['it was gone before, and is', byId, undefined, 'sha256:1', labelled],
    ['it is back', byId, 'sha256:1', 'metamcp:2', labels],
  ]
  for (const [name, old, referenceNow, image, expected] of table) {
    const { Image, Labels } = remade(old, { referenceNow })
    t.same([Image, Labels], [image, expected], name)
  }
})

t.test('links are asked for otherwise than they are told', async (t) => {
  t.equal(link('/db:/metamcp/database'), 'db:database')
  t.equal(link('db:database'), 'db:database')
  t.same(remade(blueprintOf({ HostConfig: { Links: ['/db:/metamcp/database'] } })).HostConfig.Links, [
    'db:database',
  ])
})

t.test('namespaces of what is recreated with it are those of the new ones', async (t) => {
  const replaced = new Map([['old', 'new']])
  const table: readonly [HostConfig, HostConfig][] = [
    [{ NetworkMode: 'container:old' }, { NetworkMode: 'container:new' }],
    [{ NetworkMode: 'container:metamcp' }, { NetworkMode: 'container:metamcp' }],
    [
      { NetworkMode: 'net', PidMode: 'container:old', IpcMode: 'container:old' },
      { NetworkMode: 'net', PidMode: 'container:new', IpcMode: 'container:new' },
    ],
    [
      { NetworkMode: 'net', PidMode: 'host' },
      { NetworkMode: 'net', PidMode: 'host' },
    ],
  ]
  for (const [HostConfig, expected] of table)
    t.match(remade(blueprintOf({ HostConfig }), { replaced }).HostConfig, expected)
})
