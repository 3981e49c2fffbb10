import { createHmac, type KeyObject } from 'node:crypto'
import type { Reading } from '../host/reading.ts'

/**
 * What makes two processes copies of one another, for decisions only; it is never shown. `uncertain` when a part
 * could not be read: nothing is called a duplicate on half of the evidence.
 */
export type Identity =
  | { readonly kind: 'known'; readonly digest: string }
  | {
      readonly kind: 'uncertain'
      readonly reason: string
      /** True when all was read, so that to read it again would not help. */
      readonly lasting?: true
    }

/** The parts of an identity, as read from /proc/<pid> of the leaf. */
export interface IdentityParts {
  readonly argv: Reading<readonly string[]>
  readonly cwd: Reading<string>
  readonly uid: Reading<number>
  readonly environ: Reading<readonly string[]>
}

/**
 * Variables that differ between copies of one program without meaning anything: the shell's own bookkeeping, what
 * systemd stamps on each start, and the channel that Node opens to a child. Every other difference counts: API keys
 * live in the environment, and the same server with two keys is two servers.
 */
const volatile =
  /^(_|SHLVL|OLDPWD|INVOCATION_ID|JOURNAL_STREAM|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE)=/

/**
 * Crash handlers leave their browser at the start, so that those of all browsers hang below init. They differ in
 * nothing that can be read, and each serves another browser: none is a copy.
 */
const leavesItsParent = /(^|\/)((chrome|msedge)_)?crashpad_handler$/

/** `key` is secret and new at every start, so that a digest says nothing about the environment behind it. */
export function identityOf(parts: IdentityParts, key: KeyObject): Identity {
  const { argv, cwd, uid, environ } = parts
  if (argv.kind !== 'value') return uncertain('argv', argv)
  if (cwd.kind !== 'value') return uncertain('cwd', cwd)
  if (uid.kind !== 'value') return uncertain('uid', uid)
  if (environ.kind !== 'value') return uncertain('environ', environ)
  // setproctitle and Perl's $0 write over the environment: what is left there tells two servers apart no more.
  if (environ.value.length === 0 || environ.value.some((variable) => !/^[^=]+=/.test(variable))) {
    return unfit('environ: empty or overwritten')
  }
  if (argv.value.length === 0) return unfit('argv: empty')
  if (leavesItsParent.test(argv.value[0] ?? '')) return unfit('argv: left its parent')
  const lasting = environ.value.filter((variable) => !volatile.test(variable)).sort()
  const hmac = createHmac('sha256', key)
  // JSON keeps the borders between the strings, so that no two different lists give the same bytes.
  hmac.update(JSON.stringify([argv.value, cwd.value, uid.value, lasting]))
  return { kind: 'known', digest: hmac.digest('base64url') }
}

function unfit(reason: string): Identity {
  return { kind: 'uncertain', reason, lasting: true }
}

/** True when this identity is all that will ever be known. */
export function isFinal(identity: Identity): boolean {
  return identity.kind === 'known' || identity.lasting === true
}

function uncertain(part: string, reading: Reading<unknown>): Identity {
  return { kind: 'uncertain', reason: `${part}: ${reading.kind}` }
}
