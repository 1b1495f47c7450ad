/**
 * The whole-feed simulation can fail: each of these takes one safeguard out of the feed, and some run must notice it
 * by the rule that the safeguard stands for. A rule that cannot break proves nothing.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BookKeeper } from '../../../src/live/books/book-keeper.js'
import { CandleLine } from '../../../src/live/candles/candle-line.js'
import { Heartbeat } from '../../../src/live/connection/heartbeat.js'
import { Feed } from '../../../src/live/feed.js'
import { GapLedger } from '../../../src/live/gaps/index.js'
import { HealthMonitor } from '../../../src/live/health/index.js'
import { RequestGovernor } from '../../../src/live/rest/request-governor.js'
import type { FaultName } from '../../../src/sim/index.js'
import { runSchedule } from '../../support/whole-feed/run.js'
import { drawSchedule, type Schedule, scheduleOfRestarts } from '../../support/whole-feed/schedule.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Rules broken over the first runs in which one of `rules` is. */
async function brokenBy(
  draw: (seed: number) => Schedule,
  rules: readonly string[],
  seedsMax = 12,
): Promise<Set<string>> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await runSchedule(draw(seed))
    const broken = new Set(violations.map(({ rule }) => rule))
    if (rules.some((rule) => broken.has(rule))) return broken
  }
  return new Set()
}

/** Without clamped links, over which a gap's bounds may be as late as what was held back. */
function restartsInTime(seed: number): Schedule {
  const drawn = scheduleOfRestarts(seed)
  return { ...drawn, steps: drawn.steps.filter((step) => step.act !== 'fault' || step.rule.fault !== 'slowLink') }
}

interface Sabotage {
  readonly what: string
  /** With these, or a schedule in which ids begin again. */
  readonly faults: readonly FaultName[] | 'restarts'
  readonly rules: readonly string[]
  readonly act: () => void
}

const SABOTAGES: readonly Sabotage[] = [
  {
    what: 'holes in trades and depth are not reported',
    faults: ['dropDiff', 'reset'],
    rules: ['unreported'],
    act: () => {
      vi.spyOn(GapLedger.prototype, 'observe').mockImplementation(() => {})
    },
  },
  {
    what: 'a lost socket is not held against streams of latest values',
    faults: ['silentAll', 'connectFail', 'reset'],
    rules: ['silence'],
    act: () => {
      vi.spyOn(GapLedger.prototype, 'onDisconnected').mockImplementation(() => {})
      vi.spyOn(GapLedger.prototype, 'onStale').mockImplementation(() => {})
    },
  },
  {
    what: 'a hole is reported that is none',
    faults: ['duplicate'],
    rules: ['unreal gap', 'gap bounds'],
    act: () => {
      const observe = GapLedger.prototype.observe
      let count = 0
      vi.spyOn(GapLedger.prototype, 'observe').mockImplementation(function (
        this: GapLedger,
        feed,
        first,
        last,
        previous,
        at,
      ) {
        if (feed.spec.type === 'AGG_TRADE' && feed.lastId >= 0 && ++count % 20 === 0) {
          const gap = this.open(feed, { unit: 'tradeId', from: first, to: last, missing: 1 }, 'SEQUENCE')
          this.declareUnfillable(gap.gapId)
        }
        observe.call(this, feed, first, last, previous, at)
      })
    },
  },
  {
    what: 'a book goes on over missing updates',
    faults: ['dropDiff'],
    rules: ['book'],
    act: () => {
      const onDelta = BookKeeper.prototype.onDelta
      vi.spyOn(BookKeeper.prototype, 'onDelta').mockImplementation(function (this: BookKeeper, delta) {
        const follows = { ...delta, firstSequence: this.sequence + 1, previousSequence: this.sequence }
        onDelta.call(this, this.state === 'LIVE' && delta.sequence > this.sequence ? follows : delta)
      })
    },
  },
  {
    what: 'missing candles are not fetched',
    faults: ['candleClose', 'reset'],
    rules: ['candle', 'gap open'],
    act: () => {
      vi.spyOn(CandleLine.prototype, 'onConnected').mockImplementation(() => {})
      vi.spyOn(RequestGovernor.prototype, 'get').mockImplementation(() => new Promise(() => {}))
    },
  },
  {
    what: 'silence is not noticed',
    faults: ['silentAll'],
    rules: ['silence', 'health', 'liveness'],
    act: () => {
      vi.spyOn(HealthMonitor.prototype, 'start').mockImplementation(() => {})
    },
  },
  {
    what: 'ids that begin again are repetition for ever',
    faults: 'restarts',
    rules: ['tail'],
    act: () => {
      vi.spyOn(Feed.prototype, 'resetContinuity').mockImplementation(() => {})
    },
  },
  {
    what: 'what was lost before ids began again is in no gap',
    faults: 'restarts',
    rules: ['unreported'],
    act: () => {
      const resetContinuity = Feed.prototype.resetContinuity
      vi.spyOn(Feed.prototype, 'resetContinuity').mockImplementation(function (this: Feed) {
        resetContinuity.call(this, this.lastReceiveTimeMs)
      })
    },
  },
  {
    what: 'a heartbeat goes on after the end',
    faults: ['reset'],
    rules: ['leak'],
    act: () => {
      vi.spyOn(Heartbeat.prototype, 'stop').mockImplementation(() => {})
    },
  },
]

describe('the whole-feed simulation notices when', () => {
  it.each(SABOTAGES)('$what', { timeout: 120_000 }, async ({ faults, rules, act }) => {
    act()
    const draw = faults === 'restarts' ? restartsInTime : (seed: number) => drawSchedule(seed, { faults })
    const broken = await brokenBy(draw, rules)
    expect(rules.filter((rule) => broken.has(rule))).not.toEqual([])
  })
})
