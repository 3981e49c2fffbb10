import systeminformation from 'systeminformation'

/** Memory of the host, bytes. */
export interface HostMemory {
  readonly total: number
  /** What can be given out without swapping (MemAvailable). */
  readonly available: number
}

/** The host as a whole. */
export interface HostSystem {
  memory(): Promise<HostMemory>
}

/** The machine that pidwarden runs on, through systeminformation. */
export const hostSystem: HostSystem = {
  async memory() {
    const { total, available } = await systeminformation.mem()
    // systeminformation swallows errors and answers 0 (it never rejects), so a zero is a reading that failed.
    if (!(total > 0)) throw new Error('memory of the host could not be read from /proc/meminfo')
    return { total, available }
  },
}
