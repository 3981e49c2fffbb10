import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from './config.ts'
import { errorCode, errorMessage } from './host/reading.ts'

/**
 * The bearer token of this pidwarden: as given, or from the file, which is made with a new random token when there
 * is none. Its mode 0640 lets the group of the process read it: in the shipped stack that is Alertmanager's.
 */
export function loadToken(given: string | undefined, file: string): { token: string; created: boolean } {
  if (given !== undefined) return { token: checkToken(given, 'PIDWARDEN_TOKEN'), created: false }
  try {
    return { token: checkToken(readFileSync(file, 'utf8').trim(), file), created: false }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    if (errorCode(error) !== 'ENOENT') {
      throw new ConfigError(`could not read the token ${file}: ${errorMessage(error)}`)
    }
  }
  const token = randomBytes(32).toString('base64url')
  const whole = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    // Whole and readable before it has its name: a crash in between leaves nothing that the next start would trust.
    writeFileSync(whole, `${token}\n`, { mode: 0o600 })
    // Not by the mode of the write: a strict umask would take it from the group again.
    chmodSync(whole, 0o640)
    renameSync(whole, file)
  } catch (error) {
    throw new ConfigError(
      `could not create the token ${file}: ${errorMessage(error)}; name a writable place in PIDWARDEN_TOKEN_FILE`,
    )
  }
  return { token, created: true }
}

function checkToken(token: string, source: string): string {
  if (/^[\x21-\x7e]{16,512}$/.test(token)) return token
  throw new ConfigError(`the token in ${source} must be 16 to 512 visible ASCII characters without spaces`)
}
