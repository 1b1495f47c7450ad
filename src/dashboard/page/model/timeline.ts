/** The sockets of connections as bars on a common time axis. */
import type { ManagerView } from '../../protocol.js'
import { duration } from './format.js'

export interface Span {
  readonly startMs: number
  readonly endMs: number
}

export interface Bar {
  readonly generation: number
  /** Percent of the axis. */
  readonly left: number
  readonly width: number
  /** Neighbours are drawn in two lanes, so that an overlap is seen. */
  readonly lane: 0 | 1
  readonly kind: 'current' | 'replaced' | 'lost' | 'closed'
  readonly title: string
}

/** Shortest and longest look back. */
const SPAN_MS_MIN = 60_000
const SPAN_MS_MAX = 30 * 60_000
/** A bar this narrow is still seen. */
const WIDTH_MIN = 0.6

export function spanOf(managers: readonly ManagerView[], nowMs: number): Span {
  let earliestMs = nowMs
  for (const { connections } of managers) {
    for (const { generations } of connections) {
      earliestMs = Math.min(earliestMs, generations[0]?.startMs ?? nowMs)
    }
  }
  const lengthMs = Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, (nowMs - earliestMs) * 1.04))
  return { startMs: nowMs - lengthMs, endMs: nowMs }
}

export function barsOf(generations: ManagerView['connections'][number]['generations'], span: Span): Bar[] {
  const lengthMs = span.endMs - span.startMs
  const bars: Bar[] = []
  generations.forEach((each, index) => {
    const endMs = each.endMs ?? span.endMs
    if (endMs < span.startMs) return
    const left = (Math.max(0, each.startMs - span.startMs) / lengthMs) * 100
    const right = (Math.min(lengthMs, endMs - span.startMs) / lengthMs) * 100
    bars.push({
      generation: each.generation,
      left: Math.min(left, 100 - WIDTH_MIN),
      width: Math.max(WIDTH_MIN, right - left),
      lane: index % 2 === 0 ? 0 : 1,
      kind: each.end ?? 'current',
      title: titleOf(each, generations[index + 1]?.startMs ?? null, span.endMs),
    })
  })
  return bars
}

const ENDS: Readonly<Record<string, string>> = { lost: 'lost', replaced: 'replaced', closed: 'closed with the feed' }

function titleOf(
  { generation, startMs, endMs, end }: ManagerView['connections'][number]['generations'][number],
  nextStartMs: number | null,
  nowMs: number,
): string {
  const lived = duration((endMs ?? nowMs) - startMs)
  if (endMs === null || end === null) return `socket #${generation}, up for ${lived}`
  const text = `socket #${generation}, ${ENDS[end]} after ${lived}`
  if (nextStartMs === null) return text
  const betweenMs = nextStartMs - endMs
  return betweenMs > 0 ? `${text}; ${duration(betweenMs)} without a socket` : `${text}; ${duration(-betweenMs)} overlap`
}

/** Ticks of the axis, as percent and text. */
export function ticksOf(span: Span): { readonly left: number; readonly text: string }[] {
  const lengthMs = span.endMs - span.startMs
  const stepMs = [10_000, 30_000, 60_000, 120_000, 300_000, 600_000].find((step) => lengthMs / step <= 6) ?? 600_000
  const ticks: { left: number; text: string }[] = []
  for (let agoMs = 0; agoMs < lengthMs * 0.96; agoMs += stepMs) {
    const text = agoMs === 0 ? 'now' : stepMs < 60_000 ? `-${agoMs / 1_000} s` : `-${agoMs / 60_000} min`
    ticks.push({ left: 100 - (agoMs / lengthMs) * 100, text })
  }
  return ticks
}
