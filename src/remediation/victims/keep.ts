import { type Static, Type } from 'typebox'

/** Which copies of an identity a step leaves. */
export const Keep = Type.Union(
  [
    Type.Integer({ minimum: 1, maximum: 10_000 }),
    Type.Literal('parented'),
    Type.Literal('oldest'),
    Type.Literal('newest'),
  ],
  {
    description:
      'Which copies stay; as the policy has it when left out. A number: at least so many, if the policy does not allow more. parented: those whose parents live before orphans, and then as the policy has it. oldest, newest: as if the policy said so.',
    expected: 'a whole number from 1 to 10000, parented, oldest or newest',
  },
)
export type Keep = Static<typeof Keep>
