import t from 'tap'
import { isComplete, parseOptions } from '../../bench/options.ts'

const known = ['floor', 'stall']

t.test('options', async (t) => {
  for (const { args, is, complete } of [
    { args: [], is: { names: [], quick: false, strict: false, ground: 'containers' }, complete: true },
    { args: ['--strict'], is: { strict: true, ground: 'containers' }, complete: true },
    { args: ['--quick'], is: { quick: true, ground: 'cgroups' }, complete: false },
    { args: ['--quick', '--farm=containers'], is: { quick: true, ground: 'containers' }, complete: false },
    { args: ['stall', '--farm=cgroups'], is: { names: ['stall'], ground: 'cgroups' }, complete: false },
  ]) {
    const options = parseOptions(args, known)
    t.match(options, is, args.join(' '))
    t.equal(isComplete(options), complete, `${args.join(' ')} may be published: ${complete}`)
  }
})

t.test('what is wrong is said', async (t) => {
  t.throws(() => parseOptions(['flor'], known), { message: 'no benchmark flor; there are floor, stall' })
  t.throws(() => parseOptions(['--farm=zoo'], known), {
    message: '--farm=zoo: expected containers or cgroups',
  })
  t.throws(() => parseOptions(['--fast'], known), /--fast/)
})
