import t from 'tap'
import { readLabels } from '../../src/census/labels.ts'
import { imageReference } from '../../src/host/builder.ts'
import { systemClock } from '../../src/host/clock.ts'
import { createInventory } from '../../src/host/inventory.ts'
import { createFakeDocker } from '../support/fake-docker.ts'

const label = { 'pidwarden.image': 'metamcp:2' }
for (const [name, image, labels, imageLabels, expected] of [
  ['as it was made', 'metamcp:2', {}, {}, 'metamcp:2'],
  ['recreated by its id', 'sha256:1', label, {}, 'metamcp:2'],
  ['that has a better name', 'other:1', label, {}, 'other:1'],
  ['whose image says so', 'sha256:1', label, label, 'sha256:1'],
  ['of which nobody knows who says so', 'sha256:1', label, undefined, 'sha256:1'],
] as const) {
  t.equal(imageReference({ image, labels }, imageLabels), expected, `a container ${name}`)
}

t.test('a container that was recreated by its id goes by its name everywhere', async (t) => {
  const engine = createFakeDocker()
  const { id } = engine.add('metamcp', { image: 'sha256:1', labels: label })
  const log = { info() {}, warn() {} }
  t.match(await createInventory(engine, systemClock, log).refresh(id), { image: 'metamcp:2' })
  t.same(readLabels(label, {}), { layer: {}, errors: [] }, 'and the label is no policy')
})
