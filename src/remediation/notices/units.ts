const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people, in powers of 1024: `3.2 GiB`. */
export function kibibytes(bytes: number): string {
  const power = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${steps[power]}`
}

/** Milliseconds for people: `45 s`, `12 min`, `3 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
