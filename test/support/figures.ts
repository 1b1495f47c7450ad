/**
 * Figures that a test measured while it judged: one JSON line each into the file that FEEDBUS_FIGURES names, for
 * the scoreboard (`npm run reliability`). Without the variable nothing happens.
 */
import { appendFileSync } from 'node:fs'

export function reportFigures(rig: string, values: Readonly<Record<string, number>>): void {
  const path = process.env['FEEDBUS_FIGURES']
  if (path !== undefined && path !== '') appendFileSync(path, `${JSON.stringify({ rig, values })}\n`)
}

/** The value below which `share` of the samples lie, by nearest rank; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
