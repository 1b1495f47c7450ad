/**
 * How long a book is blind after a lost update, with REST 50 ms away, and that nobody else notices.
 *
 * FEEDBUS_RESYNCS=<count> measures that many.
 */
import { describe, expect, it } from 'vitest'
import { streamConfig } from '../../../src/live/index.js'
import { percentile, reportFigures } from '../../support/figures.js'
import { bookRig } from '../../support/maintained-books.js'

const RESYNCS = Number(process.env['FEEDBUS_RESYNCS'] ?? 60)
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT']
const REST_MS = 50

describe.each(['spot', 'futures'] as const)('a lost depth update on %s', (market) => {
  it(`costs one book a quarter of a second at most (${RESYNCS} times)`, { timeout: 240_000 }, async () => {
    const rig = await bookRig(
      {
        symbols: SYMBOLS,
        market,
        seed: 11,
        warmupBars: 2,
        faults: {
          seed: 1,
          rules: [{ fault: 'snapshotFail', variant: 'slow', delay: REST_MS, probability: 1, per: 'request' }],
        } as never,
      },
      SYMBOLS.map((symbol) => streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' })),
    )
    const stateOf = (symbol: string) => rig.manager.book(symbol)?.state
    await rig.until(() => SYMBOLS.every((symbol) => stateOf(symbol) === 'LIVE'), 'all books LIVE')
    const blindMs: number[] = []
    let disturbed = 0
    for (let run = 0; run < RESYNCS; run++) {
      const symbol = SYMBOLS[run % SYMBOLS.length] as string
      // A book that breaks again within ten seconds pauses on purpose; this is about one that was whole.
      await rig.clock.advance(2_637)
      const from = rig.pictures.length
      rig.venue.inject({ fault: 'dropDiff', variant: 'depth', on: { symbol }, count: 1 })
      await rig.until(() => stateOf(symbol) !== 'LIVE', 'the break to be found', 20_000, 1)
      const lostAtMs = rig.clock.monotonicMs()
      await rig.until(() => stateOf(symbol) === 'LIVE', 'the book to be LIVE again', 20_000, 1)
      blindMs.push(rig.clock.monotonicMs() - lostAtMs)
      disturbed += rig.pictures.slice(from).filter((one) => one.symbol !== symbol && one.state !== 'LIVE').length
    }
    const p99Ms = percentile(blindMs, 0.99)
    reportFigures('resync', { runs: blindMs.length, p50Ms: percentile(blindMs, 0.5), p99Ms, disturbed })
    expect(p99Ms).toBeLessThanOrEqual(250)
    expect(disturbed).toBe(0)
    expect(rig.gaps.filter(({ kind }) => kind === 'opened')).toHaveLength(RESYNCS)
    await rig.close()
  })
})
