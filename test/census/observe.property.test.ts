import t from 'tap'
import { parseExposition } from '../support/exposition.ts'
import { seeded } from '../support/random.ts'
import { createWildHost, type WildHost } from '../support/wild-host.ts'

const hosts = 12

/** The text format 0.0.4, as strict as it can be said: nothing may stand in a label that is not escaped. */
const line =
  /^(# (HELP|TYPE) [a-z0-9_]+ .*|[a-z0-9_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? -?[0-9.]+(e[+-]?\d+)?)$/

/** What a scrape says of one family, summed up by container. */
function sums(text: string, name: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const [labels, value] of parseExposition(text).get(`pidwarden_container_${name}`) ?? []) {
    const container = /name="([^"]*)"/.exec(labels)?.[1] ?? ''
    found.set(container, (found.get(container) ?? 0) + value)
  }
  return found
}

/** What is wrong with a scrape of the host; undefined when nothing is. */
function wrong({ plain, countable, containers }: WildHost, text: string): string | undefined {
  const broken = text.split('\n').find((one) => one !== '' && !line.test(one))
  if (broken !== undefined) return `no exposition: ${broken}`
  const [info, processes, instances, parts, duplicates, counted] = [
    ...['info', 'processes', 'instances', 'command_processes', 'duplicates', 'counted_processes'],
  ].map((name) => sums(text, name)) as [Map<string, number>, ...Map<string, number>[]]
  const untold = containers.find(({ name }) => info.get(name) !== 1)
  if (untold) return `nothing is said of ${untold.name}`
  if (processes?.get(plain.name) !== 3) return `the plain one has ${processes?.get(plain.name)} processes`
  const uncounted = countable.find(({ name }) => processes.get(name) === undefined)
  if (uncounted) return `${uncounted.name} was not counted`
  for (const [name, count] of processes) {
    const of = (family: Map<string, number> | undefined): number => family?.get(name) ?? 0
    if (of(instances) > count) return `${name}: ${of(instances)} instances of ${count} processes`
    if (of(instances) === 0) return `${name}: no instances of ${count} processes`
    if (of(parts) !== count) return `${name}: commands have ${of(parts)} processes of ${count}`
    if (of(duplicates) >= of(instances))
      return `${name}: ${of(duplicates)} duplicates of ${of(instances)} instances`
    if (of(counted) > count) return `${name}: ${of(counted)} counted of ${count}`
  }
  return undefined
}

for (const version of [1, 2] as const) {
  t.test(`any bytes on a host of cgroup v${version}: everything is told, and nothing breaks`, async (t) => {
    for (let seed = 1; seed <= hosts; seed++) {
      const host = createWildHost(t, version, seeded(seed))
      const text = String(await host.metrics.render().then(String))
      const failure = wrong(host, text)
      if (failure !== undefined) {
        t.fail(`seed ${seed}: ${failure}`)
        return
      }
    }
    t.pass(`${hosts} hosts`)
  })
}
