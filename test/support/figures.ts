/**
 * Figures a test measured, for whoever runs it to know them: one JSON object per line is appended to the file that
 * FEEDBUS_FIGURES names. Without it nothing happens, so a test says its figures and leaves it at that.
 */
import { appendFileSync } from 'node:fs'

export function reportFigures(rig: string, figures: Readonly<Record<string, unknown>>): void {
  const file = process.env['FEEDBUS_FIGURES']
  if (file !== undefined && file !== '') appendFileSync(file, `${JSON.stringify({ rig, ...figures })}\n`)
}

/** The value below which `share` of the values lie, e.g. 0.99; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
