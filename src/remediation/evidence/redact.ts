import { isRandom, tokenPrefix } from '../../census/words.ts'

/**
 * Lines that a container has written, made fit for the journal. A log line may hold anything, and nobody can tell a
 * secret that is an ordinary word from one that is none. So what names a secret takes what follows with it, and of
 * everything else only what reads like words, numbers, times and plain paths stays.
 */

/** What stands for what was left out. */
const mask = '…'

/** Only so much of a line is looked at, and so much kept, characters. */
const longest = 2000
const kept = 300

/** Colours and other escapes of terminals (ECMA-48), and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Names of things that are secret, wherever they stand in a longer name. */
const secretName =
  'pass(?:w(?:or)?d|phrase|code)?|pwd|secret|token|api[_-]?key|key|auth\\w*|credential|cookie|session|signature|sig|otp|pin|salt|private|jwt|bearer|login'

/** `"password": "…"`, `api_key=…`, `token is …`: the name stays. A quoted value goes as a whole. */
const assigned = new RegExp(
  `([\\w.$-]*(?:${secretName})[\\w.$-]*["'\\\`]?\\]?\\s*(?:[:=]+>?|\\s(?:is|was))\\s*)("[^"]*"?|'[^']*'?|\`[^\`]*\`?|[^\\s,;&})\\]]+)`,
  'gi',
)

/** A password may have spaces: where nothing quotes it, all that follows goes. */
const phrase = /([\w.$-]*(?:pass|secret)[\w.$-]*\s*[:=]+\s*)(?![\s"'`]).+/gi

/** `password hunter`, `the secret was hunter`: whatever comes next, also where it is an ordinary word. */
const spoken = /\b((?:pass(?:word|phrase|code|wd)|pwd|secret)\s+(?:(?:is|was)\s+)?)(?![:=]|is\b|was\b)\S+/gi

/** A key in its armour, also one that is cut off (RFC 7468). */
const armor = /-----BEGIN.*/g

/** An option of a command line, and its value where one follows: `--api-key x`, `-phunter`, `-p x`. */
const option = /(^|[\s"'([])(--?[A-Za-z][\w.-]*)(=\S*|\s+(?!-)\S+)?/g

/** `NAME=value` as environments have it. */
const variable = /\b([A-Z][A-Z0-9_]{2,}=)("[^"]*"?|'[^']*'?|\S+)/g

/** `Authorization: Bearer …`, `Basic …`: the scheme stays (RFC 9110, 11.6.2). */
const scheme = /\b(Bearer|Basic|Digest|Negotiate|ApiKey|Token)\s+(?![:=]|is\b|was\b)\S+/gi

/** Credentials, path and query of an address: any of them may be a secret. Host and port stay. */
const address = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s/?#"'<>]*)([^\s"'<>]*)/gi

/** One line, redacted and clipped. */
export function redactLine(line: string): string {
  const text = line
    .slice(0, longest)
    .replace(controls, '')
    .replace(armor, mask)
    .replace(phrase, `$1${mask}`)
    .replace(spoken, `$1${mask}`)
    .replace(scheme, `$1 ${mask}`)
    .replace(address, (_, start: string, authority: string, rest: string) => {
      const host = authority.slice(authority.lastIndexOf('@') + 1)
      const [before, behind] = [host === authority ? '' : `${mask}@`, rest === '' ? '' : `/${mask}`]
      return `${start}${before}${redactWord(host)}${behind}`
    })
    .replace(assigned, `$1${mask}`)
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
    .replaceAll(new RegExp(`${mask}(?:[\\s${mask}]*${mask})+`, 'g'), mask)
    .trim()
  return text.length > kept ? `${text.slice(0, kept)} ${mask}` : text
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
  if (/^\p{L}+\d{0,2}$/u.test(run)) return (run.length < 20 || /\p{Ll}\p{Lu}/u.test(run)) && !isRandom(run)
  return /^\d+\p{L}{1,3}$/u.test(run) && run.length < 8
}
