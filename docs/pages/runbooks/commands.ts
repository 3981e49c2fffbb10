import { sh } from './texts.ts'

/** Where pidwarden listens in the shipped stack. */
const api = 'http://127.0.0.1:3001'
const asked = 'curl -sS -H "Authorization: Bearer $TOKEN"'
const posted = 'curl -sS -X POST -H "Authorization: Bearer $TOKEN"'

/** What every page begins its commands with. */
export const begin = [
  'NAME=metamcp',
  'TOKEN=$(docker compose exec -T pidwarden cat /run/pidwarden/token)',
] as const

/** What the census says of the container now. */
export const containerNow = [
  `${asked} ${api}/api/containers |`,
  `  jq --arg name "$NAME" '.containers[] | select(.name == $name) | {state, health, policy, measurement, tiers}'`,
] as const

/** What was done to the container, newest first. */
export const runsOfIt = [
  `${asked} ${api}/api/runs |`,
  `  jq --arg name "$NAME" '.runs[] | select(.name == $name) | {id, playbook, tier, resource, state, ending}'`,
] as const

/** The last incident of the container, and what its recovery waits for. */
export const lastIncident = [
  `ID=$(${asked} "${api}/api/incidents?name=$NAME&limit=1" | jq '.incidents[0].id')`,
  `${asked} "${api}/api/incidents/$ID" | jq '{tier, level, manual, resolution, standing, deeds}'`,
] as const

/** The plan of a playbook; nothing is touched. */
export const planOf = (playbook: string): string =>
  sh(
    '# The plan. Nothing is touched.',
    `${posted} "${api}/api/containers/$NAME/playbooks/${playbook}" |`,
    `  jq '.detail // (.steps[] | {action, plan})'`,
  )

/** The playbook carried out; `warning` says what that does. */
export const order = (playbook: string, warning: string): string =>
  sh(`# ACTS: ${warning}`, `${posted} "${api}/api/containers/$NAME/playbooks/${playbook}?dryRun=false"`)

/** Lets pidwarden act on the container again. */
export const release = sh(
  '# pidwarden may act on the container again at once: cooldown and failures of the past are forgotten.',
  `${posted} "${api}/api/containers/$NAME/release"`,
)
