/** The lives of gaps over those of the feed: what `live.gap` has said must stay true when a feed ends and starts again. */
import { describe, expect, it } from 'vitest'
import { streamConfig } from '../../../src/live/index.js'
import { BTC, type Rig, rig } from './rig.js'

const TICKER = streamConfig('BTCUSDT', 'BOOK_TICKER')

/** Publishes a best bid and offer on every socket. */
function quote({ venue }: Rig, u: number): void {
  for (const socket of venue.sockets)
    socket.frame({ stream: 'btcusdt@bookTicker', data: { u, s: 'BTCUSDT', b: '1.0', B: '2.0', a: '3.0', A: '4.0' } })
}

describe('a gap', () => {
  it('that is open when the feed stops ends there, and its id is never given again', async () => {
    const built = rig({ streams: [TICKER], connection: { baseUrl: 'ws://127.0.0.1:1', firstReconnectDelayMs: 5_000 } })
    await built.started()
    quote(built, 1)
    await built.clock.advance(100)
    built.venue.cut()
    await built.clock.advance(100)
    expect(built.gaps).toMatchObject([{ gapId: 1, kind: 'opened', cause: 'DISCONNECT' }])
    await built.stopped()
    // Nobody is left who could fill it.
    expect(built.gaps).toMatchObject([{ kind: 'opened' }, { gapId: 1, kind: 'unfillable' }])
    expect(built.gaps[1]?.to).toBeGreaterThan(built.gaps[0]?.to ?? 0)
    expect(built.manager.gaps({ kind: 'opened' })).toEqual([])

    await built.started()
    quote(built, 2)
    await built.clock.advance(100)
    built.venue.cut()
    await built.clock.advance(100)
    expect(built.gaps.at(-1)).toMatchObject({ gapId: 2, kind: 'opened' })
    expect(built.manager.getStats().gaps).toMatchObject({ opened: 1, open: 1 })
    await built.stopped()
    const lives = new Map<number, string[]>()
    for (const { gapId, kind } of built.gaps) lives.set(gapId, [...(lives.get(gapId) ?? []), kind])
    expect([...lives.values()]).toEqual([
      ['opened', 'unfillable'],
      ['opened', 'unfillable'],
    ])
  })

  it('is not made by stopping the feed', async () => {
    const built = rig({ streams: [TICKER, BTC] })
    await built.started()
    quote(built, 1)
    await built.flow(1_000)
    await built.stopped()
    await built.clock.advance(60_000)
    expect(built.gaps).toEqual([])
  })

  it('ends with the feed also when the feed fails', async () => {
    const built = rig({ streams: [TICKER], connection: { baseUrl: 'ws://127.0.0.1:1', maxReconnectAttempts: 2 } })
    await built.started()
    quote(built, 1)
    await built.clock.advance(100)
    built.venue.connect = 'refuse'
    built.venue.cut()
    await built.clock.advance(60_000)
    expect(built.manager.state).toBe('FAILED')
    expect(built.gaps.map(({ kind }) => kind)).toEqual(['opened', 'unfillable'])
    const [feed] = built.manager.getHealth().feeds
    expect(feed).toMatchObject({ state: 'STALE', isStale: true, ratePerSecond: 0 })
  })

  it('in time does not end with a message that was seen before', async () => {
    const built = rig({ streams: [TICKER] })
    await built.started()
    for (let u = 1; u <= 5; u++) quote(built, u)
    await built.clock.advance(1_000)
    built.venue.cut()
    await built.clock.advance(2_000)
    quote(built, 3)
    await built.clock.advance(100)
    expect(built.gaps.map(({ kind }) => kind)).toEqual(['opened'])
    quote(built, 6)
    await built.clock.advance(100)
    expect(built.gaps.at(-1)).toMatchObject({ kind: 'filled', by: 'superseded' })
    await built.stopped()
  })
})
