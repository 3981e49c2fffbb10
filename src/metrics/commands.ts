import type { StandingInstance } from '../census/leaks.ts'
import type { CensusFamily } from './family.ts'

/** How many commands of one container are told apart; the rest is summed up under `other`. */
const most = 50

/** Bytes a page: field 24 of /proc/<pid>/stat counts pages of 4 KiB where Docker runs; 16 or 64 on some arm64. */
const pageSize = 4096

interface Sum {
  instances: number
  duplicates: number
  processes: number
  bytes: number
}

/** What runs in the container, and how much of it is there more than once. */
export const commands: CensusFamily = (exposition) => {
  const instances = exposition.gauge(
    'container_instances',
    'Running copies of a command, a launcher chain counted once.',
    ['name', 'command'],
  )
  const duplicates = exposition.gauge(
    'container_duplicates',
    'Instances beyond the allowed copies of their identity (arguments, directory, user, environment).',
    ['name', 'command'],
  )
  const processes = exposition.gauge(
    'container_command_processes',
    'Processes of a command, its launchers and workers among them.',
    ['name', 'command'],
  )
  const memory = exposition.gauge(
    'container_command_memory_bytes',
    'Resident memory of the processes of a command, added up; what they share is counted for each of them.',
    ['name', 'command'],
  )
  const folded = exposition.gauge(
    'container_commands_folded',
    'Commands that are summed up under command="other" because the container has too many different ones.',
    ['name'],
  )
  return (observations) => {
    for (const { container, census } of observations) {
      if (census.kind !== 'value') continue
      const { name } = container
      const { sums, rest } = summarise(census.value.instances)
      for (const [command, sum] of sums) {
        instances.set({ name, command }, sum.instances)
        duplicates.set({ name, command }, sum.duplicates)
        processes.set({ name, command }, sum.processes)
        memory.set({ name, command }, sum.bytes)
      }
      folded.set({ name }, rest)
    }
  }
}

function summarise(all: readonly StandingInstance[]): { sums: Map<string, Sum>; rest: number } {
  const byCommand = new Map<string, Sum>()
  for (const { command, standing, members } of all) {
    const sum = byCommand.get(command) ?? { instances: 0, duplicates: 0, processes: 0, bytes: 0 }
    sum.instances += 1
    sum.duplicates += standing === 'duplicate' ? 1 : 0
    sum.processes += members.length
    for (const { rssPages } of members) sum.bytes += rssPages * pageSize
    byCommand.set(command, sum)
  }
  if (byCommand.size <= most) return { sums: byCommand, rest: 0 }
  const ranked = [...byCommand].sort(
    ([, a], [, b]) => b.duplicates - a.duplicates || b.processes - a.processes,
  )
  const other: Sum = { instances: 0, duplicates: 0, processes: 0, bytes: 0 }
  // A program that is itself called `other` is not told apart from the rest.
  const [shown, rest] = [ranked.slice(0, most), ranked.slice(most)]
  const namesake = shown.findIndex(([command]) => command === 'other')
  if (namesake >= 0) rest.push(...shown.splice(namesake, 1))
  for (const [, sum] of rest) {
    other.instances += sum.instances
    other.duplicates += sum.duplicates
    other.processes += sum.processes
    other.bytes += sum.bytes
  }
  return { sums: new Map([...shown, ['other', other]]), rest: rest.length }
}
