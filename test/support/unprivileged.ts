/**
 * Runs `work` without the privileges of root, so that the kernel refuses what it refuses to others. Only for work
 * that does not wait: the whole process is somebody else meanwhile.
 */
export function unprivileged<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
  }
}
