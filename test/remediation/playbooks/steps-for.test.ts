import t from 'tap'
import { defaultPolicy, makePolicy, type PolicyLayer } from '../../../src/census/policy.ts'
import { type Step, stepsFor } from '../../../src/remediation/playbook.ts'
import { createPlaybooks } from '../../../src/remediation/playbooks/book.ts'

const evidence: Step = { action: 'collect-evidence', onMiss: 'next' }

/** What of these steps is taken for a policy: `kill-orphans next escalate`, with what follows a miss and a failure. */
function taken(steps: readonly Step[], layer: PolicyLayer = {}): string[] {
  const own = { name: 'own', description: 'x', steps: [evidence, ...steps] }
  const playbook = createPlaybooks([own]).find('own')
  if (playbook === undefined) throw new Error('there is no such playbook')
  const policy = makePolicy({ ...defaultPolicy, ...layer }, [])
  return stepsFor(playbook, policy)
    .slice(1)
    .map(({ action, onMiss, onError }) => `${action.name} ${onMiss} ${onError}`)
}

t.test('a step of other profiles is left out', async (t) => {
  const steps: Step[] = [
    { action: 'drain-sessions', profiles: ['metamcp'], onMiss: 'next' },
    { action: 'kill-duplicates', onMiss: 'escalate' },
  ]
  t.same(taken(steps), ['kill-duplicates escalate escalate'])
  t.same(taken(steps, { profile: 'metamcp' }), [
    'drain-sessions next escalate',
    'kill-duplicates escalate escalate',
  ])
})

t.test('where the last one is left out, the one before it ends the run', async (t) => {
  const recreate: Step = { action: 'recreate-container', ifAllowed: true, onMiss: 'stop', onError: 'stop' }
  const steps: Step[] = [{ action: 'restart-container', onMiss: 'next', onError: 'next' }, recreate]
  t.same(taken(steps), ['restart-container stop stop'])
  t.same(taken(steps, { recreate: true }), ['restart-container next next', 'recreate-container stop stop'])
  t.same(taken([{ action: 'restart-container', onMiss: 'next', onError: 'escalate' }, recreate]), [
    'restart-container stop escalate',
  ])
})

t.test('where it is not to be left out, the action itself refuses', async (t) => {
  t.same(taken([{ action: 'recreate-container', onMiss: 'stop' }]), ['recreate-container stop escalate'])
})

t.test('nothing but the evidence may be left', async (t) => {
  t.same(taken([{ action: 'kill-orphans', profiles: ['generic'], onMiss: 'stop' }]), [])
})
