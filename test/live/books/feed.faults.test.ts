/**
 * Books under random faults against the venue's own truth: at every update, while a book says LIVE, each level it
 * knows is compared with the venue's book at that id. After the faults end everything heals.
 */
import { describe, expect, it } from 'vitest'
import { type BookView, streamConfig } from '../../../src/live/index.js'
import type { OracleBook } from '../../../src/sim/index.js'
import { bookRig } from '../../support/maintained-books.js'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const SYMBOLS = ['BTCUSDT', 'ETHUSDT']
const LEVELS_MAX = 1_000
const FAULTY_MS = 60_000

/** Every rule is used up after some time: what follows must heal. */
function faultsOf(seed: number): object {
  return {
    seed,
    rules: [
      { fault: 'dropDiff', probability: 0.02, per: 'frame', run: '1..5', count: 12 },
      { fault: 'duplicate', probability: 0.02, per: 'frame', count: 15 },
      { fault: 'garbage', probability: 0.01, per: 'frame', count: 8 },
      { fault: 'oldSnapshot', probability: 0.3, per: 'request', count: 6 },
      { fault: 'spliceVariant', probability: 0.2, per: 'request', count: 4 },
      { fault: 'snapshotFail', variant: 'status', status: 500, probability: 0.2, per: 'request', count: 5 },
      { fault: 'snapshotFail', variant: 'truncated', probability: 0.2, per: 'request', count: 5 },
      { fault: 'reset', at: '13s', count: 1 },
      { fault: 'silentStream', at: '24s', pick: 1, for: '6s' },
      { fault: 'halfOpen', at: '35s', count: 1, for: '5s' },
    ],
  }
}

/** The first difference of one side inside what the book can know, or `null`. */
function difference(
  side: BookView['bids'],
  horizon: number | null,
  isBid: boolean,
  truth: OracleBook['bids'],
): string | null {
  const flat: number[] = []
  const count = side.writeTop(LEVELS_MAX, flat, 0)
  const isKnown = (price: number): boolean => horizon === null || (isBid ? price >= horizon : price <= horizon)
  for (let index = 0; index < Math.min(LEVELS_MAX, Math.max(count, truth.length)); index++) {
    const [price = Number.NaN, qty = Number.NaN] = (truth[index] ?? []).map(Number)
    const own = [flat[2 * index], flat[2 * index + 1]] as const
    const worst = Number.isNaN(price) ? own[0] : price
    if (worst === undefined || !isKnown(worst)) return null
    if (index >= count || own[0] !== price || own[1] !== qty) return `level ${index}: ${own} instead of ${price},${qty}`
  }
  return null
}

describe.each(['spot', 'futures'] as const)('books of %s under random faults', (market) => {
  it.each(SEEDS)(
    'are the venue’s at every update while LIVE, and heal (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const rig = await bookRig(
        { symbols: SYMBOLS, market, seed, faults: faultsOf(seed) as never, warmupBars: 2 },
        SYMBOLS.map((symbol) => streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' })),
        {
          health: { stalenessThresholdMs: 3_000, healthCheckIntervalMs: 500, watchdogTimeoutMs: 20_000 },
          connection: {
            pingIntervalMs: 2_000,
            pingTimeoutMs: 1_000,
            baseReconnectDelayMs: 100,
            reconnectDelayMsMax: 1_000,
          },
        },
        seed,
      )
      const wrong: string[] = []
      let compared = 0
      const states = new Set<string>()
      rig.bus.subscribe('mkt.orderbook', ({ payload }) => {
        states.add(payload.state)
        const book = rig.manager.book(payload.symbol)
        if (payload.state !== 'LIVE' || book === undefined) return
        const truth = rig.venue.oracle.bookAt(payload.symbol, payload.sequence, market)
        if (truth === null) return
        compared++
        const found =
          difference(book.bids, book.bidHorizon, true, truth.bids) ??
          difference(book.asks, book.askHorizon, false, truth.asks)
        if (found !== null) wrong.push(`${payload.symbol} at ${payload.sequence}: ${found}`)
        if (payload.isCrossed) wrong.push(`${payload.symbol} at ${payload.sequence}: crossed`)
      })
      const liveSequence = new Map<string, number>()
      rig.bus.subscribe('mkt.orderbook', ({ payload: { symbol, sequence, state } }) => {
        if (state !== 'LIVE') return
        if (sequence < (liveSequence.get(symbol) ?? -1)) wrong.push(`${symbol} went back to ${sequence}`)
        liveSequence.set(symbol, sequence)
      })
      await rig.clock.advance(FAULTY_MS + 5_000)
      await rig.until(
        () => SYMBOLS.every((symbol) => rig.manager.book(symbol)?.state === 'LIVE'),
        `all books LIVE: ${JSON.stringify(rig.manager.getHealth().books)}`,
        60_000,
      )
      await rig.clock.advance(5_000)
      await rig.until(
        () =>
          rig.manager.gaps({ kind: 'opened' }).length === 0 &&
          rig.manager.getHealth().books.every(({ state }) => state === 'LIVE'),
        `every gap closed: ${JSON.stringify(rig.manager.gaps({ kind: 'opened' }))}`,
        30_000,
      )
      expect(wrong).toEqual([])
      expect(compared).toBeGreaterThan(100)
      expect([...states].sort()).toEqual(expect.arrayContaining(['LIVE', 'RESYNCING']))
      expect(rig.manager.getStats().gaps.opened).toBeGreaterThan(0)
      expect(rig.venue.oracle.violations()).toEqual([])
      const kinds = new Map<number, string[]>()
      for (const gap of rig.gaps) kinds.set(gap.gapId, [...(kinds.get(gap.gapId) ?? []), gap.kind])
      for (const [gapId, told] of kinds) expect([gapId, told]).toEqual([gapId, ['opened', 'filled']])
      await rig.close()
    },
  )
})
