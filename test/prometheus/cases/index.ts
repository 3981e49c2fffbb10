/** All unit tests of the rules, by what they are about. */

import { type AlertCase, testsOf } from '../alert-case.ts'
import { testsOfRecording } from '../recording-case.ts'
import type { Topic } from '../unit-test.ts'
import { growthCases, slowGrowthCases } from './growth.ts'
import { hostCases, slowHostCases } from './host.ts'
import { itselfCases } from './itself.ts'
import { lifecycleCases } from './lifecycle.ts'
import { limitCases, slowLimitCases } from './limits.ts'
import { recordingCases } from './recordings.ts'
import { remediationCases, slowRemediationCases } from './remediation.ts'
import { tierCases } from './tiers.ts'

const recordings = 'recordings'
const quick = 5
const slow = 30

const topic = (
  name: string,
  cases: readonly AlertCase[],
  every: number,
  rules: readonly string[],
  scraped = every,
): Topic => ({
  ...{ name, every, rules },
  tests: cases.flatMap((known) => testsOf(known, every, scraped)),
})

/** Each is a run of promtool. */
export const topics: readonly Topic[] = [
  {
    ...{ name: recordings, every: slow, rules: [recordings] },
    tests: recordingCases.flatMap((known) => testsOfRecording(known, slow)),
  },
  ...Object.entries(tierCases).map(([resource, cases]) =>
    topic(`tiers-${resource}`, cases, quick, [
      ...(resource === 'cpu' ? [recordings] : []),
      `tiers-${resource}`,
    ]),
  ),
  topic('growth', growthCases, quick, [recordings, 'growth']),
  topic('growth-slow', slowGrowthCases, slow, [recordings, 'growth']),
  topic('limits', limitCases, quick, ['limits']),
  topic('limits-slow', slowLimitCases, slow, [recordings, 'limits']),
  topic('lifecycle', lifecycleCases, quick, ['lifecycle']),
  topic('remediation', remediationCases, quick, [recordings, 'remediation']),
  topic('remediation-slow', slowRemediationCases, slow, [recordings, 'remediation']),
  topic('host', hostCases, quick, [recordings, 'host']),
  // With so few samples in two minutes, one that is missed is a third of the rate.
  topic('host-slow', slowHostCases, slow, [recordings, 'host'], quick),
  topic('itself', itselfCases, quick, ['itself']),
]
