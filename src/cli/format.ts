/** Numbers, times and ages as people read them in a terminal. Pure. */

/** `00:01:12`, with days in front when there are any. */
export function formatClock(durationMs: number): string {
  const totalSeconds = Math.max(0, Math.floor(durationMs / 1000))
  const days = Math.floor(totalSeconds / 86_400)
  const part = (value: number): string => String(value).padStart(2, '0')
  const hms = [Math.floor(totalSeconds / 3600) % 24, Math.floor(totalSeconds / 60) % 60, totalSeconds % 60]
  return `${days > 0 ? `${days}d ` : ''}${hms.map(part).join(':')}`
}

/** `0.2s`, `31.4s`, `12m`, `-` when there is none. */
export function formatAge(ageMs: number | null): string {
  if (ageMs === null) return '-'
  if (ageMs < 99_950) return `${(Math.max(0, ageMs) / 1000).toFixed(1)}s`
  if (ageMs < 5_940_000) return `${Math.round(ageMs / 60_000)}m`
  return `${Math.round(ageMs / 3_600_000)}h`
}

/** `0.21ms`, `12ms`, `1.2s`; keeps a negative sign, because clocks differ. */
export function formatLatency(latencyMs: number): string {
  const size = Math.abs(latencyMs)
  if (size < 10) return `${latencyMs.toFixed(2)}ms`
  if (size < 1000) return `${latencyMs.toFixed(0)}ms`
  return `${(latencyMs / 1000).toFixed(1)}s`
}

export function formatRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1)
}

/** `12 345`: digits grouped by spaces. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** `1 stream`, `12 streams`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}`
}

/** Time of day in UTC: `12:00:31`. */
export function formatTimeOfDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(11, 19)
}

/** A price or quantity in the fewest digits that are exact. */
export function formatNumber(value: number): string {
  return Math.abs(value) >= 1e-6 || value === 0 ? String(value) : value.toFixed(10).replace(/0+$/, '')
}
