import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../src/runtime/index.js'
import { SimVenue } from '../../src/sim/index.js'
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
    const started = performance.now()
    await venue.stop()
    expect(performance.now() - started).toBeLessThan(2000)
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
})
