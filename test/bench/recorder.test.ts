import t from 'tap'
import { installRecorder } from '../../bench/census/recorder.ts'

t.test('what is read is noted, as floor.c takes it', async (t) => {
  const recorder = installRecorder()
  const { readBytes } = await import('../../src/host/file.ts')
  const { existsSync, readdirSync, readlinkSync } = await import('node:fs')
  const folder = t.testdir({ short: 'x', long: 'x'.repeat(3000), link: t.fixture('symlink', 'short') })

  readBytes(`${folder}/short`)
  recorder.begin()
  readBytes(`${folder}/short`)
  readBytes(`${folder}/long`)
  t.throws(() => readBytes(`${folder}/gone`), { code: 'ENOENT' })
  readdirSync(folder)
  readlinkSync(`${folder}/link`)
  t.ok(existsSync(folder))
  const lines = recorder.end()
  readBytes(`${folder}/short`)

  t.same(lines, [
    `f 1 ${folder}/short`,
    `f 2 ${folder}/long`,
    `f 0 ${folder}/gone`,
    `d ${folder}`,
    `l ${folder}/link`,
    `e ${folder}`,
  ])
  t.same(recorder.end(), [], 'nothing is noted outside of a recording')
})
