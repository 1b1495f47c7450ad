/**
 * When a connection should be replaced as planned. Pure: times and randomness come in, a delay comes out.
 *
 * The venue ends a connection at 24 h. The refresh runs before `ageMsMax` (23 h), earlier by a random part
 * so that shards opened together do not hand over together, and inside the hours the user prefers when
 * these can be met before the venue's own limit.
 */
import type { RefreshWindow } from '../config/types.js'

export interface RefreshPlan {
  /** Wall clock at which the socket opened, epoch ms. */
  readonly openedAtMs: number
  readonly ageMsMax: number
  /** Age at which the venue ends the connection. */
  readonly lifetimeMs: number
  /** `null` for any hour. */
  readonly window: RefreshWindow | null
  /** In [0, 1): this shard's place in the stagger. */
  readonly random: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A hand-over begun this long before the end of the window ends inside it. */
const HAND_OVER_MS = 60_000
/** A refresh later than this before the venue's limit might lose the race. */
const LIFETIME_MARGIN_MS = 15 * 60_000
const STAGGER_RATIO = 0.05
const STAGGER_MS_MAX = 30 * 60_000

/** Milliseconds from opening until the planned refresh. */
export function refreshDelayMs(plan: RefreshPlan): number {
  const { ageMsMax, random } = plan
  const staggerMs = Math.min(ageMsMax * STAGGER_RATIO, STAGGER_MS_MAX)
  const late = (range: Range): number => range.to - random * Math.min(staggerMs, range.to - range.from)
  const anyHour = ageMsMax - random * staggerMs
  if (plan.window === null || windowHours(plan.window) === 24) return anyHour

  const hardMaxMs = Math.max(ageMsMax, plan.lifetimeMs - LIFETIME_MARGIN_MS)
  const allowed = windowAges(plan.openedAtMs, plan.window, hardMaxMs)
  const within = (from: number, to: number): Range[] =>
    allowed
      .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
      .filter((range) => range.from < range.to)

  // As late as possible inside the wanted age; else a little beyond it; else rather early than outside the window.
  const wanted = within(ageMsMax / 2, ageMsMax).at(-1)
  if (wanted !== undefined) return late(wanted)
  const beyond = within(ageMsMax, hardMaxMs)[0]
  if (beyond !== undefined) return beyond.from + random * Math.min(staggerMs, beyond.to - beyond.from)
  const early = within(Math.min(HOUR_MS, ageMsMax / 2), ageMsMax / 2).at(-1)
  return early === undefined ? anyHour : late(early)
}

/** Ages, in ms since opening. */
interface Range {
  readonly from: number
  readonly to: number
}

/** The ages from 0 to `toAgeMs` at which a hand-over would fall into the window, in order. */
function windowAges(openedAtMs: number, window: RefreshWindow, toAgeMs: number): Range[] {
  const ranges: Range[] = []
  const firstDayMs = Math.floor(openedAtMs / DAY_MS) * DAY_MS - DAY_MS
  for (let dayMs = firstDayMs; dayMs < openedAtMs + toAgeMs; dayMs += DAY_MS) {
    const from = dayMs + window.fromHour * HOUR_MS - openedAtMs
    const to = from + windowHours(window) * HOUR_MS - HAND_OVER_MS
    if (Math.max(0, from) < Math.min(toAgeMs, to)) ranges.push({ from: Math.max(0, from), to: Math.min(toAgeMs, to) })
  }
  return ranges
}

/** 1 to 24; over midnight when `fromHour` is the greater one. */
function windowHours(window: RefreshWindow): number {
  const hours = window.toHour - window.fromHour
  return hours > 0 ? hours : hours + 24
}
