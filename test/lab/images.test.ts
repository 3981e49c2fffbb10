import t from 'tap'
import { type ImageSources, imageSpec } from '../../lab/image/spec.ts'
import { baseImages, composeImages, wantedImages } from '../../lab/wanted.ts'

const sources: ImageSources = {
  node: '/bin/node',
  nodeMajor: '24',
  npmFolder: '/lib/npm',
  certificates: '',
  registry: 'https://npm.example/',
}

t.test('every image the project asks for can be made, but Grafana', async (t) => {
  const wanted = wantedImages()
  const impossible = wanted.filter((name) => !imageSpec(name, sources))
  t.strictSame(
    impossible,
    wanted.filter((name) => name.startsWith('grafana/')),
  )
  t.match(wanted.join(' '), /node:\S+ .*prom\/prometheus:\S+ .*prom\/alertmanager:\S+ .*busybox:\S+/)
})

t.test('nothing is faked', async (t) => {
  for (const name of ['grafana/grafana:1', 'node:22-bookworm-slim', 'node', 'nginx', 'other/busybox:1']) {
    t.equal(imageSpec(name, sources), undefined, name)
  }
})

t.test('the services have the layout of the published images', async (t) => {
  t.match(imageSpec('prom/prometheus:v9', sources)?.changes, [
    /^ENV PATH=/,
    'USER nobody',
    'EXPOSE 9090',
    'VOLUME ["/prometheus"]',
    'WORKDIR /prometheus',
    'ENTRYPOINT ["/bin/prometheus"]',
    'CMD ["--config.file=/etc/prometheus/prometheus.yml","--storage.tsdb.path=/prometheus"]',
  ])
  const alertmanager = imageSpec('prom/alertmanager:v9', sources)
  t.match(
    alertmanager?.changes.at(-1),
    '--config.file=/etc/alertmanager/alertmanager.yml","--storage.path=/alertmanager',
  )
  t.match(
    alertmanager?.folders.find(({ path }) => path === 'alertmanager'),
    { uid: 65534 },
  )
})

t.test('npm in an image trusts and asks whom the machine trusts and asks', async (t) => {
  const changes = (certificates: string) =>
    imageSpec('node:24-bookworm-slim', { ...sources, certificates })?.changes.join('\n')
  t.match(changes(''), /^ENV npm_config_registry=https:\/\/npm\.example\/$/m)
  t.notMatch(changes(''), /NODE_EXTRA_CA_CERTS/)
  t.match(changes('PEM'), /^ENV NODE_EXTRA_CA_CERTS=\/etc\/ssl\/certs\/ca-certificates\.crt$/m)
})

t.test('names come from the files that use them', async (t) => {
  t.strictSame(
    baseImages('FROM --platform=x node:24 AS a\nRUN x\nfrom a\nFROM busybox:1 as b\nFROM node:24\n'),
    ['node:24', 'busybox:1'],
  )
  t.strictSame(
    composeImages({ services: { a: { image: 'x:1' }, b: { image: 'ours:local', build: '.' }, c: null } }),
    ['x:1'],
  )
  t.strictSame(composeImages(null), [])
})
