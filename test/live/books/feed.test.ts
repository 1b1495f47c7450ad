/** What a subscriber sees of a maintained book, from the first picture to the last. */
import { describe, expect, it } from 'vitest'
import { streamConfig } from '../../../src/live/index.js'
import { bookRig } from '../../support/maintained-books.js'

const BTC = streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' })
const VENUE = { symbols: ['BTCUSDT'], market: 'spot', warmupBars: 2 } as const

describe('a maintained book', () => {
  it('is STALE in its last picture when the feed stops, and stays readable', async () => {
    const rig = await bookRig(VENUE, [BTC], { book: { publishLevels: 5 } })
    await rig.until(() => rig.pictures.length > 5, 'pictures')
    expect(rig.pictures.every(({ state }) => state === 'LIVE')).toBe(true)
    expect(rig.pictures.every(({ bids, asks }) => bids.length === 5 && asks.length === 5)).toBe(true)
    expect(rig.deltas).toEqual([])
    const view = rig.manager.book('BTCUSDT')!
    await rig.close()
    expect(rig.pictures.at(-1)).toMatchObject({ state: 'STALE', sequence: view.sequence })
    expect(view.bestBid).toBe(rig.pictures.at(-1)?.bestBid)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('can be rebuilt from deltas alone, also after the socket was lost', async () => {
    const rig = await bookRig(VENUE, [BTC], { book: { emitDeltas: true }, connection: { baseReconnectDelayMs: 100 } })
    const bids = new Map<number, number>()
    let sequence = -1
    let snapshots = 0
    rig.bus.subscribe('mkt.orderbook.delta', ({ payload }) => {
      if (payload.isSnapshot === true) {
        snapshots++
        bids.clear()
      } else if (snapshots === 0 || payload.sequence <= sequence) return
      sequence = payload.sequence
      for (const { price, qty } of payload.bids) {
        if (qty === 0) bids.delete(price)
        else bids.set(price, qty)
      }
    })
    await rig.until(() => snapshots === 1, 'the first whole book')
    await rig.clock.advance(3_000)
    rig.venue.cut()
    await rig.until(() => snapshots === 2, 'the whole book after the cut')
    await rig.clock.advance(3_000)
    const view = rig.manager.book('BTCUSDT')!
    expect(view.sequence).toBe(sequence)
    const flat: number[] = []
    const count = view.bids.writeTop(Number.POSITIVE_INFINITY, flat, 0)
    const own = [...bids].toSorted(([a], [b]) => b - a).flat()
    expect(own).toEqual(flat.slice(0, 2 * count))
    expect(rig.manager.gaps().map(({ kind, cause, by }) => [kind, cause, by])).toEqual([
      ['filled', 'DISCONNECT', 'snapshot'],
    ])
    expect(rig.log.map(({ event }) => event)).toEqual(expect.arrayContaining(['BOOK_RESYNC', 'BOOK_RECOVERED']))
    await rig.close()
  })

  it('sends at most one picture per interval, but a change of state at once', async () => {
    const rig = await bookRig(VENUE, [BTC], { book: { publishIntervalMs: 1_000 } })
    await rig.until(() => rig.pictures.length === 1, 'the first picture')
    await rig.clock.advance(10_000)
    expect(rig.pictures.length).toBeLessThanOrEqual(11)
    expect(rig.pictures.length).toBeGreaterThan(5)
    const before = rig.pictures.length
    rig.venue.cut()
    await rig.until(() => rig.pictures.length > before, 'the picture that says STALE', 100)
    expect(rig.pictures.at(-1)?.state).toBe('STALE')
    await rig.close()
  })

  it('of a symbol the venue does not know says so and asks rarely', async () => {
    const rig = await bookRig(
      { ...VENUE, faults: { rules: [{ fault: 'httpStatus', status: 400, on: { rest: 'depth' } }] } },
      [BTC],
    )
    await rig.clock.advance(130_000)
    expect(rig.pictures).toEqual([])
    expect(rig.manager.getHealth().books[0]).toMatchObject({
      state: 'SYNCING',
      snapshotCount: 3,
      snapshotFailureCount: 3,
    })
    expect(rig.log.filter(({ event }) => event === 'BOOK_SNAPSHOT_FAILED').map(({ level }) => level)).toEqual([
      'ERROR',
      'ERROR',
      'ERROR',
    ])
    await rig.close()
  })

  it('ends with its stream and begins anew with the next', async () => {
    const rig = await bookRig(VENUE, [BTC, streamConfig('BTCUSDT', 'BOOK_TICKER')])
    await rig.until(() => rig.pictures.length > 0, 'a picture')
    const removed = rig.manager.unsubscribe([BTC])
    await rig.clock.advance(2_000)
    await removed
    expect(rig.manager.book('BTCUSDT')).toBeUndefined()
    expect(rig.pictures.at(-1)?.state).toBe('STALE')
    const added = rig.manager.subscribe([BTC])
    await rig.clock.advance(2_000)
    await added
    await rig.until(() => rig.manager.book('BTCUSDT')?.state === 'LIVE', 'the new book')
    await rig.close()
  })
})
