import type { Standing } from './leaks.ts'

/** What is known about an application: what of its children may be ended without harm to it. */
export interface Profile {
  /** One sentence for people. */
  readonly description: string
  /** Instances of these standings may get a terminating signal. */
  readonly ends: readonly Extract<Standing, 'orphan' | 'duplicate'>[]
  /** What its clients have to do after a restart, for people: many do not do it by themselves. */
  readonly afterRestart?: string
  /** What images are called that are recognisably this application: reported, and never taken for an answer. */
  readonly image?: RegExp
}

/** Every profile by its name. The next application is an entry here, and at most one action. */
export const profiles = {
  unknown: { description: 'Only orphans may be signalled.', ends: ['orphan'] },
  generic: { description: 'Orphans and duplicates may be signalled.', ends: ['orphan', 'duplicate'] },
  metamcp: {
    description:
      'Only orphans may be signalled; abandoned sessions are closed through the API of the gateway, because a child that ends makes it give the whole server up.',
    ends: ['orphan'],
    afterRestart:
      'its clients were disconnected, and have to initialise again: those that do not must be restarted',
    image: /(^|\/)metamcp(-[a-z0-9]+)*([:@]|$)/,
  },
} as const satisfies Record<string, Profile>

/** The name of a profile. */
export type ProfileName = keyof typeof profiles

/** The names of the profiles, as a label or the file may say them. */
export const profileNames = ['unknown', 'generic', 'metamcp'] as const satisfies readonly ProfileName[]

/** What clients of an application have to do after a restart; undefined = nothing that is known. */
export function afterRestart(name: ProfileName): string | undefined {
  const profile: Profile = profiles[name]
  return profile.afterRestart
}

/** The profile that an image is recognisably made for, where the policy does not say so. */
export function likelyProfile(image: string): ProfileName | undefined {
  const known: readonly (readonly [ProfileName, Profile])[] = profileNames.map((name) => [
    name,
    profiles[name],
  ])
  return known.find(([, profile]) => profile.image?.test(image))?.[0]
}
