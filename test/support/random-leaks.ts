import { type ProfileName, profileNames } from '../../src/census/profiles.ts'
import type { Sketch } from './process-trees.ts'
import type { Random } from './random.ts'

/**
 * What a process is to its container, by how it was made and not by what the census makes of it. legitimate: nobody
 * has lost it. protected: it leaks, and may not be ended all the same, because of something in its tree.
 */
export type Role = 'legitimate' | 'protected' | 'orphan' | 'duplicate'

/** A process to be started. */
export interface Planted {
  readonly argv: readonly string[]
  readonly role: Role
  /** Its identity, where that is a server. */
  readonly server?: string
  /** A part of the environment that makes it another server. */
  readonly key?: string
  readonly listens?: boolean
  /** It ends once its children are there: they hang below init then. */
  readonly ends?: boolean
  readonly children: readonly Planted[]
}

/** A container whose every process has a role, and the policy that the roles go with. */
export interface Leaks {
  readonly init: Planted
  readonly profile: ProfileName
  readonly victims: 'leaked' | 'any'
  readonly copies: number
  readonly keep: 'oldest' | 'newest'
}

/** Who must live whatever happens: as the metrics name him. */
export const guarded = ['node guarded.js', 'guard']

/** Draws one. Below each gateway stand legitimate servers, as many copies of each as are allowed, and what has leaked. */
export function randomLeaks(random: Random): Leaks {
  const copies = 1 + random.integer(2)
  const keep = random.pick(['oldest', 'newest'] as const)
  const kind = random.pick(['tini', 'gateway', 'shell', 'shell below tini'] as const)
  const gateways = kind === 'gateway' ? 1 : 1 + random.integer(2)
  const names = ['a', 'b', 'c', 'd', 'guarded'].map((name) => ({
    name,
    chain: random.pick(['npx', 'shell', 'bare'] as const),
    key: random.chance(0.3) ? 'one' : '',
  }))
  type Name = (typeof names)[number]
  const orphans: Planted[] = []

  /** A server with its launchers. `role` is that of all of it. */
  function server(
    { name, chain, key }: Name,
    role: Role,
    { helpers = 0, listens = false, guard = false } = {},
  ): Planted {
    const argv = ['node', `/srv/${name}.js`]
    const below: Planted[] = []
    for (let workers = random.integer(3); workers > 0; workers--)
      below.push({ argv: [...argv, '--worker'], role, key, children: [] })
    for (let made = 0; made < helpers; made++)
      below.push({ argv: ['git', ['gc', 'fetch', 'log'][made] ?? ''], role, key, children: [] })
    if (guard) below.push({ argv: ['guard', 'it'], role, key, children: [] })
    const leaf = { argv, role, server: `${name} ${key}`, key, listens, children: below }
    if (chain === 'bare') return leaf
    const shell = { argv: ['sh', '-c', name], role, key, children: [leaf] }
    return chain === 'shell' ? shell : { argv: [`npm exec ${name}`], role, key, children: [shell] }
  }

  function extra(name: Name): Planted {
    if (name.name === 'guarded') return server(name, 'protected')
    if (random.chance(0.15)) return server(name, 'protected', { listens: true })
    if (random.chance(0.1)) return server(name, 'protected', { guard: true })
    // With a helper and next to init, it could be a gateway by all that can be seen.
    const helpers = name.chain === 'npx' && random.chance(0.3) ? 1 : 0
    return server(name, 'duplicate', { helpers })
  }

  function gateway(number: number): Planted {
    const children: Planted[] = []
    // Another one below init with nothing below it is a gateway by nothing that can be seen.
    for (const name of names.filter(({ name }) => (number > 0 && name === 'a') || random.chance(0.6))) {
      const belong = Array.from({ length: copies }, () =>
        server(name, 'legitimate', { helpers: random.integer(3) }),
      )
      const extras = Array.from({ length: random.integer(4) }, () => extra(name))
      children.push(...(keep === 'oldest' ? [...belong, ...extras] : [...extras, ...belong]))
      // The same server with another key is another server.
      if (random.chance(0.3)) children.push(server({ ...name, key: `other ${number}` }, 'legitimate'))
      // Only what has lost its launcher, or lies below tini, can be told from what init has started itself.
      const lost = name.chain === 'npx' || (kind.endsWith('tini') && name.chain === 'bare')
      const among = random.chance(lost ? 0.6 : 0) ? 1 + random.integer(3) : 0
      for (let made = 0; made < among; made++) {
        const role = name.name === 'guarded' ? 'protected' : 'orphan'
        const [leaf = server(name, role)] = name.chain === 'npx' ? server(name, role).children : []
        orphans.push({ argv: ['npm exec gone'], role: 'legitimate', ends: true, children: [leaf] })
      }
    }
    return { argv: ['node', `/app/gateway-${number}.js`], role: 'legitimate', children }
  }

  const own = Array.from({ length: gateways }, (_, number) => gateway(number))
  const [first] = own
  if (first === undefined) throw new Error('no gateway')
  const plant = (argv: readonly string[], children: readonly Planted[]): Planted => {
    return { argv, role: 'legitimate', children }
  }
  const entry = ['sh', '/entry.sh']
  const inits = {
    tini: plant(['tini', '--', 'node', '/app/gateway.js'], [...own, ...orphans]),
    gateway: { ...first, children: [...first.children, ...orphans] },
    shell: plant(entry, [...own, ...orphans]),
    'shell below tini': plant(['tini', '--', ...entry], [plant(entry, own), ...orphans]),
  }
  return {
    init: inits[kind],
    profile: random.pick(profileNames),
    victims: random.pick(['leaked', 'any'] as const),
    copies,
    keep,
  }
}

/** A planted process that runs. */
export interface Grown extends Sketch {
  readonly role: Role
  readonly server?: string
  readonly listens: boolean
}

/** Starts all of it, one after the other; pids come in any order. What was orphaned may have been seen before. */
export function grow({ init }: Leaks, random: Random): Grown[] {
  const grown: Grown[] = []
  const free = Array.from({ length: 5000 }, (_, index) => index + 2)
  let clock = 0
  const start = (
    { argv, role, server, key = '', listens = false, ends = false, children }: Planted,
    ppid: number,
    orphaned = false,
  ): void => {
    let pid = ppid
    if (!ends) {
      pid = grown.length === 0 ? 1 : (free.splice(random.integer(free.length), 1)[0] ?? 0)
      const env = ['PATH=/usr/bin', `KEY=${key}`]
      const reparented = orphaned && random.chance(0.5)
      grown.push({
        pid,
        ppid,
        argv,
        start: ++clock,
        env,
        role,
        ...(server && { server }),
        listens,
        reparented,
      })
    }
    for (const child of children) start(child, pid, ends)
  }
  start(init, 0)
  if (random.chance(0.5)) {
    const outside = { role: 'legitimate', listens: false, start: ++clock } as const
    grown.push(
      { ...outside, pid: 9000, ppid: 8999, argv: ['sh'] },
      { ...outside, pid: 9001, ppid: 9000, argv: ['top'] },
    )
  }
  return grown
}
