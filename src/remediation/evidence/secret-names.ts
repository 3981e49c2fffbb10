/**
 * Where in a line a secret is named. Names are told by their words (`DB_PASSWORD`, `dbPassword` and `db password` have
 * the same two), so that no expression has to guess where a name begins: each character is looked at a few times, not
 * once for every way to cut the line. Lines are clipped before they come here.
 */

/** Says of itself that a secret is near, also in the middle of a longer word: `userpassword`, `tokens`, `APIKEY`. */
const loud =
  /passw(?:or)?d|passphrase|passcode|passwort|kennwort|secret|token|api[_\s-]?key|credential|cookie|bearer|authorization|mnemonic|jwt|密码|密碼|パスワード|비밀번호/gi

/** The same, if it is a word of its own or the end of one: `dbpass`, `MYSQL_PWD`. */
const loudWord = /(?:pass|pwd|psw|pw|otp)$|^(?:otpcode|creds?|cvv|cvc|contraseña|senha|clave|passe|пароль)$/

/** Too common to be one by its name alone, but not as a command (Redis, SQL). */
const loudCommand = /^(?:AUTH|VALUES)$/

/** Two words that are one name: `access key`, `one-time code`, `IDENTIFIED BY`. */
const loudPairs: ReadonlyMap<string, RegExp> = new Map([
  [
    'key',
    /^(?:access|account|activation|deploy|encryption|licen[sc]e|master|private|product|service|shared|signing|ssh)$/,
  ],
  [
    'code',
    /^(?:access|activation|auth|authentication|backup|confirmation|device|invite|login|mfa|pairing|recovery|reset|security|time|verification)$/,
  ],
  ['phrase', /^(?:recovery|seed)$/],
  ['by', /^identified$/],
])

/**
 * Names a secret if something is assigned to it: `key=…`, but not `primary key violated`. `signal`, `design` and
 * `mapping` are none.
 */
const quietWord =
  /pass|pwd|key|auth|session|private|login|salt|otp|licen[sc]e|pin(?!g)|sig(?!n(?:als?|s?)$|ht|ma)|sids?$|^(?:nonce|[cx]srf|seed|dsn)$/

/** One word of a name; digits and what stands between words are none. */
const word = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lo}+/gu

/** `token.js:12:5`, `password.py", line 3`: a file of a program is no name of a secret. */
const sourceFile = /[\w-]{0,40}\.(?:[cm]?[jt]sx?|py|rb|go|java|kt|php|rs|cs|c|cc|cpp|h)(?=:\d|["')]|\s|$)/y

/** What follows a quiet name that is given something: a mark, a quote, or a verb. */
const assignment = /^(?:[:=<([]|[-–]+>?\s|,?\s*\\?["'`“‘]|(?:is|was|are)\b)/

/** `pin 4829`, `key ab12`: so is one with a digit in the next word. */
const digits = /^["'`]?\s+[^\s\d]{0,20}\d/

/** A line of a stack trace: `at f (/app/auth.js:1:2)`. It names functions and files, and gives nothing to any. */
const frame = /^at (?:async |new )?[\w$.<>#/@:()-]+(?: \[as [\w$.-]+\])?(?: \([^\s=?]+\))?$/

/** Behind this character the line may hold a secret; undefined if it names none. */
export function endOfSecretName(line: string): number | undefined {
  const start = line.trimStart()
  if (start.startsWith('at ') && /:\d+\)?$/.test(start) && frame.test(start)) return undefined
  const ends = [firstLoud(line), firstWord(line)].filter((end) => end !== undefined)
  return ends.length > 0 ? Math.min(...ends) : undefined
}

function firstLoud(line: string): number | undefined {
  for (const match of line.matchAll(loud)) {
    const end = match.index + match[0].length
    if (!isSourceFile(line, end)) return valueBefore(line, match.index) ?? end
  }
  return undefined
}

/** `{"value":"…","name":"DB_PASSWORD"}`: where something is named by a field, its value may come first. */
function valueBefore(line: string, end: number): number | undefined {
  const at = line.slice(0, end).search(/\bvalue\\?["']?\s*[:=]/i)
  return at < 0 ? undefined : at + 'value'.length
}

function firstWord(line: string): number | undefined {
  let before = { text: '', end: 0 }
  for (const { 0: text, index } of line.matchAll(word)) {
    const now = { text: text.toLowerCase(), end: index + text.length }
    const isPair =
      loudPairs.get(now.text)?.test(before.text) === true && /^[\s_-]?$/.test(line.slice(before.end, index))
    before = now
    if (!isPair && !loudWord.test(now.text) && !loudCommand.test(text) && !quietWord.test(now.text)) continue
    if (isSourceFile(line, now.end)) continue
    if (isPair || loudWord.test(now.text) || loudCommand.test(text)) return now.end
    const end = assigned(line, now.end)
    if (end !== undefined) return end
  }
  return undefined
}

/** Where a quiet name ends, if it is given something: the rest of its words belong to it. */
function assigned(line: string, from: number): number | undefined {
  const end = from + (/^[\w.$-]*/.exec(line.slice(from))?.[0].length ?? 0)
  // `KeyError: …` tells what went wrong; it is no name of a key.
  if (/(?:Error|Exception)$/.test(line.slice(from, end))) return undefined
  const behind = line.slice(end)
  const given = [behind, behind.replace(/^[\s\\"'`\])>]+/, '')].some((rest) => assignment.test(rest))
  return given || digits.test(behind) ? end : undefined
}

function isSourceFile(line: string, end: number): boolean {
  sourceFile.lastIndex = end
  return sourceFile.test(line)
}
