import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue, type SimVenueOptions } from '../../../src/sim/index.js'
import { waitFor } from '../../support/wait-for.js'
import { MemoryClient } from '../support/memory-client.js'
import { SocketClient } from '../support/socket-client.js'
import { useVenues } from '../support/venue-fixture.js'

const { start } = useVenues()
const venues: SimVenue[] = []
afterEach(async () => {
  for (const venue of venues.splice(0)) await venue.stop()
})

async function marketVenue(options: SimVenueOptions = {}): Promise<SimVenue> {
  const venue = await SimVenue.start({ clock: new VirtualClock(), warmupBars: 5, extras: false, ...options })
  venues.push(venue)
  return venue
}

const STREAMS = 'btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker/ethusdt@kline_1m/ethusdt@depth5@100ms'

describe('the in-memory transport', () => {
  it('opens, subscribes, delivers and closes like a socket, after a latency', async () => {
    const { venue, market, clock } = await start({ markets: ['spot'], listen: false })
    const client = new MemoryClient(new SimTransport(venue, { latencyMs: { minMs: 10, maxMs: 10 } }), 'ws://sim/ws')
    await clock.advance(19)
    expect(client.isOpen).toBe(false)
    await clock.advance(1)
    expect(client.isOpen).toBe(true)
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 })
    await clock.advance(20)
    expect(client.frames).toEqual(['{"result":null,"id":1}'])
    market.push('btcusdt@trade', '{"n":1}')
    await clock.advance(10)
    expect(client.frames[1]).toBe('{"n":1}')
    expect(client.times[1]).toBe(clock.wallMs())
    client.socket.ping()
    client.socket.close(1000, 'bye')
    await clock.advance(20)
    expect(client.pongs).toBe(1)
    expect(client.closed).toEqual({ code: 1000, reason: 'bye' })
    expect(venue.stats().connectionsOpen).toBe(0)
  })

  it('answers the pings of the venue by itself, so that the connection lives', async () => {
    const { venue, clock } = await start({ markets: ['spot'], listen: false })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws')
    await clock.advance(10 * 60_000 + 100)
    expect(client.pings).toBe(30)
    expect(client.closed).toBeNull()
  })

  it('reports refused upgrades, unreachable venues and slow ones', async () => {
    const { venue, clock } = await start({ markets: ['spot'], listen: false })
    const transport = new SimTransport(venue)
    const unknown = new MemoryClient(transport, 'ws://sim/nothing')
    venue.inject({ fault: 'httpStatus', status: 429, retryAfter: '7s', count: 1 })
    await clock.advance(20)
    const limited = new MemoryClient(transport, 'ws://sim/ws')
    await clock.advance(20)
    venue.inject({ fault: 'connectFail', variant: 'name', count: 1 })
    const unnamed = new MemoryClient(transport, 'ws://sim/ws')
    await clock.advance(20)
    venue.inject({ fault: 'slowHandshake', delay: '20s', count: 1 })
    const slow = new MemoryClient(transport, 'ws://sim/ws', 5000)
    await clock.advance(30_000)
    expect(unknown.closed).toMatchObject({ code: 1006, httpStatus: 404 })
    expect(limited.closed).toMatchObject({ code: 1006, httpStatus: 429, retryAfterMs: 7000 })
    expect(unnamed.closed?.error).toMatchObject({ code: 'ENOTFOUND' })
    expect(slow.closed?.error?.message).toContain('5000 ms')
    expect(transport.openCount).toBe(0)
    expect(venue.stats().connectionsOpen).toBe(0)
  })

  it('tells everybody when the venue stops', async () => {
    const { venue, clock } = await start({ markets: ['spot'], listen: false })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws')
    await clock.advance(20)
    await venue.stop()
    expect(client.closed).toEqual({ code: 1001, reason: '' })
  })
})

describe('the in-memory HTTP client', () => {
  it('gets replies with headers, fails on timeout, abort and cut, and honours the venue clock', async () => {
    const { venue, clock } = await start({ listen: false })
    const http = new SimHttpClient(venue)
    const get = (signal?: AbortSignal): Promise<{ status: number; body: string } | string> =>
      http
        .get({ url: 'http://sim/api/v3/depth?symbol=BTCUSDT', timeoutMs: 1000, ...(signal ? { signal } : {}) })
        .then(({ status, body, headers }) => ({ status, body, weight: headers.get('x-mbx-used-weight-1m') }))
        .catch((error: Error) => error.name)
    const run = async <T>(result: Promise<T>): Promise<T> => {
      await clock.advance(2000)
      return result
    }
    expect(await run(get())).toEqual({ status: 200, body: '{"ok":true}', weight: '1' })
    for (const variant of ['timeout', 'truncated'] as const) {
      venue.inject({ fault: 'snapshotFail', variant, count: 1 })
      expect(await run(get())).toBe(variant === 'timeout' ? 'TimeoutError' : 'TypeError')
    }
    const abort = new AbortController()
    const aborted = get(abort.signal)
    abort.abort(Object.assign(new Error('enough'), { name: 'Enough' }))
    expect(await run(aborted)).toBe('Enough')
  })
})

describe('determinism', () => {
  async function record(seed: number, clients: number): Promise<{ digest: string; history: string }> {
    const venue = await marketVenue({ seed, listen: false, faults: 'rough' })
    const transport = new SimTransport(venue)
    const all = Array.from({ length: clients }, (_, index) => {
      const base = index % 2 === 0 ? 'ws://sim' : 'ws://sim/public'
      return new MemoryClient(transport, `${base}/stream?streams=${STREAMS}`)
    })
    await venue.advance(60_000)
    const digest = createHash('sha256')
    for (const client of all) {
      for (const [index, frame] of client.frames.entries()) digest.update(`${client.times[index]} ${frame}\n`)
      digest.update(`${client.closed?.code ?? 'open'} ${client.pings}\n`)
    }
    return { digest: digest.digest('hex'), history: venue.oracle.summary().historyHash }
  }

  it('the same seed gives the same bytes at the same times on every connection, faults included', async () => {
    const first = await record(11, 3)
    expect(await record(11, 3)).toEqual(first)
    expect((await record(12, 3)).digest).not.toBe(first.digest)
  })

  it('the history does not depend on who is connected', async () => {
    expect((await record(11, 1)).history).toBe((await record(11, 4)).history)
  })
})

describe('sockets and memory', () => {
  it('show the same frames per stream for the same seed', async () => {
    const perStream = (frames: readonly string[]): Record<string, string[]> => {
      const streams: Record<string, string[]> = {}
      for (const frame of frames) {
        const name = /^\{"stream":"([^"]+)"/.exec(frame)?.[1]
        if (name !== undefined) streams[name] = [...(streams[name] ?? []), frame]
      }
      return streams
    }
    const socketVenue = await marketVenue({ seed: 5, market: 'spot' })
    const socket = await new SocketClient(`${socketVenue.wsUrl}/stream?streams=${STREAMS}`).opened()
    await socketVenue.advance(10_000)
    const expected = socketVenue.oracle.summary().framesDelivered
    await waitFor(() => socket.frames.length === expected)

    const memoryVenue = await marketVenue({ seed: 5, market: 'spot', listen: false })
    const memory = new MemoryClient(
      new SimTransport(memoryVenue, { latencyMs: { minMs: 0, maxMs: 0 } }),
      `ws://sim/stream?streams=${STREAMS}`,
    )
    await memoryVenue.advance(10_000)
    expect(Object.keys(perStream(memory.frames)).sort()).toEqual(STREAMS.split('/').sort())
    expect(perStream(memory.frames)).toEqual(perStream(socket.frames))
    socket.ws.terminate()
  })

  it('leaves no timer after the stop of a venue that held a connection whose client had gone', async () => {
    const { venue, clock } = await start({ markets: ['spot'], listen: false })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws/btcusdt@trade')
    await clock.advance(100)
    venue.inject({ fault: 'halfOpen' })
    await clock.advance(100)
    client.socket.terminate()
    await clock.advance(1_000)
    await venue.stop()
    expect(clock.pendingTimerCount).toBe(0)
  })
})
