/**
 * Which words of a command line may stand in a label. Labels leave the machine, so a word gets in by looking like a
 * name, never by failing to look like a secret alone.
 */

const nameWord = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,39}$/

/** Prefixes of tokens in the wild: GitHub, GitLab, OpenAI and Anthropic, Slack, AWS, JSON web tokens, npm. */
const tokenPrefix = /^(gh[a-z]_|github_pat_|glpat-|sk-|xox[a-z]-|AKIA|ASIA|eyJ|npm_)/

/** A long run of letters and digits mixed is a key, a hash or an id sooner than a name. */
function looksRandom(word: string): boolean {
  return (word.match(/[A-Za-z0-9]{16,}/g) ?? []).some((run) => /\d/.test(run) && /[A-Za-z]/.test(run))
}

/** `word` if it reads like the name of a program, script or module, else undefined. */
export function asName(word: string | undefined): string | undefined {
  if (word === undefined || !nameWord.test(word)) return undefined
  return tokenPrefix.test(word) || looksRandom(word) ? undefined : word
}

/** npm or PyPI package: https://docs.npmjs.com/cli/configuring-npm/package-json#name */
const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/

/** The package that `word` names, without version or extras; undefined if it names none. */
export function asPackage(word: string | undefined): string | undefined {
  const name = word?.replace(/(?<=.)@[^/]*$/, '').replace(/(\[.*\])?(==.*)?$/, '')
  if (name === undefined || !packageName.test(name)) return undefined
  return name.split('/').every((part) => asName(part.replace('@', '')) !== undefined) ? name : undefined
}

/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** What the path of a script tells: the innermost package that it lies in, else its file name. */
export function scriptName(path: string): string | undefined {
  const modules = path.lastIndexOf('/node_modules/')
  const inside = modules < 0 ? '' : path.slice(modules + '/node_modules/'.length)
  const inPackage = /^(?!\.bin\/)((?:@[^/]+\/)?[^/]+)\//.exec(inside)?.[1]
  return asPackage(inPackage) ?? asName(baseName(path))
}
