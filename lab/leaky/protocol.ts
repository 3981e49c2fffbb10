/** What the gateway and its client say to each other over HTTP. */

/** legit: started with the gateway. leaked: an extra copy under a living gateway. orphan: its launcher was killed. */
export type Role = 'legit' | 'leaked' | 'orphan'

/** Pids as the container sees them; null: that process is gone (or, for `sh`, never was). */
export interface TreeState {
  id: number
  role: Role
  server: string
  args: string[]
  wrapper: number | null
  sh: number | null
  leaf: number | null
}

export interface State {
  /** The gateway's own pid, as the container sees it. */
  pid: number
  respawn: boolean
  stubborn: boolean
  /** Replacements that came up, and that did not, since the gateway started. */
  respawned: number
  respawnsFailed: number
  children: TreeState[]
}

export interface StartRequest {
  server: string
  /** Tells apart servers of one name; left out: the first of that name. */
  args?: string[]
  count?: number
}

export interface LeakRequest extends StartRequest {
  /** Pace in milliseconds; 0: as fast as they come up. */
  everyMs?: number
}

export interface StartResult {
  started: number
  failed: number
  /** Why starts failed, each reason once. */
  errors: string[]
}

export interface ServerSpec {
  name: string
  args: string[]
  env: Record<string, string>
}
