import t from 'tap'
import { containerdConfig, dockerdConfig } from '../../lab/engine/config.ts'
import { mountsBelow } from '../../lab/engine/mounts.ts'
import { freeSubnet, overlap, parseRoutes, parseSubnet } from '../../lab/engine/subnet.ts'

const subnet = (text: string) => parseSubnet(text)!

t.test('subnets overlap or not', async (t) => {
  const cases: [string, string, boolean][] = [
    ['10.213.0.0/16', '10.213.7.0/24', true],
    ['10.213.7.0/24', '10.213.0.0/16', true],
    ['10.0.0.0/8', '10.213.0.0/16', true],
    ['10.213.0.0/16', '10.214.0.0/16', false],
    ['10.213.0.0/16', '172.17.0.1/16', false],
    ['192.168.1.1/32', '192.168.1.1/32', true],
    // The default route contains everything and says nothing.
    ['0.0.0.0/0', '10.213.0.0/16', false],
  ]
  for (const [a, b, expected] of cases) t.equal(overlap(subnet(a), subnet(b)), expected, `${a} ${b}`)
  for (const text of ['', 'fe80::1/64', '10.0.0.0', 'x/8']) t.equal(parseSubnet(text), undefined, text)
})

t.test('a free range is one that no route covers', async (t) => {
  const routes =
    parseRoutes(`Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`)
  t.strictSame(routes, [subnet('0.0.0.0/0'), subnet('10.213.0.0/16'), subnet('172.17.0.0/16')])
  t.equal(freeSubnet(['10.213.0.0/16', '10.214.0.0/16'], routes), '10.214.0.0/16')
  t.equal(freeSubnet(['10.213.0.0/16'], routes), undefined)
})

t.test('mounts below our folders, and no others, the deepest first', async (t) => {
  const mountinfo = `1 0 8:1 / / rw - ext4 /dev/a rw
2 1 8:1 / /lab/data rw - ext4 /dev/a rw
3 2 0:3 / /lab/data/over\\040lay rw - overlay overlay rw
4 1 0:4 / /lab/database rw - tmpfs tmpfs rw
5 1 0:5 / /run/lab/netns rw - nsfs nsfs rw
`
  t.strictSame(mountsBelow(mountinfo, ['/lab/data', '/run/lab']), [
    '/run/lab/netns',
    '/lab/data/over lay',
    '/lab/data',
  ])
})

t.test('the engine stays in its folders and leaves the machine’s rules alone', async (t) => {
  const network = { bridge: 'pwtest', pool: '10.213.0.0/16', forwarding: false }
  const config = JSON.parse(dockerdConfig('/run/lab/docker.sock', '/run/lab', '/lab/data', network))
  t.match(config, { iptables: false, ip6tables: false, 'ip-forward': false, bridge: 'pwtest' })
  t.strictSame(config.hosts, ['unix:///run/lab/docker.sock'])
  for (const key of ['data-root', 'exec-root', 'pidfile', 'containerd']) {
    t.match(config[key], /^\/(run\/lab|lab\/data)\//, key)
  }
  const paths = containerdConfig('/run/lab', '/lab/data').match(/(?<== ")\/[^"]*/g)
  t.ok(paths?.every((path) => /^\/(run\/lab|lab\/data)\//.test(path)))
})
