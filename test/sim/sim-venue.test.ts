import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../src/sim/index.js'
import { waitFor } from '../support/wait-for.js'
import { MemoryClient } from './support/memory-client.js'
import { SocketClient } from './support/socket-client.js'

describe('a venue with a simulated market', () => {
  it('serves spot and futures streams and REST on one port, and ends without a trace', async () => {
    const venue = await SimVenue.start({ seed: 3 })
    const spot = await new SocketClient(`${venue.wsUrl}/stream?streams=btcusdt@depth@100ms/btcusdt@trade`).opened()
    const futures = await new SocketClient(`${venue.wsUrl}/market/stream?streams=btcusdt@markPrice@1s`).opened()
    const book = await new SocketClient(`${venue.wsUrl}/public/ws/ethusdt@depth5@100ms`).opened()
    await spot.got(2)
    await futures.got(1)
    await book.got(1)
    const depth = await fetch(`${venue.restUrl}/api/v3/depth?symbol=BTCUSDT&limit=5`)
    expect(depth.headers.get('x-mbx-used-weight-1m')).toBe('5')
    expect(Object.keys((await depth.json()) as object)).toEqual(['lastUpdateId', 'bids', 'asks'])
    await venue.stop()
    expect((await spot.closedBy()).code).toBe(1001)
  })

  it('moves only with its virtual clock', async () => {
    const clock = new VirtualClock()
    const venue = await SimVenue.start({ seed: 3, clock, market: 'spot' })
    const socket = await new SocketClient(`${venue.wsUrl}/ws/btcusdt@miniTicker`).opened()
    const before = venue.nowMs()
    await venue.advance(5000)
    expect(venue.nowMs() - before).toBe(5000)
    await socket.got(2)
    await venue.stop()
  })

  it('stops within 2 seconds whatever its clients do', async () => {
    // A busy machine may take its time with any of them; a stop that waits for a client waits every time.
    const times: number[] = []
    while (times.length < 5 && Math.min(...times) >= 2000) times.push(await stopAmidClients())
    expect(Math.min(...times), times.join(' ')).toBeLessThan(2000)
  })

  it('refuses options that cannot be', async () => {
    await expect(SimVenue.start({ speed: 0 })).rejects.toThrow(/speed/)
    await expect(SimVenue.start({ speed: 'max' })).rejects.toThrow(/only plays recordings/)
    await expect(SimVenue.start({ faults: 'nonesuch' })).rejects.toThrow(/built-in plan/)
    await expect(SimVenue.start({ from: 'nonesuch.jsonl.gz' })).rejects.toThrow(/cannot be read/)
    const venue = await SimVenue.start({ market: 'spot', extras: false, warmupBars: 1 })
    await expect(venue.advance(1)).rejects.toThrow(/VirtualClock/)
    await expect(SimVenue.start({ market: 'spot', extras: false, warmupBars: 1, port: venue.port })).rejects.toThrow(
      /EADDRINUSE/,
    )
    expect(() => venue.inject({ fault: 'nope' as never })).toThrow(/is not one of/)
    await venue.stop()
  })

  it('runs at the speed it was given, limits included', async () => {
    const clock = new VirtualClock()
    const venue = await SimVenue.start({
      clock,
      speed: 10,
      market: 'spot',
      extras: false,
      warmupBars: 1,
      listen: false,
    })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws/btcusdt@kline_1m')
    const before = venue.nowMs()
    await clock.advance(12_100)
    expect(venue.nowMs() - before).toBe(121_000)
    expect(client.frames.filter((frame) => frame.includes('"x":true'))).toHaveLength(2)
    expect(client.pings).toBe(6)
    await venue.stop()
  })
})

describe('streams and REST of a venue', () => {
  it('fit together: a book kept by the rules equals the oracle after every diff', async () => {
    const clock = new VirtualClock()
    const venue = await SimVenue.start({ clock, seed: 21, market: 'spot', extras: false, warmupBars: 2, listen: false })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws/btcusdt@depth@100ms')
    await clock.advance(3000)
    const pending = new SimHttpClient(venue).get({
      url: 'http://sim/api/v3/depth?symbol=BTCUSDT&limit=5000',
      timeoutMs: 5000,
    })
    await clock.advance(20_000)
    const snapshot = JSON.parse((await pending).body) as {
      lastUpdateId: number
      bids: [string, string][]
      asks: [string, string][]
    }
    const sides = { b: new Map(snapshot.bids), a: new Map(snapshot.asks) }
    let lastId = snapshot.lastUpdateId
    let compared = 0
    for (const frame of client.frames) {
      const diff = JSON.parse(frame) as { U: number; u: number; b: [string, string][]; a: [string, string][] }
      if (diff.u <= lastId) continue
      expect(diff.U).toBeLessThanOrEqual(lastId + 1)
      for (const side of ['b', 'a'] as const) {
        for (const [price, qty] of diff[side]) {
          if (Number(qty) === 0) sides[side].delete(price)
          else sides[side].set(price, qty)
        }
      }
      lastId = diff.u
      const truth = venue.oracle.bookAt('BTCUSDT', diff.u)
      const best = [...sides.b].sort(([x], [y]) => Number(y) - Number(x)).slice(0, 20)
      expect(best).toEqual(truth?.bids.slice(0, 20))
      compared++
    }
    expect(compared).toBeGreaterThan(50)
    await venue.stop()
  })
})

/** How long a venue takes to stop with clients that are held, deaf, half accepted and without an answer. */
async function stopAmidClients(): Promise<number> {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({ seed: 3, clock, market: 'spot', extras: false, warmupBars: 2 })
  const held = await new SocketClient(`${venue.wsUrl}/ws/btcusdt@trade`).opened()
  venue.inject({ fault: 'halfOpen' })
  await venue.advance(0)
  const deaf = await new SocketClient(`${venue.wsUrl}/ws/btcusdt@trade`).opened()
  deaf.ws.pause()
  venue.inject({ fault: 'slowHandshake', delay: '1h', count: 1 })
  const waiting = new SocketClient(`${venue.wsUrl}/ws`)
  venue.inject({ fault: 'snapshotFail', delay: '1h', count: 1 })
  const hanging = fetch(`${venue.restUrl}/api/v3/depth?symbol=BTCUSDT`).catch((error: Error) => error.message)
  const idle = fetch(`${venue.restUrl}/api/v3/ping`)
  await idle
  await waitFor(() => venue.oracle.faults('snapshotFail').length + venue.oracle.faults('slowHandshake').length === 2)
  const started = performance.now()
  await venue.stop()
  await venue.stop()
  const tookMs = performance.now() - started
  deaf.ws.resume()
  expect(await hanging).toBe('fetch failed')
  for (const client of [held, deaf, waiting]) expect((await client.closedBy()).code).toBeGreaterThanOrEqual(1001)
  return tookMs
}
