import t from 'tap'
import { missingPrivileges } from '../../src/host/privileges.ts'
import { createProcfs, type Procfs } from '../../src/host/procfs.ts'
import { createSignals, type Signals } from '../../src/host/signal.ts'
import { unprivileged } from '../support/unprivileged.ts'

const bits = { CAP_DAC_READ_SEARCH: 2n, CAP_KILL: 5n, CAP_SYS_PTRACE: 19n }
const mask = (...names: (keyof typeof bits)[]): bigint =>
  names.reduce((sum, name) => sum | (1n << bits[name]), 0n)
const withCapabilities = (capabilities: bigint): Procfs => ({
  ...createProcfs('/nowhere'),
  ownCapabilities: () => capabilities,
})

/** A Signals that notes what is opened and closed. */
function fakeSignals(open: () => ReturnType<Signals['open']> = () => undefined) {
  const seen: (number | 'closed')[] = []
  const signals: Signals = {
    open(pid) {
      seen.push(pid)
      const handle = open()
      return handle && { ...handle, close: () => void seen.push('closed') }
    },
  }
  return { signals, seen }
}

const missing = (capabilities: bigint, { signals } = fakeSignals()): string[] =>
  missingPrivileges(withCapabilities(capabilities), signals, 77).map(({ name }) => name)

t.test('each capability is missed by name', async (t) => {
  const all = mask('CAP_KILL', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH')
  t.strictSame(missing(all), [])
  t.strictSame(missing(0n).toSorted(), ['CAP_DAC_READ_SEARCH', 'CAP_KILL', 'CAP_SYS_PTRACE'])
  t.strictSame(missing(mask('CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH')), ['CAP_KILL'])
  t.strictSame(missing(mask('CAP_KILL', 'CAP_DAC_READ_SEARCH')), ['CAP_SYS_PTRACE'])
  t.strictSame(missing(mask('CAP_KILL', 'CAP_SYS_PTRACE')), ['CAP_DAC_READ_SEARCH'])
  t.strictSame(missing((1n << 41n) - 1n), [], 'all that there are')
  t.equal(missing(((1n << 41n) - 1n) & ~all).length, 3, 'all others are of no use')
})

t.test('every missing privilege says what does not work', async (t) => {
  const found = missingPrivileges(withCapabilities(0n), fakeSignals().signals, 77)
  for (const privilege of found) {
    t.match(Object.keys(privilege).toSorted(), ['consequence', 'name'])
    t.match(privilege.consequence, /cannot/)
  }
})

t.test('pidfds are tried on pidwarden itself, and closed', async (t) => {
  const { signals, seen } = fakeSignals(() => ({ pid: 77, send: () => 'sent', close: () => {} }))
  t.strictSame(missingPrivileges(withCapabilities(-1n), signals, 77), [])
  t.strictSame(seen, [77, 'closed'])
})

t.test('a kernel that refuses pidfds is named, with its own words', async (t) => {
  const { signals } = fakeSignals(() => {
    throw new Error('pidfd_open(77): ENOSYS (the kernel has no pidfd)')
  })
  t.match(missingPrivileges(withCapabilities(-1n), signals, 77), [
    { name: 'pidfd_open', consequence: /nothing can be signalled: .*ENOSYS/ },
  ])
})

t.test('on this machine', async (t) => {
  const signals = createSignals()
  const names = unprivileged(() => missingPrivileges(createProcfs(), signals, process.pid)).map(
    ({ name }) => name,
  )
  t.strictSame(names, ['CAP_KILL', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'], 'pidfd_open needs none')
})
