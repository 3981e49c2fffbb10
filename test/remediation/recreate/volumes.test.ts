import t from 'tap'
import type { HostConfig, MountPoint } from '../../../src/host/builder.ts'
import { keptVolumes } from '../../../src/remediation/recreate/volumes.ts'
import { blueprintOf, volume } from '../../support/blueprint.ts'

const named = (Source: string, Target: string) => ({ Type: 'volume', Source, Target })

const table: readonly [string, HostConfig, readonly MountPoint[], unknown][] = [
  ['nothing', {}, [], undefined],
  [
    'a bind',
    { Binds: ['/srv:/srv'] },
    [{ Type: 'bind', Source: '/srv', Destination: '/srv', RW: true }],
    undefined,
  ],
  ['a named volume', { Binds: ['data:/data:ro'] }, [volume('data', '/data', false)], undefined],
  ['a named mount', { Mounts: [named('data', '/data')] }, [volume('data', '/data')], undefined],
  ['of the image, or -v /data', {}, [volume('hash', '/data')], [named('hash', '/data')]],
  [
    'that cannot be written',
    {},
    [volume('hash', '/data', false)],
    [{ ...named('hash', '/data'), ReadOnly: true }],
  ],
  [
    'a mount without a source',
    { Mounts: [{ Type: 'volume', Target: '/data', VolumeOptions: { NoCopy: true } } as object] },
    [volume('hash', '/data')],
    [{ ...named('hash', '/data'), VolumeOptions: { NoCopy: true } }],
  ],
  [
    'written in another way',
    { Binds: ['data:/a/'], Mounts: [{ Type: 'volume', Target: '/b/' }] },
    [volume('data', '/a'), volume('hash', '/b'), volume('more', '/c')],
    [named('hash', '/b/'), named('more', '/c')],
  ],
  [
    'several, that are told in any order',
    {},
    [volume('hash', '/b'), volume('more', '/c'), volume('other', '/a')],
    [named('other', '/a'), named('hash', '/b'), named('more', '/c')],
  ],
  ['of another container', { VolumesFrom: ['db'] }, [volume('hash', '/data')], [named('hash', '/data')]],
  [
    'tmpfs',
    { Mounts: [{ Type: 'tmpfs', Target: '/x' }] },
    [{ Type: 'tmpfs', Source: '', Destination: '/x', RW: true }],
    undefined,
  ],
]
for (const [name, HostConfig, Mounts, expected] of table) {
  t.test(`volumes: ${name}`, async (t) => {
    t.same(keptVolumes(blueprintOf({ HostConfig, Mounts })), expected)
  })
}
