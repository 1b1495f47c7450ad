import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { isWsPath, parseWsTarget } from '../../../src/sim/server/request-path.js'
import { useVenues } from '../support/venue-fixture.js'

const { start, connect, client } = useVenues()
const SUBSCRIBE = { method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 }

describe('a request path', () => {
  it('decides raw or wrapped frames by its mode segment, whatever stands in front', () => {
    expect(parseWsTarget('/any/prefix/ws/btcusdt@trade', 8000)).toMatchObject({
      combined: false,
      streams: ['btcusdt@trade'],
    })
    expect(parseWsTarget('/any/prefix/stream?streams=btcusdt@trade', 8000)).toMatchObject({
      combined: true,
      streams: ['btcusdt@trade'],
    })
  })

  it('takes several names in a raw path and skips a digits-only connection suffix', () => {
    expect(parseWsTarget('/ws/btcusdt@trade/ethusdt@trade', 8000)).toMatchObject({
      streams: ['btcusdt@trade', 'ethusdt@trade'],
    })
    expect(parseWsTarget('/ws/1795000000000', 8000)).toMatchObject({ kind: 'ws', streams: [] })
  })

  it('opens without streams for a bare path and for an empty query value', () => {
    for (const target of ['/ws', '/ws/', '/stream', '/stream?streams=', '/stream?streams', '/market/stream?streams=']) {
      expect(parseWsTarget(target, 8000), target).toMatchObject({ kind: 'ws', streams: [] })
    }
  })

  it('knows futures routes only directly in front of the mode segment', () => {
    expect(parseWsTarget('/public/ws', 8000)).toMatchObject({ route: 'public' })
    expect(parseWsTarget('/market/stream', 8000)).toMatchObject({ route: 'market' })
    expect(parseWsTarget('/private/stream?listenKey=k', 8000)).toMatchObject({ route: 'private' })
    expect(parseWsTarget('/public/x/ws', 8000)).toMatchObject({ route: null })
  })

  it('decodes percent signs, keeps plus signs and Unicode, and reads the time unit in either case', () => {
    expect(parseWsTarget('/stream?streams=%E6%B5%8B%E8%AF%95usdt%40kline_1d%40+08:00', 8000)).toMatchObject({
      streams: ['测试usdt@kline_1d@+08:00'],
    })
    expect(parseWsTarget('/stream?streams=a@trade%2Fb@trade&timeUnit=microsecond', 8000)).toMatchObject({
      streams: ['a@trade', 'b@trade'],
      timeUnit: 'us',
    })
    expect(parseWsTarget('/ws?timeUnit=MICROSECOND', 8000)).toMatchObject({ timeUnit: 'us' })
  })

  it('is refused when unknown, too long, badly encoded or part of the trading stage', () => {
    expect(parseWsTarget('/nothing', 8000)).toEqual({ kind: 'refused', status: 404 })
    expect(parseWsTarget('/stream/btcusdt@trade', 8000)).toEqual({ kind: 'refused', status: 404 })
    expect(parseWsTarget('/ws/%E6%B5', 8000)).toEqual({ kind: 'refused', status: 400 })
    expect(parseWsTarget('/ws-api/v3', 8000)).toEqual({ kind: 'refused', status: 501 })
    expect(parseWsTarget(`/ws/${'a'.repeat(7996)}`, 8000)).toMatchObject({ kind: 'ws' })
    expect(parseWsTarget(`/ws/${'a'.repeat(7997)}`, 8000)).toEqual({ kind: 'refused', status: 414 })
    expect(isWsPath('/fapi/v1/ws')).toBe(true)
  })
})

describe('frames on the wire', () => {
  it('are raw payloads on /ws and wrapped under the subscribed name on /stream', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const raw = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    const wrapped = await connect(`${venue.wsUrl}/stream?streams=btcusdt@trade/测试usdt@trade`)
    market.push('btcusdt@trade', '{"e":"trade","p":"1.0"}')
    market.push('测试usdt@trade', '{"e":"trade","s":"测试USDT"}')
    expect(await raw.got(1)).toEqual(['{"e":"trade","p":"1.0"}'])
    expect(await wrapped.got(2)).toEqual([
      '{"stream":"btcusdt@trade","data":{"e":"trade","p":"1.0"}}',
      '{"stream":"测试usdt@trade","data":{"e":"trade","s":"测试USDT"}}',
    ])
  })

  it('follow SET_PROPERTY combined, while replies are never wrapped', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    expect(await socket.ask({ method: 'SET_PROPERTY', params: ['combined', true], id: 5 } as never)).toEqual({
      result: null,
      id: 5,
    })
    market.push('btcusdt@trade', '{"x":1}')
    expect((await socket.got(2))[1]).toBe('{"stream":"btcusdt@trade","data":{"x":1}}')
    expect(await socket.ask({ method: 'GET_PROPERTY', params: ['combined'], id: 6 } as never)).toEqual({
      result: true,
      id: 6,
    })
  })

  it('are text without extensions although the client offers compression', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    market.push('btcusdt@trade', `{"pad":"${'x'.repeat(5000)}"}`)
    await socket.got(1)
    expect(socket.ws.extensions).toBe('')
    expect(socket.binaryFrames).toEqual([])
  })

  it('come in microseconds on spot when the URL asks for them', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/stream?streams=btcusdt@trade&timeUnit=microsecond`)
    market.push('btcusdt@trade', '{"T":1}', {}, 'spot', 'us')
    market.push('btcusdt@trade', '{"T":2}', {}, 'spot', 'ms')
    market.push('btcusdt@trade', '{"T":3}', {}, 'spot', 'us')
    expect(await socket.got(2)).toEqual([
      '{"stream":"btcusdt@trade","data":{"T":1}}',
      '{"stream":"btcusdt@trade","data":{"T":3}}',
    ])
  })
})

describe('an upgrade', () => {
  it('to an unknown path gets 404 and a plain request to a WebSocket path 400', async () => {
    const { venue } = await start()
    expect((await client(`${venue.wsUrl}/unknown`).closedBy()).httpStatus).toBe(404)
    expect((await client(`${venue.wsUrl}/ws-fapi/v1`).closedBy()).httpStatus).toBe(501)
    const status = await new Promise<number | undefined>((resolve) => {
      get(`${venue.restUrl}/ws/btcusdt@trade`, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
    })
    expect(status).toBe(400)
  })

  it('longer than the limit gets 414, one at the limit passes', async () => {
    const { venue } = await start({ limits: { urlCharsMax: 100 } })
    const name = (length: number): string => `/ws/${'a'.repeat(length - 4)}`
    expect((await client(`${venue.wsUrl}${name(101)}`).closedBy()).httpStatus).toBe(414)
    await connect(`${venue.wsUrl}${name(100)}`)
    expect(venue.oracle.violations('urlSize')).toHaveLength(1)
  })
})

describe('which market an unrouted connection is', () => {
  it('is spot when both are on, futures when only futures is on, and futures on a second port', async () => {
    const both = await start({ futuresPort: 0 })
    const spot = await connect(`${both.venue.wsUrl}/ws`)
    const futures = await connect(`${both.venue.futuresWsUrl}/ws`)
    await spot.ask(SUBSCRIBE)
    await futures.ask(SUBSCRIBE)
    both.market.push('btcusdt@trade', '{"m":"spot"}', {}, 'spot')
    both.market.push('btcusdt@trade', '{"m":"futures"}', {}, 'futures')
    expect((await spot.got(2))[1]).toBe('{"m":"spot"}')
    expect((await futures.got(2))[1]).toBe('{"m":"futures"}')

    const only = await start({ markets: ['futures'] })
    const socket = await connect(`${only.venue.wsUrl}/ws`)
    await socket.ask(SUBSCRIBE)
    only.market.push('btcusdt@trade', '{"m":"futures"}', {}, 'futures')
    expect((await socket.got(2))[1]).toBe('{"m":"futures"}')
  })
})
