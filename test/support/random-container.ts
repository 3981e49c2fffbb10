import type { Sketch } from './process-trees.ts'
import type { Random } from './random.ts'

/**
 * A container as they are: an init, gateways below it, servers behind launchers below those, workers and helpers
 * below servers, things from outside, orphans, and parts that cannot be read. Pids come in any order.
 */
export function randomContainer(random: Random): Sketch[] {
  const sketches: Sketch[] = []
  const free = Array.from({ length: 2000 }, (_, index) => index + 2)
  const add = (ppid: number, argv: readonly string[], more: Partial<Sketch> = {}): number => {
    const pid = sketches.length === 0 ? 1 : (free.splice(random.integer(free.length), 1)[0] ?? 0)
    sketches.push({ ...more, pid, ppid, argv, start: random.integer(400) })
    return pid
  }
  const server = (parent: number): void => {
    const name = `server-${random.integer(3)}`
    const more: Partial<Sketch> = {
      ...(random.chance(0.2) ? { env: [`KEY=${random.integer(2)}`] } : {}),
      ...(random.chance(0.1) ? { cwd: '/other' } : {}),
      ...(random.chance(0.2) ? { reparented: true } : {}),
      ...(random.chance(0.05) ? { unreadable: random.pick(['cwd', 'uid', 'environ'] as const) } : {}),
    }
    let above = parent
    if (random.chance(0.7)) above = add(above, [`npm exec ${name}`], more)
    if (random.chance(0.7)) above = add(above, ['sh', '-c', name], more)
    const leaf = add(above, ['node', `/srv/${name}.js`], more)
    const below = [leaf]
    for (let workers = random.integer(3); workers > 0; workers--) {
      below.push(add(random.pick(below), ['node', `/srv/${name}.js`, '--worker'], more))
    }
    for (let helpers = random.chance(0.3) ? random.integer(4) : 0; helpers > 0; helpers--) {
      add(random.pick(below), ['git', random.pick(['fetch', 'gc'])])
    }
  }
  const init = add(
    0,
    random.pick([
      ['tini', '--', 'x'],
      ['node', '/app/gateway-0.js'],
      ['sh', '/entry.sh'],
    ]),
  )
  const parents = [init]
  for (let gateways = random.integer(3); gateways > 0; gateways--)
    parents.push(add(init, ['node', `/app/gateway-${gateways}.js`]))
  for (let servers = random.integer(25); servers > 0; servers--) server(random.pick(parents))
  for (let outside = random.integer(3); outside > 0; outside--)
    server(random.chance(0.5) ? 5000 + outside : add(5000 + outside, ['sh', '/once.sh']))
  return sketches
}
