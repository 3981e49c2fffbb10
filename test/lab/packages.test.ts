import t from 'tap'
import { findPackage, releaseChecksum } from '../../lab/debian/packages.ts'
import { compareVersions } from '../../lab/debian/versions.ts'

const stanza = (name: string, version: string, more = '') =>
  `Package: ${name}\nVersion: ${version}\n${more}Filename: pool/${name}_${version}.deb\nSHA256: ${'ab'.repeat(32)}\n`

t.test('a package is found by its whole name', async (t) => {
  const index = [
    stanza('prometheus-alertmanager', '0.33.1-5'),
    stanza(
      'prometheus',
      '3.5.3+ds1-6',
      'Depends: adduser, promtool (>= 3), libc6 (>= 2.34) | libc6.1, a:any\n',
    ),
    // A description may quote anything.
    `${stanza('other', '1')}Description: see\n Package: promtool\n`,
  ].join('\n')
  t.strictSame(findPackage(index, 'prometheus'), {
    name: 'prometheus',
    version: '3.5.3+ds1-6',
    filename: 'pool/prometheus_3.5.3+ds1-6.deb',
    sha256: 'ab'.repeat(32),
    depends: ['adduser', 'promtool', 'libc6', 'a'],
  })
  t.equal(findPackage(index, 'prometheus-alertmanager')?.version, '0.33.1-5')
  t.strictSame(findPackage(index, 'prometheus-alertmanager')?.depends, [])
  for (const absent of ['promtool', 'prom', 'alertmanager', ''])
    t.equal(findPackage(index, absent), undefined, absent)
})

t.test('of several versions the newest is taken', async (t) => {
  const index = [stanza('runc', '1.9-1'), stanza('runc', '1.10-1'), stanza('runc', '1.2-1')].join('\n')
  t.equal(findPackage(index, 'runc')?.version, '1.10-1')
})

t.test('a stanza that cannot be fetched and verified does not count', async (t) => {
  t.equal(findPackage('Package: runc\nVersion: 1\nFilename: pool/runc.deb\n', 'runc'), undefined)
  t.equal(findPackage('', 'runc'), undefined)
})

t.test('checksums come from the SHA256 section', async (t) => {
  const release = `Suite: unstable
MD5Sum:
 1111 10 main/binary-amd64/Packages.gz
SHA256:
 2222 10 main/binary-amd64/Packages
 3333 10 main/binary-amd64/Packages.gz
SHA512:
 4444 10 main/binary-arm64/Packages.gz
`
  t.equal(releaseChecksum(release, 'main/binary-amd64/Packages.gz'), '3333')
  t.equal(releaseChecksum(release, 'main/binary-arm64/Packages.gz'), undefined)
  t.equal(releaseChecksum('', 'main/binary-amd64/Packages.gz'), undefined)
})

t.test("versions sort in Debian's order", async (t) => {
  const ascending = [
    '1.0~rc1-1',
    '1.0-1',
    '1.0-1+deb12u1',
    '1.0-2',
    '1.0+ds1-1',
    '1.0.1',
    '1.9',
    '1.10',
    '1:0.1',
  ]
  for (const [i, a] of ascending.entries()) {
    const signs = ascending.map((b) => Math.sign(compareVersions(a, b)))
    t.strictSame(
      signs,
      ascending.map((_, j) => Math.sign(i - j)),
      a,
    )
  }
})
