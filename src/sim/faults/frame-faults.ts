/** Faults on single data frames. Each takes the frame over and decides what the client sees of it. */
import type { FaultConnection, FaultFeed, FaultFrame } from './fault-target.js'
import { FAULT_VARIANTS } from './plan.js'
import type { RuleRun } from './rule-run.js'
import { matchesConnection, matchesStream } from './selector.js'

export interface FrameStrike {
  record(connection: FaultConnection, detail: Readonly<Record<string, unknown>>, stream: string): number
  later(action: () => void, delayMs: number): void
}

/** True when the rule is about this kind of frame at all, before its timing is asked. */
export function concernsFrame(run: RuleRun, connection: FaultConnection, feed: FaultFeed, frame: FaultFrame): boolean {
  const { rule } = run
  if (!matchesConnection(rule.on, connection) || !matchesStream(rule.on, feed.name)) return false
  if (rule.on.streamIndex !== undefined && connection.streamNames()[rule.on.streamIndex] !== feed.name) return false
  switch (rule.fault) {
    case 'candleClose':
      return feed.interval !== null && frame.ids.closed === true
    case 'dropDiff':
      return dropConcerns(rule.variant ?? 'depth', rule.on.stream !== undefined, feed)
    default:
      return true
  }
}

/** Applies the fault to a frame it took; the frame is the fault's from here on. */
export function strikeFrame(
  run: RuleRun,
  connection: FaultConnection,
  feed: FaultFeed,
  frame: FaultFrame,
  strike: FrameStrike,
): void {
  const { rule } = run
  const variant = rule.variant ?? FAULT_VARIANTS[rule.fault][0] ?? null
  switch (rule.fault) {
    case 'dropDiff': {
      const key = `${connection.index} ${feed.name}`
      const fault = strike.record(connection, { ids: frame.ids }, feed.name)
      const left = run.drawCount(rule.run, 1) - 1
      if (left > 0) run.frameRuns.set(key, { left, fault })
      connection.drop(feed, frame, fault)
      return
    }
    case 'duplicate': {
      const times = rule.times ?? 1
      const fault = strike.record(connection, { ids: frame.ids, times }, feed.name)
      connection.deliver(feed, frame, 'delivered', null)
      for (let index = 0; index < times; index++) connection.deliver(feed, frame, 'repeated', fault)
      return
    }
    case 'reorder':
      connection.holdBack(feed, frame, strike.record(connection, { ids: frame.ids }, feed.name))
      return
    case 'framing': {
      const pieces = run.drawCount(rule.run, run.random.int(2, 5))
      const fault = strike.record(connection, { ids: frame.ids, pieces, variant }, feed.name)
      connection.deliverFragments(feed, frame, pieces, variant === 'pings', fault)
      return
    }
    case 'candleClose':
      strikeCandleClose(run, connection, feed, frame, variant ?? 'missing', strike)
      return
    default:
      throw new Error(`${rule.fault} does not strike frames`)
  }
}

/** Drops the next frame of a run that began earlier; false when none is going on here. */
export function continueFrameRun(
  run: RuleRun,
  connection: FaultConnection,
  feed: FaultFeed,
  frame: FaultFrame,
  strike: FrameStrike,
): boolean {
  const key = `${connection.index} ${feed.name}`
  const going = run.frameRuns.get(key)
  if (going === undefined) return false
  going.left--
  if (going.left <= 0) run.frameRuns.delete(key)
  connection.drop(feed, frame, strike.record(connection, { ids: frame.ids, runOf: going.fault }, feed.name))
  return true
}

function dropConcerns(variant: string, namesStream: boolean, feed: FaultFeed): boolean {
  if (variant === 'any' || (namesStream && variant === 'depth')) return true
  if (variant === 'depth') return feed.isDiffDepth
  return variant === 'trade' ? /^(agg)?trade$/i.test(feed.kind) : feed.interval !== null
}

function strikeCandleClose(
  run: RuleRun,
  connection: FaultConnection,
  feed: FaultFeed,
  frame: FaultFrame,
  variant: string,
  strike: FrameStrike,
): void {
  const fault = strike.record(connection, { ids: frame.ids, variant }, feed.name)
  const delayMs = run.draw(run.rule.delay, 3000)
  switch (variant) {
    case 'missing':
      connection.drop(feed, frame, fault)
      return
    case 'late':
      strike.later(() => connection.deliver(feed, frame, 'delayed', fault), delayMs)
      return
    case 'twice':
      connection.deliver(feed, frame, 'delivered', null)
      strike.later(() => connection.deliver(feed, frame, 'repeated', fault), run.draw(run.rule.delay, 0))
      return
    default:
      // First a final candle that closes at its own open, then what really happened.
      connection.deliver(feed, frame.altered(closedAtOpen(frame.text)), 'altered', fault)
      strike.later(() => connection.deliver(feed, frame, 'delivered', fault), delayMs)
  }
}

function closedAtOpen(text: string): string {
  const open = /"o":"([^"]*)"/.exec(text)?.[1]
  return open === undefined ? text : text.replace(/"c":"[^"]*"/, `"c":"${open}"`)
}
