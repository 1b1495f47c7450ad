import { describe, expect, it } from 'vitest'
import { BanLedger, resolveLimits, SlidingCount, TokenBucket, WeightLedger } from '../../../src/sim/server/limits.js'
import { waitFor } from '../../support/wait-for.js'
import { useVenues } from '../support/venue-fixture.js'

const { start, connect, client } = useVenues()
const LIST = '{"method":"LIST_SUBSCRIPTIONS","id":1}'

describe('incoming messages', () => {
  it.each([
    ['spot', 5],
    ['futures', 10],
  ] as const)(
    'on %s: a burst of 15 is answered, then %d per second hold and one more closes 1008',
    async (market, rate) => {
      const { venue } = await start({ markets: [market] })
      const socket = await connect(`${venue.wsUrl}/ws`)
      for (let index = 0; index < 15; index++) socket.send(LIST)
      await socket.got(15)
      for (let second = 0; second < 3; second++) {
        await venue.advance(1000)
        for (let index = 0; index < rate; index++) socket.send(LIST)
        await socket.got(15 + (second + 1) * rate)
      }
      expect(socket.closed).toBeNull()
      socket.send(LIST)
      expect(await socket.closedBy()).toMatchObject({ code: 1008, reason: 'Too many requests' })
      expect(socket.frames).toHaveLength(15 + 3 * rate)
      expect(venue.oracle.violations('messageRate')).toHaveLength(1)
    },
  )

  it('count pings and pongs as well', async () => {
    const { venue } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws`)
    for (let index = 0; index < 8; index++) socket.ws.ping()
    for (let index = 0; index < 7; index++) socket.ws.pong()
    await waitFor(() => socket.pongs.length === 8)
    expect(socket.closed).toBeNull()
    socket.ws.pong()
    expect(await socket.closedBy()).toMatchObject({ code: 1008, reason: 'Too many requests' })
  })

  it('in strict mode hold at one per 500 ms on spot and not at one per 250 ms', async () => {
    const { venue } = await start({ markets: ['spot'], limits: { strict: true } })
    const slow = await connect(`${venue.wsUrl}/ws`)
    const fast = await connect(`${venue.wsUrl}/ws`)
    for (let index = 1; index <= 12; index++) {
      slow.send(LIST)
      await slow.got(index)
      await venue.advance(500)
    }
    for (let index = 1; index <= 12 && fast.closed === null; index++) {
      fast.send(LIST)
      await waitFor(() => fast.frames.length >= index || fast.closed !== null)
      await venue.advance(250)
    }
    expect(slow.closed).toBeNull()
    expect(fast.closed).toMatchObject({ code: 1008 })
  })

  it('larger than 64 KiB close 1009; 200 names in one SUBSCRIBE pass', async () => {
    const { venue } = await start({ markets: ['futures'] })
    const socket = await connect(`${venue.wsUrl}/ws`)
    const params = Array.from({ length: 200 }, (_, index) => `symbol${index}usdt_261225@kline_15m@+08:00`)
    expect(await socket.ask({ method: 'SUBSCRIBE', params, id: 1 } as never)).toEqual({ result: null, id: 1 })
    socket.send(`{"pad":"${'x'.repeat(65_536)}"}`)
    expect((await socket.closedBy()).code).toBe(1009)
    expect(venue.oracle.violations('frameSize')).toHaveLength(1)
  })

  it('that are binary close 1003', async () => {
    const { venue } = await start()
    const socket = await connect(`${venue.wsUrl}/ws`)
    socket.ws.send(Buffer.of(1, 2, 3))
    expect((await socket.closedBy()).code).toBe(1003)
  })

  it('that are not masked close 1002', async () => {
    const { venue } = await start()
    const socket = await connect(`${venue.wsUrl}/ws`)
    const raw = (socket.ws as unknown as { _socket: { write(bytes: Buffer): void } })._socket
    raw.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]))
    expect((await socket.closedBy()).code).toBe(1002)
    expect(venue.oracle.violations('protocol')).toHaveLength(1)
  })
})

describe('streams per connection', () => {
  it('1024 are accepted; one more is answered with error 4 and the connection closes 1008', async () => {
    const { venue } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws`)
    const names = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `s${from + index}@trade`)
    for (let batch = 0; batch < 4; batch++) {
      await socket.ask({ method: 'SUBSCRIBE', params: names(batch * 256, 256), id: batch } as never)
    }
    expect(socket.closed).toBeNull()
    await socket.ask({ method: 'SUBSCRIBE', params: ['s0@trade'], id: 10 } as never)
    socket.send({ method: 'SUBSCRIBE', params: ['s1024@trade'], id: 11 })
    expect(await socket.closedBy()).toMatchObject({ code: 1008, reason: 'Invalid request' })
    expect(socket.frames.at(-1)).toBe('{"error":{"code":4,"msg":"Too many subscriptions"}}')
  })

  it('is an option', async () => {
    const { venue } = await start({ markets: ['futures'], limits: { futures: { streamsPerConnectionMax: 2 } } })
    await connect(`${venue.wsUrl}/ws/a@trade/b@trade`)
    const socket = client(`${venue.wsUrl}/ws/a@trade/b@trade/c@trade`)
    expect(await socket.closedBy()).toMatchObject({ code: 1008, reason: 'Invalid request' })
  })
})

describe('connection attempts', () => {
  it('over the limit are refused with 429 and Retry-After, then with a growing 418, until the window has passed', async () => {
    const { venue } = await start({ markets: ['spot'], limits: { connectAttempts: 3, ignoredRefusalsMax: 2 } })
    for (let attempt = 0; attempt < 3; attempt++) await connect(`${venue.wsUrl}/ws`)
    const statuses: (number | null)[] = []
    for (let attempt = 0; attempt < 5; attempt++) {
      const refused = await client(`${venue.wsUrl}/ws`).closedBy()
      statuses.push(refused.httpStatus)
      expect(Number(refused.retryAfter)).toBeGreaterThan(0)
    }
    expect(statuses).toEqual([429, 429, 429, 418, 418])
    await venue.advance(5 * 60_000)
    await connect(`${venue.wsUrl}/ws`)
    expect(venue.oracle.violations('connectAttempts')).toHaveLength(1)
  })
})

describe('the life of a connection', () => {
  it.each([
    ['spot', 20_000],
    ['futures', 180_000],
  ] as const)('on %s is pinged every %d ms with the time, and ends without pongs', async (market, intervalMs) => {
    const { venue } = await start({ markets: [market] })
    const answering = await connect(`${venue.wsUrl}/ws`)
    const silent = await connect(`${venue.wsUrl}/ws`, { autoPong: false })
    const startMs = venue.nowMs()
    const timeoutMs = market === 'spot' ? 60_000 : 600_000
    let pings = 0
    while (silent.closed === null && pings < 10) {
      await venue.advance(intervalMs - 1)
      if (silent.closed === null) expect(answering.pings).toHaveLength(pings)
      await venue.advance(1)
      pings++
      await waitFor(() => answering.pings.length === pings)
      // An unsolicited pong is no sign of life.
      if (silent.ws.readyState === silent.ws.OPEN) silent.ws.pong('hello')
      // The pong must have arrived before time goes on.
      answering.ws.ping()
      await waitFor(() => answering.pongs.length === pings)
      if (venue.nowMs() - startMs >= intervalMs + timeoutMs) await silent.closedBy()
    }
    expect(answering.pings.slice(0, 2).map(Number)).toEqual([startMs + intervalMs, startMs + 2 * intervalMs])
    expect(silent.closed).toMatchObject({ code: 1008, reason: 'Pong timeout' })
    expect(answering.closed).toBeNull()
    expect(venue.oracle.violations('pongTimeout')).toHaveLength(1)
  })

  it('ends after 24 hours', async () => {
    const quiet = { pingIntervalMs: 1e9, pongTimeoutMs: 1e9 }
    const { venue } = await start({ markets: ['spot'], limits: { spot: quiet } })
    const socket = await connect(`${venue.wsUrl}/ws`)
    await venue.advance(24 * 3_600_000 - 1)
    socket.send(LIST)
    await socket.got(1)
    await venue.advance(1)
    expect((await socket.closedBy()).code).toBe(1001)
  })

  it('answers a ping with its payload', async () => {
    const { venue } = await start()
    const socket = await connect(`${venue.wsUrl}/ws`)
    socket.ws.ping('1795000000000')
    await waitFor(() => socket.pongs.length === 1)
    expect(socket.pongs).toEqual(['1795000000000'])
  })

  it('is cut when its consumer falls behind the queue bound, and the others go on', async () => {
    const { venue, market } = await start({ markets: ['spot'], limits: { sendQueueBytesMax: 4 * 1024 * 1024 } })
    const slow = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    const good = await connect(`${venue.wsUrl}/ws/ethusdt@trade`)
    slow.ws.pause()
    const payload = `{"pad":"${'x'.repeat(64 * 1024)}"}`
    await waitFor(
      () => {
        for (let index = 0; index < 16; index++) market.push('btcusdt@trade', payload)
        return venue.oracle.violations('slowConsumer').length > 0
      },
      { what: 'the slow consumer to be cut' },
    )
    slow.ws.resume()
    expect((await slow.closedBy()).code).toBe(1006)
    market.push('ethusdt@trade', '{}')
    await good.got(1)
  })
})

describe('the machines behind the limits', () => {
  it('a bucket never holds more than its burst', () => {
    const bucket = new TokenBucket(5, 3, 0)
    const taken = (nowMs: number): boolean[] => [1, 2, 3, 4].map(() => bucket.take(nowMs))
    expect(taken(0)).toEqual([true, true, true, false])
    expect(taken(1e9)).toEqual([true, true, true, false])
    expect(bucket.take(1e9 + 199)).toBe(false)
  })

  it('a sliding count tells how long to wait', () => {
    const count = new SlidingCount(2, 1000)
    expect([count.add('a', 0), count.add('a', 400), count.add('a', 500), count.add('b', 500)]).toEqual([0, 0, 500, 0])
    expect(count.add('a', 1000)).toBe(0)
    expect(count.count('a', 1000)).toBe(2)
  })

  it('weight belongs to the UTC clock minute, not to a sliding one', () => {
    const ledger = new WeightLedger()
    expect(ledger.add('a', 59_999, 5)).toBe(5)
    expect(ledger.add('a', 60_000, 5)).toBe(5)
    expect(WeightLedger.untilNextMinuteMs(59_999)).toBe(1)
    expect(WeightLedger.untilNextMinuteMs(60_000)).toBe(60_000)
  })

  it('bans grow with each offence up to a bound', () => {
    const bans = new BanLedger(resolveLimits({ ignoredRefusalsMax: 0, banMs: 1000, banMsMax: 3000 }))
    const lengths: number[] = []
    for (let nowMs = 0; lengths.length < 4; nowMs += 10_000) {
      bans.refuse('a', nowMs, 500)
      lengths.push(bans.check('a', nowMs + 1)!.retryAfterMs)
    }
    expect(lengths).toEqual([1000, 2000, 3000, 3000])
    expect(bans.check('b', 0)).toBeNull()
  })
})
