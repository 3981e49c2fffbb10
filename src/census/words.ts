/**
 * Which words of a command line may stand in a label. Labels leave the machine, so a word gets in by standing where
 * only a name can stand and by looking like one; that it does not look like a key is asked on top of that.
 */

const nameWord = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,39}$/

/** Prefixes by which services mark their tokens, so that a token in the place of a name is known for what it is. */
export const tokenPrefix = new RegExp(
  `^(${[
    'gh[a-z]_|github_pat_|gl(pat|dt|rt|cbt|ptt|ft|soat|agent|imt|sa)[-_]|ATATT|npm_|pypi-Ag|dckr_pat_|dop_v1_', // hosting
    'A(KIA|SIA|ROA|IDA|BIA|CCA)|AIza|ya29\\.|eyJ|hv[sb]\\.|AGE-SECRET-KEY|dapi[0-9a-f]{8}|tskey-|ops_ey', // clouds
    'sk-|gsk_|xai-|pplx-|tvly-|nvapi-|hf_[A-Za-z]{16}|r8_[A-Za-z0-9]{16}', // models
    'xox[a-z]-|xapp-|[spr]k_(live|test)_|whsec_|shp[a-z]{2}_|SG\\.|key-[0-9a-z]{16}|EAAC|sq0', // messages, payment
    'secret_|ntn_|fig[dou]_|lin_api_|sbp_|sb_secret_|sntry[su]_|NRAK-|PMAK-|rnd_|vercel_|ctx7sk', // tools
  ].join('|')})`,
)

/** Letters that change to digits or from small to great, and back: names do so seldom, keys all the time. */
const turn = /[a-z](?=[A-Z0-9])|\d(?=[A-Za-z])|[A-Z](?=\d)/g

/** A hash, a key, an id, a timestamp: not what anyone would call a thing. */
export function isRandom(run: string): boolean {
  if (run.length < 8) return false
  const digits = run.match(/\d/g)?.length ?? 0
  if (digits === run.length) return true
  if (digits > 0 && /^[0-9a-f]+$/i.test(run)) return true
  const turns = run.match(turn)?.length ?? 0
  if (run.length >= 16 && digits > 0 && (digits >= 3 || turns >= 3)) return true
  return turns >= 4 && 4 * turns >= run.length
}

/** `word` if it reads like the name of a program, script or module, else undefined. */
export function asName(word: string | undefined): string | undefined {
  if (word === undefined || !nameWord.test(word) || !/[A-Za-z]/.test(word)) return undefined
  return tokenPrefix.test(word) || (word.match(/[A-Za-z0-9]+/g) ?? []).some(isRandom) ? undefined : word
}

/** npm or PyPI package: https://docs.npmjs.com/cli/configuring-npm/package-json#name */
const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/

/** The package that `word` names, without version or extras; undefined if it names none. */
export function asPackage(word: string | undefined): string | undefined {
  // 214 characters is the limit of npm; a version may follow. Below, nothing has to be linear any more.
  if (word === undefined || word.length > 400) return undefined
  const name = word.replace(/(?<=.)@[^/]*$/, '').replace(/(\[[^\]]*\])?([=~!<>]=?.*)?$/, '')
  if (!packageName.test(name)) return undefined
  return name.split('/').every((part) => asName(part.replace('@', '')) !== undefined) ? name : undefined
}

/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

const extension = /\.([cm]?[jt]sx?|py[cowz]?|rb|pl|php|phar|[bzk]?sh|[jw]ar|dll|exe|lua|R|jl|exs?|ps1|tcl)$/
const uuid = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/gi
/** Behind a version stands nothing but the platform: `tool-v1.2.3-linux-amd64`. */
const version = /[-_@]v?\d+\.\d[\w.+-]*$/
const temporary = /^tmp[._]?[A-Za-z0-9_]{6,10}$/

/** The name of a file, without a version and without the parts of it that are made up anew at every start. */
export function fileName(file: string): string | undefined {
  if (file.length > 120 || !/^[\w.+@-]+$/.test(file) || tokenPrefix.test(file)) return undefined
  const ending = extension.exec(file)?.[0] ?? ''
  const stem = file.slice(0, file.length - ending.length).replace(version, '')
  if (temporary.test(stem)) return undefined
  const lasting = stem.replace(uuid, '').replace(/[A-Za-z0-9]+/g, (run) => (isRandom(run) ? '' : run))
  // Separators around what was dropped go with it; `__main__` keeps its own.
  const tidy = lasting === stem ? stem : lasting.replace(/[._+-]+(?=[._+-]|$)/g, '').replace(/^[._+-]+/, '')
  return tidy === '' ? undefined : asName(tidy + ending)
}

/**
 * A word with any other character is no path that can be told apart from an argument: `server.js?token=a/b`,
 * `KEY=a/b`, two lines in one word.
 */
const pathWord = /^[\w@.+~,/\u00a1-\uffff-]+$/

/** True when nothing in `word` speaks against its being the path of a file. */
export function isPath(word: string): boolean {
  if (word.length > 4096 || !pathWord.test(word)) return false
  // Base64 has slashes as well: without a dot or a slash at the beginning it may be no path but a key.
  return /^\/|\./.test(word) || !isRandom(word.replaceAll(/[^A-Za-z0-9]/g, ''))
}

/** What the path of a script tells: the innermost package that it lies in, else its file name. */
export function scriptName(given: string): string | undefined {
  const path = given.startsWith('file:///') ? given.slice('file://'.length) : given
  if (!isPath(path)) return undefined
  return (
    asPackage(inside(path, '/node_modules/', /^(?!\.bin\/)((?:@[^/]+\/)?[^/]+)\//)) ??
    asName(inside(path, '/site-packages/', /^([^/]+)\//)) ??
    asName(inside(path, '/dist-packages/', /^([^/]+)\//)) ??
    fileName(baseName(path))
  )
}

function inside(path: string, folder: string, first: RegExp): string | undefined {
  const at = path.lastIndexOf(folder)
  return at < 0 ? undefined : first.exec(path.slice(at + folder.length))?.[1]
}
