import { isRandom, tokenPrefix } from '../../census/words.ts'
import { endOfSecretName } from './secret-names.ts'

/**
 * Lines that a container has written, made fit for the journal. A log line may hold anything, and nobody can tell a
 * secret that is an ordinary word from one that is none. So where a secret is named, the rest of the line goes, and of
 * everything else only what reads like words, numbers, times and plain paths stays.
 *
 * A container can write whatever it likes, and while a line is gone through, nothing else is done. So only the
 * beginning of a line is looked at, and no expression here has two ways to match the same characters.
 */

/** What stands for what was left out. */
const mask = '…'

/** Only so much of a line is looked at, and so much kept, characters. */
const longest = 500
const kept = 300

/** Titles and links of terminals, their colours and other escapes (ECMA-48), and characters that nobody sees. */
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}/gu

/** A key in its armour, also one that is cut off (RFC 7468). */
const armor = /-----BEGIN.*/g

/** A value with quotes around it goes as a whole, also where they are not closed. */
const quoted = '"[^"]*"?|\'[^\']*\'?|`[^`]*`?'

/** An option of a command line, and its value where one follows: `--file x`, `-phunter`, `-p "a b"`, `"-p","x"`. */
const option = new RegExp(
  `(^|[\\s"'([])(--?[A-Za-z][\\w.-]*)(=(?:${quoted}|\\S*)|\\s+(?!-)(?:${quoted}|\\S+)|\\\\?["']\\s*,\\s*\\\\?["'](?!-)[^"']*)?`,
  'g',
)

/** `NAME=value` as environments have it. */
const variable = new RegExp(`\\b([A-Z][A-Z0-9_]{2,}=)(${quoted}|\\S+)`, 'g')

/** `Basic …`: the scheme stays (RFC 9110, 11.6.2). Bearer and the name of the header are known by themselves. */
const scheme = /\b(Basic|Digest|Negotiate)\s+\S+/gi

/** Credentials, path and query of an address: any of them may be a secret. A password may hold a slash or an @. */
const address = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)(\S*@)?([^\s/?#"'<>]*)([^\s"'<>]*)/gi

/** The address of a module in a stack trace, which may lie in a scope (`@scope`). */
const moduleFile = /^\(?file:\/\/\/[\w@.+~/%:()-]*$/

/** A host, and its port; `user:password`, of which the rest was cut off, is none. */
const host = /^(?:\[[\da-f:.]*\]|[^:]*)(?::\d*)?$/i

/** What is asked of a path: `/x?a=b`. */
const query = /\?[\w.[\]%-]+=[^\s"'<>]*/g

/** The number of a card in groups (ISO/IEC 7812): 4-4-4-4, 4-6-5. */
const card = /\b\d{4}[ -](?:\d{4}[ -]\d{4}[ -]\d{1,4}(?:[ -]\d{1,3})?|\d{6}[ -]\d{4,5})\b/g

/** What ends a sentence, a field or a quote holds no secret: `invalid password.` stays. */
const ending = /^[\s.!?:=,;"'`)\]}>\\]*$/

/** One line, redacted and clipped. */
export function redactLine(line: string): string {
  const { text, cut } = clipped(line)
  const end = endOfSecretName(text)
  const named = end === undefined ? text : text.slice(0, end + separator(text, end))
  const hides = cut || (end !== undefined && !ending.test(text.slice(end)))
  const redacted = redactText(hides || end === undefined ? named : text) + (hides ? mask : '')
  const tidy = redacted.replace(/…[\s…]*…/g, mask).trim()
  return tidy.length > kept ? `${tidy.slice(0, kept)} ${mask}` : tidy
}

/** The beginning of a line. A word is left out rather than cut: half of an address reads like another. */
function clipped(line: string): { readonly text: string; readonly cut: boolean } {
  const seen = line.slice(0, 4 * longest).replace(controls, '')
  if (seen.length <= longest && line.length <= 4 * longest) return { text: seen, cut: false }
  const text = seen.slice(0, longest)
  return { text: text.slice(0, text.search(/\S*$/)), cut: true }
}

/** How much of what follows a name only parts it from its value. */
function separator(text: string, end: number): number {
  return /^[\\"'`\])>\s]*(?:[:=]+>?[\s\\"'`]*)?/.exec(text.slice(end))?.[0].length ?? 0
}

function redactText(text: string): string {
  return text
    .replace(armor, mask)
    .replace(scheme, `$1 ${mask}`)
    .replace(address, redactAddress)
    .replace(/[^\s"]+/g, withoutPassword)
    .replace(query, `?${mask}`)
    .replace(card, mask)
    .replace(variable, `$1${mask}`)
    .replace(option, (_, before: string, name: string, value = '') => {
      // With one dash the value may be attached: of the name only its first letter is one for certain.
      const shown = name.startsWith('--')
        ? redactWord(name)
        : name.length > 2
          ? `${name.slice(0, 2)}${mask}`
          : name
      return `${before}${shown}${value === '' ? '' : ` ${mask}`}`
    })
    .replace(/[^\s,;{}"'`]+/g, redactWord)
}

function redactAddress(
  whole: string,
  start: string,
  user: string | undefined,
  name: string,
  rest: string,
): string {
  if (moduleFile.test(whole)) return whole
  const before = user === undefined ? '' : `${mask}@`
  return `${start}${before}${host.test(name) ? redactWord(name) : mask}${rest === '' ? '' : `/${mask}`}`
}

/** `user:password@host` without a scheme; not `npm:@scope/name`. */
function withoutPassword(word: string): string {
  const at = word.lastIndexOf('@')
  const colon = word.indexOf(':')
  if (colon < 0 || at < colon || /[/:…]/.test(word.charAt(at - 1))) return word
  return `${mask}${word.slice(at)}`
}

/** A word without any character that words, numbers, times and paths do not have. */
const plain = /^[\p{L}\p{N}\p{P}\p{S}]*$/u
const oddInside = /[\p{L}\p{N}][^\p{L}\p{N}./:,_()[\]"'`…\\>|+=*-]+[\p{L}\p{N}]/u

/** 2026-11-20T12:00:00.000Z, 12:00:00,123: digits that say when. */
const time = /^\[?\d{2,4}[-/:.]\d{2}[-/:.]\d{2,4}(?:[T ,.:]?[\d:.,+-]*Z?)?[\]:,]?$/

function redactWord(word: string): string {
  if (time.test(word)) return word
  if (!plain.test(word) || oddInside.test(word)) return mask
  const bare = word.replace(/^[^\p{L}\p{N}]+/u, '')
  if (tokenPrefix.test(bare) || word.split(/[^A-Za-z0-9_.-]+/).some((part) => tokenPrefix.test(part)))
    return mask
  const runs = word.match(/[\p{L}\p{N}]+/gu) ?? []
  return runs.every(isOrdinary) ? word : mask
}

/** `utf8`, `node24`, `10ms`, `3`, `server`; not `hunter2x`, `12345678` or what somebody's cat has typed. */
function isOrdinary(run: string): boolean {
  if (/^\d+$/.test(run)) return run.length < 8
  if (/^\p{L}+\d{0,2}$/u.test(run))
    return (run.length < 20 || isCompound(run)) && !isRandom(run) && !isHex(run)
  return run.length < (/^\d+(?:[kKMG]i?B|[mnuµ]s)$/.test(run) ? 13 : 8) && /^\d+\p{L}{1,3}$/u.test(run)
}

/** `DefaultHttpClientFactory`: words as people write them, not as chance does. */
function isCompound(run: string): boolean {
  const words = run.split(/(?<=\p{Ll})(?=\p{Lu})/u)
  return words.length > 1 && words.every((one) => one.length < 20 && /^\p{Lu}{0,4}\p{Ll}+\d{0,2}$/u.test(one))
}

function isHex(run: string): boolean {
  return run.length >= 10 && /^[\da-f]+$/i.test(run)
}
