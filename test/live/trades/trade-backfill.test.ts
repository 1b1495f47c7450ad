import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TradeBackfill, type TradeOptions } from '../../../src/live/trades/index.js'
import { delay, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import type { GapEvent, Trade } from '../../../src/types/index.js'
import { Venue } from '../../../src/types/index.js'

function trade(id: number, origin?: 'backfill', symbol = 'BTCUSDT'): Trade {
  const timeMs = 1_000_000 + id
  const one: Trade = {
    venue: Venue.SIM_SPOT,
    symbol,
    kind: 'aggregate',
    id,
    firstTradeId: id,
    lastTradeId: id,
    price: 100,
    qty: 1,
    takerSide: 'BUY',
    isBuyerMaker: false,
    tradeTimeMs: timeMs,
    venueTimeMs: timeMs,
    receiveTimeMs: timeMs,
  }
  return origin === undefined ? one : { ...one, origin }
}

interface Rest {
  /** Answers with these ids of the range; throws like the venue. */
  answer(from: number, to: number, call: number): number[]
  readonly delayMs: number
  /** How much older its trades are than those of the stream with the same ids. */
  readonly ageMs?: number
}

function rig(rest: Rest, config: Partial<TradeOptions> = {}) {
  const clock = new VirtualClock()
  const out: Trade[] = []
  const ends: { gapId: number; kind: string; from?: number; to?: number; missing?: number }[] = []
  const failures: string[] = []
  let calls = 0
  let gapId = 0
  let lastId = 0
  let onTrade: (trade: Trade) => void = () => {}
  const backfill = new TradeBackfill({
    config: { backfillTrades: true, tradeHoldMsMax: 5_000, tradeBackfillCountMax: 10_000, ...config },
    requests: {
      async page(symbol, from, to) {
        const call = ++calls
        await delay(clock, rest.delayMs)
        const rows = rest.answer(from, Math.min(to, from + 999), call).map((id) => trade(id, 'backfill', symbol))
        const { ageMs = 0 } = rest
        return rows.map((row) => ({ ...row, tradeTimeMs: row.tradeTimeMs - ageMs }))
      },
    },
    clock,
    random: new SeededRandom(1, 'trades'),
    gaps: {
      fill: (id) => ends.push({ gapId: id, kind: 'filled' }),
      declareUnfillable: (id, range) => ends.push({ gapId: id, kind: 'unfillable', ...range }),
    },
    out: {
      publish: (one) => {
        out.push(one)
        onTrade(one)
      },
    },
    onFailure: (message) => failures.push(message),
  })
  return {
    clock,
    out,
    ends,
    failures,
    backfill,
    onTrade: (action: (trade: Trade) => void) => {
      onTrade = action
    },
    ids: () => out.map(({ id }) => id),
    calls: () => calls,
    /** What ledger and handler do with the next trade of the stream; `true`: its hole was taken. */
    live(id: number): boolean | null {
      let isTaken: boolean | null = null
      if (lastId > 0 && id > lastId + 1) {
        isTaken = backfill.takes({
          gapId: ++gapId,
          kind: 'opened',
          venue: Venue.SIM_SPOT,
          symbol: 'BTCUSDT',
          streamType: 'AGG_TRADE',
          detail: '',
          unit: 'tradeId',
          from: lastId + 1,
          to: id - 1,
          missing: id - 1 - lastId,
          cause: 'SEQUENCE',
          openedTimeMs: 0,
          timeMs: 0,
        } satisfies GapEvent)
      }
      lastId = id
      backfill.publish(trade(id))
      return isTaken
    },
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const ALL: Rest = { answer: range, delayMs: 50 }

describe('a hole in aggregated trades', () => {
  it('is filled in its place, while what comes behind it waits', async () => {
    const { clock, live, ids, ends, out, backfill } = rig(ALL)
    for (const id of [1, 2, 6, 7]) live(id)
    expect(ids()).toEqual([1, 2])
    expect(backfill.stats().held).toBe(2)
    await clock.advance(50)
    expect(ids()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(out.map(({ origin }) => origin)).toEqual([
      undefined,
      undefined,
      'backfill',
      'backfill',
      'backfill',
      undefined,
      undefined,
    ])
    expect(ends).toEqual([{ gapId: 1, kind: 'filled' }])
    live(8)
    expect(ids().at(-1)).toBe(8)
    expect(backfill.stats()).toEqual({ backfilled: 3, lost: 0, requestsFailed: 0, held: 0 })
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('that is longer than a page is fetched page by page', async () => {
    const { clock, live, ids, calls } = rig(ALL)
    live(1)
    live(3_500)
    await clock.advance(1_000)
    expect(ids()).toEqual(range(1, 3_500))
    expect(calls()).toBe(4)
  })

  it('is given up after tradeHoldMsMax, with the exact ids that remain', async () => {
    const { clock, live, ids, ends, failures, backfill } = rig({
      delayMs: 50,
      answer: (from) => {
        if (from > 4) throw new Error('HTTP 503')
        return [3, 4]
      },
    })
    for (const id of [1, 2, 8, 9]) live(id)
    await clock.advance(5_000)
    expect(ids()).toEqual([1, 2, 3, 4, 8, 9])
    expect(ends).toEqual([{ gapId: 1, kind: 'unfillable', from: 5, to: 7, missing: 3 }])
    expect(failures).toHaveLength(1)
    expect(backfill.stats()).toMatchObject({ backfilled: 2, lost: 3, held: 0 })
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('that the venue does not have yet is asked for again', async () => {
    const { clock, live, ids, ends } = rig({
      delayMs: 10,
      answer: (from, to, call) => (call < 3 ? [] : range(from, to)),
    })
    for (const id of [1, 4]) live(id)
    await clock.advance(4_000)
    expect(ids()).toEqual([1, 2, 3, 4])
    expect(ends).toEqual([{ gapId: 1, kind: 'filled' }])
  })

  it('is not taken when it is longer than tradeBackfillCountMax', () => {
    const { live, ids } = rig(ALL, { tradeBackfillCountMax: 10 })
    live(1)
    expect(live(13)).toBe(false)
    expect(ids()).toEqual([1, 13])
    expect(live(24)).toBe(true)
  })

  it('is not filled with trades of the same ids that happened after it: the venue began its ids again', async () => {
    const { clock, live, ids, ends, failures } = rig({ ...ALL, ageMs: -60_000 })
    for (const id of [1, 2, 6, 7]) live(id)
    await clock.advance(10_000)
    expect(ids()).toEqual([1, 2, 6, 7])
    expect(ends).toEqual([{ gapId: 1, kind: 'unfillable', from: 3, to: 5, missing: 3 }])
    expect(failures.join()).toContain('3 to 5')
  })

  it('ends at once when the stream is unsubscribed, and nothing received is lost', async () => {
    const { clock, live, ids, ends, backfill } = rig(ALL)
    for (const id of [1, 4, 5, 9]) live(id)
    backfill.release('BTCUSDT')
    expect(ids()).toEqual([1, 4, 5, 9])
    expect(ends.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['unfillable', 2, 3],
      ['unfillable', 6, 8],
    ])
    await clock.advance(10_000)
    expect(ids()).toEqual([1, 4, 5, 9])
    expect(clock.pendingTimerCount).toBe(0)
  })

  it('ends cleanly when a subscriber unsubscribes in the middle of a fill', async () => {
    const { clock, live, ids, ends, backfill, onTrade } = rig(ALL)
    onTrade(({ id }) => {
      if (id === 3) backfill.release('BTCUSDT')
    })
    for (const id of [1, 5, 6, 9]) live(id)
    await clock.advance(1_000)
    expect(ids()).toEqual([1, 2, 3, 5, 6, 9])
    expect(ends.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['unfillable', 4, 4],
      ['unfillable', 7, 8],
    ])
  })

  it('never reorders, repeats or loses, whatever the stream and REST do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ skip: fc.integer({ min: 0, max: 4 }), waitMs: fc.integer({ min: 0, max: 900 }) }), {
          minLength: 2,
          maxLength: 60,
        }),
        fc.array(fc.constantFrom('all', 'none', 'half', 'fail'), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 400 }),
        async (steps, replies, delayMs) => {
          const { clock, live, ids, ends, backfill } = rig({
            delayMs,
            answer: (from, to, call) => {
              const reply = replies[call % replies.length]
              if (reply === 'fail') throw new Error('HTTP 500')
              if (reply === 'none') return []
              return reply === 'half' ? range(from, Math.floor((from + to) / 2)) : range(from, to)
            },
          })
          const sent: number[] = []
          let id = 0
          for (const { skip, waitMs } of steps) {
            id += 1 + skip
            sent.push(id)
            live(id)
            await clock.advance(waitMs)
          }
          await clock.advance(120_000)
          backfill.stop()
          const published = ids()
          expect(published).toEqual([...published].sort((a, b) => a - b))
          expect(new Set(published).size).toBe(published.length)
          const given = new Set(published)
          for (const one of sent) expect(given.has(one)).toBe(true)
          const lost = ends.flatMap(({ kind, from, to }) => (kind === 'unfillable' ? range(from ?? 0, to ?? -1) : []))
          expect([...published, ...lost].sort((a, b) => a - b)).toEqual(range(sent[0] ?? 1, id))
          expect(clock.pendingTimerCount).toBe(0)
        },
      ),
      { numRuns: 150 },
    )
  })
})
