import t from 'tap'
import { type MaintenanceWindow, underMaintenance } from '../../src/remediation/maintenance.ts'

// 2026-11-20 is a Friday.
const at = (time: string): Date => new Date(`2026-11-${time}Z`)
const open = (window: Partial<MaintenanceWindow>, time: string, name = 'a'): boolean =>
  underMaintenance(name, [{ from: '22:00', to: '23:00', ...window }], at(time))

t.test('from its first minute to before its last', async (t) => {
  t.notOk(open({}, '20T21:59:59'))
  t.ok(open({}, '20T22:00:00'))
  t.ok(open({}, '20T22:59:59'))
  t.notOk(open({}, '20T23:00:00'))
})

t.test('over midnight it belongs to the day on which it began', async (t) => {
  const night = { from: '22:00', to: '02:00', days: ['fri'] } satisfies MaintenanceWindow
  t.ok(open(night, '20T23:00:00'))
  t.ok(open(night, '21T01:59:59'))
  t.notOk(open(night, '21T02:00:00'))
  t.notOk(open(night, '21T22:30:00'), 'Saturday evening')
  t.notOk(open(night, '20T01:00:00'), 'the night of Thursday')
  t.ok(open({ from: '22:00', to: '02:00' }, '20T01:00:00'), 'every day')
})

t.test('from and to alike is the whole day', async (t) => {
  const day = { from: '06:00', to: '06:00', days: ['fri'] } satisfies MaintenanceWindow
  t.ok(open(day, '20T06:00:00'))
  t.ok(open(day, '21T05:59:00'))
  t.notOk(open(day, '20T05:59:00'))
})

t.test('for some containers only', async (t) => {
  t.ok(open({ containers: ['a', 'b'] }, '20T22:30:00'))
  t.notOk(open({ containers: ['b'] }, '20T22:30:00'))
  t.notOk(underMaintenance('a', [], at('20T22:30:00')))
})
