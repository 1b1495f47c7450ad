/** What measurements are made of: orders that favour nobody, the middle of many numbers, and the machine they come from. */
import { arch, cpus, loadavg, platform, release } from 'node:os'

/** The middle one, or the mean of the middle two; NaN of nothing. */
export function median(values) {
  const sorted = rising(values)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The smallest value that at least `share` of them do not exceed: 0.5 is the middle one, 1 the largest; NaN of nothing.
 * Other work on a machine only ever adds to a time, so the lower quartile of times says more than their middle.
 */
export function quantile(values, share) {
  const sorted = rising(values)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** A copy in random order. */
export function shuffled(items) {
  const copy = [...items]
  for (let index = copy.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[copy[index], copy[other]] = [copy[other], copy[index]]
  }
  return copy
}

/** What a figure is worth depends on it: processors, system, Node and what else the machine does. */
export function machineLine() {
  const [cpu] = cpus()
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${platform()} ${release()} ${arch()}, Node ${process.version}, load ${load()}`
}

/** Of the last minute. */
export function load() {
  return loadavg()[0]?.toFixed(2)
}

function rising(values) {
  return [...values].sort((a, b) => a - b)
}
