import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { joinLibraries, withLibraries } from '../../lab/chromium.ts'

t.test('libraries are taken however deep, and nothing else', async (t) => {
  const index: Record<string, string[]> = {
    chromium: ['libnss3', 'zlib1g', 'libgtk-3-0', 'chromium-common', 'xdg-utils'],
    'chromium-common': ['libc6', 'x11-utils'],
    libnss3: ['libc6', 'libsqlite3-0', 'libnss3'],
    'libsqlite3-0': ['libc6', 'libnss3'],
    'libgtk-3-0': ['libcairo2'],
  }
  const find = async (name: string) => (index[name] ? { depends: index[name] } : undefined)
  t.same((await withLibraries(['chromium', 'chromium-common'], find)).sort(), [
    'chromium',
    'chromium-common',
    'libc6',
    'libnss3',
    'libsqlite3-0',
    'zlib1g',
  ])
})

t.test('packages are joined in one folder', async (t) => {
  const folder = t.testdir()
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('a/usr/lib/chromium/chromium', 'program')
  write('b/usr/lib/chromium/icudtl.dat', 'data')
  write('b/usr/share/doc/b', 'for people')
  write('c/lib/x/libc.so.6', 'library')
  symlinkSync('libc.so.6', join(folder, 'c/lib/x/libc.so'))
  write('c/usr/lib/x/gconv', 'module')
  const target = join(folder, 'joined')
  await joinLibraries(
    ['a', 'b', 'c'].map((root) => join(folder, root)),
    target,
  )
  t.same(readdirSync(target, { recursive: true }).sort(), [
    'chromium',
    'chromium/chromium',
    'chromium/icudtl.dat',
    'x',
    'x/gconv',
    'x/libc.so',
    'x/libc.so.6',
  ])
  t.equal(readFileSync(join(target, 'x/libc.so'), 'utf8'), 'library')
  const program = 'usr/lib/chromium/chromium'
  t.equal(statSync(join(target, 'chromium/chromium')).ino, statSync(join(folder, 'a', program)).ino)

  await t.rejects(joinLibraries([join(folder, 'absent')], join(folder, 'empty')), 'nothing to join')
  t.same(readdirSync(folder).sort(), ['a', 'b', 'c', 'joined'], 'a folder that is there is whole')
})
