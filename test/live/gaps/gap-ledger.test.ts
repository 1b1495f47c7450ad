import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuditLog } from '../../../src/live/audit-log.js'
import { resolveStream, type StreamConfig, streamConfig } from '../../../src/live/config/index.js'
import { Feed } from '../../../src/live/feed.js'
import { GapLedger, type TradeHealer } from '../../../src/live/gaps/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { GapEvent, LogEvent } from '../../../src/types/index.js'

interface Rig {
  readonly clock: VirtualClock
  readonly ledger: GapLedger
  readonly events: GapEvent[]
  readonly log: LogEvent[]
  feed(stream: StreamConfig): Feed
  /** A new message with these ids, as handler and router treat it. */
  take(feed: Feed, first: number, last?: number, previous?: number | null): void
}

function rig(venue: 'SIM_SPOT' | 'SIM_FUTURES' = 'SIM_SPOT', healer: TradeHealer | null = null): Rig {
  const clock = new VirtualClock()
  const events: GapEvent[] = []
  const log: LogEvent[] = []
  const audit = new AuditLog({ publish: (event) => log.push(event) }, clock)
  const ledger = new GapLedger({ venue, clock, topic: { publish: (event) => events.push(event) }, audit, healer })
  return {
    clock,
    ledger,
    events,
    log,
    feed: (stream) => new Feed(resolveStream(venue, stream)),
    take(feed, first, last = first, previous = null) {
      ledger.observe(feed, first, last, previous, clock.wallMs())
      feed.lastId = last
      feed.publishedCount++
      feed.lastReceiveTimeMs = clock.wallMs()
      feed.lastNewTimeMs = feed.lastReceiveTimeMs
      feed.onceReceived?.(clock.wallMs())
    },
  }
}

const TRADES = streamConfig('BTCUSDT', 'AGG_TRADE')
const DEPTH = streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' })
const BBO = streamConfig('BTCUSDT', 'BOOK_TICKER')

describe('best bid and offer', () => {
  it('whose ids began again has a hole from the first message taken for a repetition to the first taken as new', async () => {
    // About two seconds of updates were dropped while the restart was being recognized, and nobody was told.
    const { clock, ledger, events, feed, take } = rig()
    const bbo = feed(BBO)
    take(bbo, 1_000)
    await clock.advance(500)
    const sinceMs = clock.wallMs()
    await clock.advance(2_000)
    bbo.resetContinuity(sinceMs)
    ledger.onReset(bbo)
    take(bbo, 7)
    const range = { unit: 'time', from: sinceMs, to: clock.wallMs(), cause: 'RESET' }
    expect(events).toMatchObject([
      { ...range, kind: 'opened' },
      { ...range, kind: 'filled', by: 'superseded' },
    ])
  })

  it('has that hole also when it was lost for another reason meanwhile', async () => {
    // With the hole of a lost socket open, the one of the restart was not told at all.
    const { clock, ledger, events, feed, take } = rig()
    const bbo = feed(BBO)
    take(bbo, 1_000)
    await clock.advance(500)
    const sinceMs = clock.wallMs()
    await clock.advance(1_000)
    ledger.onDisconnected([bbo])
    await clock.advance(2_000)
    bbo.resetContinuity(sinceMs)
    ledger.onReset(bbo)
    take(bbo, 7)
    const toMs = clock.wallMs()
    expect(events.map(({ kind, gapId, cause, from, to }) => ({ kind, gapId, cause, from, to })).slice(1)).toEqual([
      { kind: 'filled', gapId: 1, cause: 'DISCONNECT', from: sinceMs - 500, to: toMs },
      { kind: 'opened', gapId: 2, cause: 'RESET', from: sinceMs, to: toMs },
      { kind: 'filled', gapId: 2, cause: 'RESET', from: sinceMs, to: toMs },
    ])
  })
})

describe('trades', () => {
  it('that are missing are declared unfillable at once, with exact bounds', () => {
    const { ledger, events, log, feed, take } = rig()
    const trades = feed(TRADES)
    for (const id of [10, 11, 15, 16]) take(trades, id)
    expect(
      events.map(({ kind, gapId, from, to, missing, cause }) => ({ kind, gapId, from, to, missing, cause })),
    ).toEqual([
      { kind: 'opened', gapId: 1, from: 12, to: 14, missing: 3, cause: 'SEQUENCE' },
      { kind: 'unfillable', gapId: 1, from: 12, to: 14, missing: 3, cause: 'SEQUENCE' },
    ])
    expect(log.map(({ event }) => event)).toEqual(['GAP_OPENED', 'GAP_UNFILLABLE'])
    expect(trades.gapCount).toBe(1)
    expect(ledger.counts()).toEqual({
      opened: 1,
      filled: 0,
      unfillable: 1,
      open: 0,
      byCause: { SEQUENCE: { opened: 1, filled: 0, unfillable: 1 } },
    })
  })

  it('are left to a healer that takes them, and closed by it once', () => {
    const { ledger, events, feed, take } = rig('SIM_SPOT', { takes: () => true })
    const trades = feed(TRADES)
    for (const id of [1, 5]) take(trades, id)
    expect(ledger.list({ kind: 'opened' })).toHaveLength(1)
    ledger.fill(1, 'backfill')
    ledger.declareUnfillable(1)
    expect(events.map(({ kind, by }) => [kind, by])).toEqual([
      ['opened', undefined],
      ['filled', 'backfill'],
    ])
  })

  it('of any ids lose exactly what the ledger says', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { minLength: 2, maxLength: 60 }), (ids) => {
        const { ledger, events, feed, take } = rig()
        const trades = feed(TRADES)
        const sorted = ids.toSorted((a, b) => a - b)
        for (const id of sorted) take(trades, id)
        const reported = events
          .filter(({ kind }) => kind === 'opened')
          .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
        const lost = Array.from({ length: 501 }, (_, id) => id).filter(
          (id) => id > sorted[0]! && id < sorted.at(-1)! && !sorted.includes(id),
        )
        expect(reported).toEqual(lost)
        expect(ledger.counts().open).toBe(0)
      }),
    )
  })
})

describe('depth updates', () => {
  it('that are missing stay open until the book holds everything up to their end', () => {
    const { ledger, events, feed, take } = rig()
    const depth = feed(DEPTH)
    take(depth, 1, 10)
    take(depth, 15, 20)
    ledger.onBookCurrent([depth], 13, 13)
    expect([events.length, ledger.openDepthCount]).toEqual([1, 1])
    ledger.onBookCurrent([depth], 20, 16)
    expect(events.at(-1)).toMatchObject({ kind: 'filled', by: 'snapshot', from: 11, to: 14, missing: 4 })
    expect(ledger.openDepthCount).toBe(0)
  })

  it.each(['SIM_SPOT', 'SIM_FUTURES'] as const)(
    'of %s, any of them missing, lose exactly what the ledger says',
    (venue) => {
      const sizes = fc.array(
        fc.record({ skip: fc.nat(3), size: fc.integer({ min: 1, max: 5 }), isLost: fc.boolean() }),
        {
          minLength: 2,
          maxLength: 40,
        },
      )
      fc.assert(
        fc.property(sizes, (updates) => {
          const { events, feed, take } = rig(venue)
          const depth = feed(DEPTH)
          const isSpot = venue === 'SIM_SPOT'
          const lost: { from: number; to: number }[] = []
          let end = 100
          let lastTaken: number | null = null
          for (const { skip, size, isLost } of updates) {
            const before = end
            // Ids of futures skip those of other symbols.
            const first = before + 1 + (isSpot ? 0 : skip)
            end = first + size - 1
            if (isLost) continue
            if (lastTaken !== null && lastTaken < before) lost.push({ from: lastTaken + 1, to: before })
            take(depth, first, end, isSpot ? null : before)
            lastTaken = end
          }
          const told = events.filter(({ kind }) => kind === 'opened')
          expect(told.map(({ from, to }) => ({ from, to }))).toEqual(lost)
          for (const { from, to, missing } of told) expect(missing).toBe(isSpot ? to - from + 1 : null)
        }),
      )
    },
  )

  it('of futures break only where the chain does, and cannot be counted', () => {
    const { events, feed, take } = rig('SIM_FUTURES')
    const depth = feed(DEPTH)
    take(depth, 1, 10, 0)
    take(depth, 40, 50, 10)
    expect(events).toEqual([])
    take(depth, 70, 80, 60)
    expect(events).toMatchObject([{ kind: 'opened', from: 51, to: 60, missing: null }])
  })

  it('whose ids begin again are a hole in time, which the next whole book fills together with older ones', async () => {
    const { clock, ledger, events, feed, take } = rig()
    const depth = feed(DEPTH)
    take(depth, 1_000, 1_010)
    take(depth, 1_020, 1_030)
    const sinceMs = clock.wallMs()
    await clock.advance(2_500)
    depth.resetContinuity(sinceMs)
    take(depth, 5, 6)
    expect(events.at(-1)).toMatchObject({
      kind: 'opened',
      unit: 'time',
      cause: 'RESET',
      from: sinceMs,
      to: sinceMs + 2_500,
    })
    ledger.onBookCurrent([depth], 6, 4)
    expect(ledger.list().map(({ kind, by }) => `${kind} ${by}`)).toEqual(['filled snapshot', 'filled snapshot'])
  })

  it('name the lost socket or the unreadable message that cost them', () => {
    const { ledger, events, feed, take } = rig()
    const depth = feed(DEPTH)
    take(depth, 1)
    ledger.onDisconnected([depth])
    take(depth, 5)
    ledger.onRejected(depth)
    take(depth, 9)
    take(depth, 20)
    expect(events.map(({ cause }) => cause)).toEqual(['DISCONNECT', 'REJECTED', 'SEQUENCE'])
  })

  it('of a stream that was unsubscribed will not come back', () => {
    const { ledger, events, feed, take } = rig()
    const depth = feed(DEPTH)
    take(depth, 1)
    take(depth, 5)
    ledger.onRemoved(depth)
    expect(events.map(({ kind }) => kind)).toEqual(['opened', 'unfillable'])
    expect(ledger.openDepthCount).toBe(0)
  })
})

describe('latest values', () => {
  it('have one hole from the last message to the next, however often the socket was lost meanwhile', async () => {
    const { clock, ledger, events, feed, take } = rig()
    const bbo = feed(BBO)
    ledger.onDisconnected([bbo])
    expect(events, 'nothing before the first message').toEqual([])
    take(bbo, 1)
    const fromMs = clock.wallMs()
    await clock.advance(1_000)
    ledger.onStale(bbo)
    await clock.advance(1_000)
    ledger.onDisconnected([bbo])
    await clock.advance(1_000)
    take(bbo, 99)
    take(bbo, 100)
    expect(events).toMatchObject([
      { kind: 'opened', unit: 'time', from: fromMs, to: fromMs + 1_000, cause: 'SILENT', missing: null },
      { kind: 'filled', unit: 'time', from: fromMs, to: fromMs + 3_000, by: 'superseded' },
    ])
  })

  it('have a hole from the last message that was new, when only copies came after it', async () => {
    const { clock, ledger, events, feed, take } = rig()
    for (const end of ['onStale', 'onDisconnected'] as const) {
      const bbo = feed(BBO)
      take(bbo, 1)
      const fromMs = clock.wallMs()
      await clock.advance(30_000)
      bbo.lastReceiveTimeMs = clock.wallMs()
      if (end === 'onStale') ledger.onStale(bbo)
      else ledger.onDisconnected([bbo])
      expect(events.at(-1), end).toMatchObject({ kind: 'opened', from: fromMs, to: fromMs + 30_000 })
    }
  })

  it('begin with the pause when the last message before them was read on waking', async () => {
    const { clock, ledger, events, feed, take } = rig('SIM_FUTURES')
    const bbo = feed(BBO)
    const forced = feed(streamConfig('BTCUSDT', 'LIQUIDATION'))
    take(bbo, 1)
    const asleepMs = clock.wallMs()
    await clock.advance(60_000)
    ledger.onPaused(60_000)
    take(bbo, 2)
    await clock.advance(100)
    ledger.onDisconnected([bbo, forced])
    await clock.advance(400)
    ledger.onEstablished([bbo, forced])
    take(bbo, 3)
    const told = (type: string) => events.filter(({ streamType }) => streamType === type)
    for (const type of ['BOOK_TICKER', 'LIQUIDATION']) {
      expect(told(type).map(({ kind, from, to }) => [kind, from, to])).toEqual([
        ['opened', asleepMs, asleepMs + 60_100],
        [type === 'BOOK_TICKER' ? 'filled' : 'unfillable', asleepMs, asleepMs + 60_500],
      ])
    }
    // Once the stream has flowed again, the pause is history.
    await clock.advance(5_000)
    take(bbo, 4)
    await clock.advance(100)
    ledger.onDisconnected([bbo])
    expect(events.at(-1)).toMatchObject({ kind: 'opened', from: asleepMs + 65_500 })
  })

  it('of liquidations are lost for the time without a socket', async () => {
    const { clock, ledger, events, feed } = rig('SIM_FUTURES')
    const forced = feed(streamConfig('BTCUSDT', 'LIQUIDATION'))
    const other = feed(BBO)
    other.lastReceiveTimeMs = clock.wallMs()
    other.lastNewTimeMs = clock.wallMs()
    await clock.advance(500)
    ledger.onDisconnected([forced])
    expect(events, 'a connection that never spoke lost nothing').toEqual([])
    ledger.onDisconnected([forced, other])
    await clock.advance(2_000)
    ledger.onEstablished([forced, other])
    const told = events.filter(({ streamType }) => streamType === 'LIQUIDATION')
    expect(told.map(({ kind, from, to }) => [kind, to - from])).toEqual([
      ['opened', 500],
      ['unfillable', 2_500],
    ])
  })
})

describe('the record', () => {
  it('keeps all open gaps and the newest thousand closed ones', () => {
    const { ledger, feed, take } = rig()
    const trades = feed(TRADES)
    for (let id = 0; id < 3_000; id += 2) take(trades, id)
    const ids = ledger.list().map(({ gapId }) => gapId)
    expect(ids).toHaveLength(1_000)
    expect([ids[0], ids.at(-1)]).toEqual([500, 1_499])
    expect(ledger.counts().opened).toBe(1_499)
  })

  it('gives up the oldest of more than ten thousand open holes, says so, and forgets what it gave up', () => {
    const { ledger, events, feed, take } = rig()
    const depth = feed(DEPTH)
    const count = 12_000
    for (let at = 0; at <= count; at++) take(depth, 10 * at, 10 * at + 1)
    expect(ledger.counts()).toMatchObject({ opened: count, open: 10_000, unfillable: count - 10_000, filled: 0 })
    const given = events.filter(({ kind }) => kind === 'unfillable').map(({ gapId }) => gapId)
    expect(given).toEqual(Array.from({ length: count - 10_000 }, (_, index) => index + 1))
    expect(ledger.openDepthCount).toBeLessThanOrEqual(11_000)
    ledger.onBookCurrent([depth], 10 * count + 1, 10 * count + 1)
    expect(ledger.openDepthCount).toBe(0)
    expect(ledger.counts()).toMatchObject({ open: 0, filled: 10_000, unfillable: count - 10_000 })
  })

  it('keeps the bounds of a hole in order when the wall clock is set back meanwhile', () => {
    const { clock, ledger, events, feed, take } = rig()
    const bbo = feed(BBO)
    take(bbo, 1)
    ledger.onDisconnected([bbo])
    clock.jumpWall(-3_600_000)
    take(bbo, 2)
    expect(events.map(({ kind }) => kind)).toEqual(['opened', 'filled'])
    for (const { from, to } of events) expect(to).toBeGreaterThanOrEqual(from)
  })
})
