import { describe, expect, it } from 'vitest'
import { CandleSequencer, MemoryPositions, PositionFile, positionFilePath } from '../../../src/live/candles/index.js'
import { resolveStream, streamConfig, venueInfo } from '../../../src/live/config/index.js'
import { Feed } from '../../../src/live/feed.js'
import { RestError } from '../../../src/live/rest/rest-error.js'
import { nextOpenTimeMs } from '../../../src/market/candle-interval.js'
import { MemoryFileStore, SeededRandom, SILENT_LOGGER, VirtualClock } from '../../../src/runtime/index.js'
import type { Candle } from '../../../src/types/candle.js'
import type { CandleInterval } from '../../../src/types/stream.js'

const MINUTE_MS = 60_000
/** A full minute on the virtual clock's calendar. */
const T0 = Date.UTC(2026, 10, 18, 12, 0)
const GRACE_MS = 3_000
const HOLD_MS = 30_000

type Reply = (from: number, limit: number) => number[] | Error

interface LineRigOptions {
  readonly interval?: CandleInterval
  readonly files?: MemoryFileStore
  readonly backfillCountMax?: number
  readonly venue?: 'SIM_SPOT' | 'SIM_FUTURES'
}

/** One candle stream with a scripted REST side. The venue's clock is the virtual one. */
class LineRig {
  readonly clock: VirtualClock
  readonly published: string[] = []
  readonly gaps: string[] = []
  readonly requests: { path: string; weight: number; atMs: number }[] = []
  readonly failures: string[] = []
  readonly feed: Feed
  readonly sequencer: CandleSequencer
  readonly interval: CandleInterval
  reply: Reply = () => new Error('REST is down')
  replyDelayMs = 50
  /** Answers with this instead of rows made from `reply`. */
  body: string | null = null

  constructor({ interval = '1m', files, backfillCountMax = 10_000, venue = 'SIM_SPOT' }: LineRigOptions = {}) {
    this.interval = interval
    this.clock = new VirtualClock({ startWallMs: T0 })
    this.feed = new Feed(resolveStream(venue, streamConfig('BTCUSDT', 'KLINE', { interval })))
    let gapCount = 0
    const shown = (time: number): string => `${(time - T0) / MINUTE_MS}`
    this.sequencer = new CandleSequencer({
      venue: venueInfo(venue),
      config: { closeGraceMs: GRACE_MS, holdMsMax: HOLD_MS, backfillCountMax },
      clock: this.clock,
      random: new SeededRandom(7),
      rest: {
        get: async ({ path, weight }) => {
          this.requests.push({ path, weight, atMs: this.clock.wallMs() - T0 })
          await new Promise<void>((resolve) => this.clock.setTimer(resolve, this.replyDelayMs))
          const query = new URLSearchParams(path.slice(path.indexOf('?')))
          const rows = this.reply(Number(query.get('startTime')), Number(query.get('limit')))
          if (rows instanceof RestError) throw rows
          if (rows instanceof Error) throw new RestError('REST_UNAVAILABLE', rows.message, { path })
          const body = this.body ?? JSON.stringify(rows.map((openTime) => row(openTime, this.interval)))
          return { status: 200, headers: new Map(), body }
        },
      },
      out: {
        publish: (candle) => {
          this.published.push(`${shown(candle.openTimeMs)}${candle.origin === 'backfill' ? 'b' : ''}`)
        },
      },
      gaps: {
        opened: (_feed, range, cause) => {
          const id = ++gapCount
          this.gaps.push(`${id} ${cause} ${shown(range.fromOpenTimeMs)}-${shown(range.toOpenTimeMs)} n${range.missing}`)
          return {
            filled: (by) => this.gaps.push(`${id} filled ${by}`),
            unfillable: (lost) =>
              this.gaps.push(`${id} lost ${shown(lost.fromOpenTimeMs)}-${shown(lost.toOpenTimeMs)} n${lost.missing}`),
          }
        },
      },
      openPositions: () =>
        files === undefined
          ? new MemoryPositions()
          : PositionFile.open({ files, path: PATH, clock: this.clock, logger: SILENT_LOGGER }),
      onFailure: (message) => this.failures.push(message),
    })
    this.sequencer.add(this.feed)
  }

  /** The stream delivers the final frame of the minute `n`, 100 ms after its end as a rule. */
  live(n: number, venueTimeMs: number = Math.max(this.clock.wallMs(), T0 + (n + 1) * MINUTE_MS)): void {
    this.sequencer.publish({ ...candle(T0 + n * MINUTE_MS, this.interval), venueTimeMs })
  }

  /** REST holds every candle up to now, the one that is forming included. */
  restWorks(): void {
    this.reply = (from, limit) => {
      const rows: number[] = []
      for (let at = from; at <= this.clock.wallMs() && rows.length < limit; at = nextOpenTimeMs(at, this.interval)) {
        rows.push(at)
      }
      return rows
    }
  }

  /** To this many minutes after the start. */
  async until(minutes: number): Promise<void> {
    await this.clock.advance(T0 + minutes * MINUTE_MS - this.clock.wallMs())
  }
}

const PATH = positionFilePath('state', 'test')

function candle(openTimeMs: number, interval: CandleInterval): Candle {
  const closeTimeMs = nextOpenTimeMs(openTimeMs, interval) - 1
  return {
    venue: 'SIM_SPOT',
    symbol: 'BTCUSDT',
    interval,
    openTimeMs,
    closeTimeMs,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: 0,
    quoteVolume: 0,
    tradeCount: 0,
    takerBuyVolume: 0,
    takerBuyQuoteVolume: 0,
    isFinalized: true,
    origin: 'stream',
    venueTimeMs: closeTimeMs + 1,
    receiveTimeMs: closeTimeMs + 100,
  }
}

function row(openTime: number, interval: CandleInterval): unknown[] {
  return [openTime, '1', '1', '1', '1', '0', nextOpenTimeMs(openTime, interval) - 1, '0', 0, '0', '0', '0']
}

describe('finalized candles of one stream', () => {
  it('begin with the first live one, without a look back', async () => {
    const rig = new LineRig()
    rig.restWorks()
    rig.sequencer.onConnected([rig.feed])
    await rig.until(1.01)
    rig.live(0)
    expect(rig.published).toEqual(['0'])
    expect(rig.requests).toEqual([])
  })

  it('are published once, whatever the stream repeats or corrects', async () => {
    const rig = new LineRig()
    await rig.until(2)
    for (const n of [0, 0, 1, 0, 1, 1]) rig.live(n)
    expect(rig.published).toEqual(['0', '1'])
    expect(rig.sequencer.stats()).toMatchObject({ stream: 2, repeatsDropped: 4, backfilled: 0 })
  })

  it('wait for the missing ones before them', async () => {
    const rig = new LineRig()
    rig.restWorks()
    await rig.until(1.001)
    rig.live(0)
    // The deadlines of 1 and 2 pass while REST is not asked for longer than a moment.
    rig.replyDelayMs = 130_000
    await rig.until(4.001)
    rig.live(3)
    expect(rig.published).toEqual(['0'])
    await rig.until(6)
    expect(rig.published.slice(0, 4)).toEqual(['0', '1b', '2b', '3'])
    expect(rig.gaps).toContain('1 SILENT 1-1 n1')
    rig.sequencer.stop()
  })

  it('are fetched when their frame has not come by the end of the grace time', async () => {
    const rig = new LineRig({ venue: 'SIM_FUTURES' })
    rig.restWorks()
    await rig.until(1.001)
    rig.live(0)
    await rig.until(2.1)
    expect(rig.published).toEqual(['0', '1b'])
    expect(rig.requests).toHaveLength(1)
    expect(rig.requests[0]?.path).toBe(`/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime=${T0 + MINUTE_MS}&limit=2`)
    expect(rig.requests[0]?.weight).toBe(1)
    expect(rig.requests[0]?.atMs).toBeGreaterThanOrEqual(2 * MINUTE_MS + GRACE_MS)
    // Nothing was missing in the end: no hole is announced.
    expect(rig.gaps).toEqual([])
    // Its frame, should it come after all, is a repeat; the feed knows it too.
    rig.live(1)
    expect(rig.published).toEqual(['0', '1b'])
    expect(rig.feed.lastId).toBe(T0 + MINUTE_MS)
    rig.sequencer.stop()
  })

  it('never come from a row that is still forming, even when our clock runs ahead of the venue', async () => {
    const rig = new LineRig()
    const aheadMs = 20_000
    rig.reply = (from) => {
      const venueNow = rig.clock.wallMs() - aheadMs
      return [from, from + MINUTE_MS].filter((openTime) => openTime <= venueNow)
    }
    await rig.until(1 + aheadMs / MINUTE_MS)
    // The only sign of the venue's clock is in its frames.
    rig.live(0, T0 + MINUTE_MS)
    await rig.until(2 + (aheadMs - 100) / MINUTE_MS)
    expect(rig.published).toEqual(['0'])
    await rig.until(2 + (aheadMs + GRACE_MS + 5_000) / MINUTE_MS)
    expect(rig.published).toEqual(['0', '1b'])
    rig.sequencer.stop()
  })

  it('are fetched by pages after a long outage, in order, before the next live one', async () => {
    const rig = new LineRig({ venue: 'SIM_FUTURES' })
    await rig.until(1.001)
    rig.live(0)
    await rig.until(1.01)
    rig.sequencer.onDisconnected([rig.feed])
    await rig.until(1_300.5)
    rig.restWorks()
    rig.live(1_300)
    rig.sequencer.onConnected([rig.feed])
    const before = rig.requests.length
    await rig.until(1_300.7)
    const expected = ['0', ...Array.from({ length: 1_299 }, (_, n) => `${n + 1}b`), '1300']
    expect(rig.published).toEqual(expected)
    const pages = rig.requests.slice(before)
    // One more may have been under way, for REST was asked all the time.
    expect(pages.length).toBeLessThanOrEqual(3)
    expect(pages.every(({ weight }) => weight <= 2)).toBe(true)
    expect(rig.gaps.every((gap) => !gap.includes('lost'))).toBe(true)
    const opened = rig.gaps.filter((gap) => / n\d+$/.test(gap))
    expect(opened.reduce((sum, gap) => sum + Number(/n(\d+)$/.exec(gap)?.[1]), 0)).toBe(1_299)
    expect(rig.gaps.filter((gap) => gap.endsWith('filled backfill'))).toHaveLength(opened.length)
    rig.sequencer.stop()
  })

  it('hold live ones no longer than the hold time; then the missing ones are lost, with exact bounds', async () => {
    const rig = new LineRig()
    await rig.until(1.001)
    rig.live(0)
    await rig.until(1.5)
    rig.live(3, T0 + 4 * MINUTE_MS)
    await rig.clock.advance(HOLD_MS - 1_000)
    expect(rig.published).toEqual(['0'])
    expect(rig.sequencer.stats()).toMatchObject({ held: 1, openGaps: 1 })
    await rig.clock.advance(2_000)
    expect(rig.published).toEqual(['0', '3'])
    expect(rig.gaps).toEqual(['1 SEQUENCE 1-2 n2', '1 lost 1-2 n2'])
    expect(rig.sequencer.stats()).toMatchObject({ held: 0, openGaps: 0, lost: 2 })
    // What REST has later is too late: it must not go out behind a later candle.
    rig.restWorks()
    rig.live(2)
    expect(rig.published).toEqual(['0', '3'])
    rig.sequencer.stop()
  })

  it('are asked for again and again while REST is down, and the range stays announced as open', async () => {
    const rig = new LineRig()
    await rig.until(1.001)
    rig.live(0)
    rig.sequencer.onDisconnected([rig.feed])
    await rig.until(4.2)
    expect(rig.published).toEqual(['0'])
    expect(rig.gaps).toEqual(['1 DISCONNECT 1-1 n1', '2 DISCONNECT 2-2 n1', '3 DISCONNECT 3-3 n1'])
    expect(rig.requests.length).toBeGreaterThan(5)
    expect(rig.requests.length).toBeLessThan(30)
    rig.restWorks()
    await rig.until(4.9)
    expect(rig.published).toEqual(['0', '1b', '2b', '3b'])
    expect(rig.gaps.slice(3)).toEqual(['1 filled backfill', '2 filled backfill', '3 filled backfill'])
    rig.sequencer.stop()
  })

  it('do not believe a reply with an impossible row', async () => {
    const rig = new LineRig()
    rig.restWorks()
    await rig.until(1.001)
    rig.live(0)
    const good = [row(T0 + MINUTE_MS, '1m'), row(T0 + 2 * MINUTE_MS, '1m')]
    const broken: unknown[] = [
      'no json',
      { code: -1 },
      [[T0 + MINUTE_MS]],
      [row(T0 + MINUTE_MS, '1m').with(2, '0.5'), good[1]],
      [row(T0 + MINUTE_MS, '1m').with(1, 'NaN'), good[1]],
      [row(T0 + MINUTE_MS, '1m').with(6, T0), good[1]],
      [row(T0 + MINUTE_MS, '1m').with(8, -3), good[1]],
      [good[1], good[0]],
    ]
    await rig.until(2)
    for (const body of broken) {
      rig.body = typeof body === 'string' ? body : JSON.stringify(body)
      rig.sequencer.onConnected([rig.feed])
      await rig.clock.advance(10_000)
    }
    expect(rig.published).toEqual(['0'])
    expect(rig.failures.length).toBeGreaterThanOrEqual(broken.length)
    expect(rig.gaps[0]).toBe('1 SILENT 1-1 n1')
    rig.body = null
    await rig.clock.advance(40_000)
    expect(rig.published[1]).toBe('1b')
    rig.sequencer.stop()
  })

  it('go on over a hole in the history of the venue itself once it insists', async () => {
    const rig = new LineRig()
    rig.restWorks()
    const all = rig.reply
    rig.reply = (from, limit) => (all(from, limit) as number[]).filter((openTime) => openTime !== T0 + MINUTE_MS)
    await rig.until(1.001)
    rig.live(0)
    await rig.until(4.5)
    expect(rig.published).toEqual(['0', '2b', '3b'])
    expect(rig.gaps).toEqual(['1 SEQUENCE 1-1 n1', '1 lost 1-1 n1'])
    rig.sequencer.stop()
  })

  it('follow the calendar where the interval does', async () => {
    const rig = new LineRig({ interval: '1M' })
    rig.restWorks()
    const months = [0, 1, 2, 3].map((month) => Date.UTC(2026, 11 + month, 1))
    const publish = (openTimeMs: number): void => {
      const one = candle(openTimeMs, '1M')
      rig.sequencer.publish({ ...one, venueTimeMs: one.closeTimeMs + 1 })
    }
    await rig.clock.advance((months[3] as number) - T0)
    publish(months[0] as number)
    publish(months[2] as number)
    expect(rig.published).toHaveLength(1)
    await rig.clock.advance(1_000)
    expect(rig.published).toHaveLength(3)
    expect(rig.gaps.at(-1)).toBe('1 filled backfill')
    rig.sequencer.stop()
  })

  it('that are missing when their stream is unsubscribed are lost', async () => {
    const rig = new LineRig()
    await rig.until(1.001)
    rig.live(0)
    rig.live(3, T0 + 4 * MINUTE_MS)
    rig.live(1)
    rig.sequencer.remove(rig.feed)
    expect(rig.published).toEqual(['0', '1'])
    expect(rig.gaps).toEqual(['1 SEQUENCE 1-2 n2', '1 lost 2-2 n1'])
    await rig.clock.advance(100)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('leave no timer behind', async () => {
    const rig = new LineRig()
    await rig.until(1.001)
    rig.live(0)
    rig.live(3, T0 + 4 * MINUTE_MS)
    await rig.clock.advance(10)
    rig.sequencer.stop()
    await rig.clock.advance(100)
    expect(rig.clock.pendingTimerCount).toBe(0)
    rig.live(1)
    expect(rig.published).toEqual(['0'])
  })
})

describe('after a restart', () => {
  async function firstProcess(files: MemoryFileStore): Promise<void> {
    const rig = new LineRig({ files })
    await rig.until(2.001)
    for (const n of [0, 1]) rig.live(n)
    // No stop: the process is killed.
  }

  it('candles go on with the one after the last delivered, before any live one', async () => {
    const files = new MemoryFileStore()
    await firstProcess(files)
    const rig = new LineRig({ files })
    rig.restWorks()
    await rig.until(5.5)
    rig.sequencer.onConnected([rig.feed])
    await rig.clock.advance(500)
    expect(rig.published).toEqual(['2b', '3b', '4b'])
    await rig.until(6.01)
    rig.live(5)
    expect(rig.published).toEqual(['2b', '3b', '4b', '5'])
    rig.sequencer.stop()
  })

  it('a long absence is fetched as far as configured; what is older is lost with exact bounds', async () => {
    const files = new MemoryFileStore()
    await firstProcess(files)
    const rig = new LineRig({ files, backfillCountMax: 10 })
    rig.restWorks()
    await rig.until(100.5)
    rig.sequencer.onConnected([rig.feed])
    await rig.until(101.001)
    rig.live(100)
    await rig.clock.advance(1_000)
    expect(rig.gaps.slice(0, 2)).toEqual(['1 SEQUENCE 2-99 n98', '1 lost 2-89 n88'])
    expect(rig.published).toEqual([...Array.from({ length: 10 }, (_, n) => `${90 + n}b`), '100'])
    rig.sequencer.stop()
  })

  it('a position from the future of the venue is forgotten, not waited for', async () => {
    const files = new MemoryFileStore()
    const other = new LineRig({ files })
    await other.until(5_001)
    other.live(5_000)
    const rig = new LineRig({ files })
    await rig.until(3.001)
    rig.live(2)
    expect(rig.published).toEqual(['2'])
    expect(rig.failures[0]).toContain('is forgotten')
    rig.sequencer.stop()
  })
})
