/** REST as it really answers: status codes, broken bodies, a venue clock that differs from ours. Replies by msw. */
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KlineRequests } from '../../../src/live/candles/kline-requests.js'
import { venueInfo } from '../../../src/live/config/index.js'
import { RequestGovernor, RestPriority } from '../../../src/live/rest/request-governor.js'
import { FetchHttpClient, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import type { Candle } from '../../../src/types/candle.js'
import { waitFor } from '../../support/wait-for.js'

const REST_URL = 'http://klines.test'
const T0 = Date.UTC(2026, 10, 18, 12, 0)
const MINUTE_MS = 60_000
const server = setupServer()

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

function row(n: number): unknown[] {
  const open = T0 + n * MINUTE_MS
  return [
    open,
    '61230.10',
    '61240.00',
    '61221.37',
    '61234.50',
    '14.82071',
    open + MINUTE_MS - 1,
    '907433.18220',
    978,
    '7.90110',
    '483781.20410',
    '0',
  ]
}

interface Asked {
  readonly candles: Promise<Candle[]>
  readonly governor: RequestGovernor
  readonly clock: VirtualClock
}

function ask(venue: 'SIM_SPOT' | 'SIM_FUTURES' = 'SIM_FUTURES', count = 2): Asked {
  const clock = new VirtualClock({ startWallMs: T0 + 10 * MINUTE_MS })
  const info = venueInfo(venue)
  const governor = new RequestGovernor({
    restUrl: REST_URL,
    http: new FetchHttpClient(),
    clock,
    random: new SeededRandom(7),
    weightPerMinute: info.restLimits.requestWeightPerMinute,
  })
  const candles = new KlineRequests(governor, info, clock).page({
    venue,
    symbol: 'BTCUSDT',
    interval: '1m',
    fromOpenTimeMs: T0,
    count,
    priority: RestPriority.URGENT,
  })
  candles.catch(() => {})
  return { candles, governor, clock }
}

const klines = (answer: () => Response): void => server.use(http.get(`${REST_URL}/fapi/v1/klines`, answer))

describe('a page of candles over REST', () => {
  it('reads the documented row, number by number', async () => {
    klines(() => HttpResponse.json([row(0)]))
    const [candle] = await ask().candles
    expect(candle).toMatchObject({
      openTimeMs: T0,
      closeTimeMs: T0 + MINUTE_MS - 1,
      open: 61230.1,
      high: 61240,
      low: 61221.37,
      close: 61234.5,
      volume: 14.82071,
      quoteVolume: 907433.1822,
      tradeCount: 978,
      takerBuyVolume: 7.9011,
      takerBuyQuoteVolume: 483781.2041,
      isFinalized: true,
      origin: 'backfill',
      venueTimeMs: T0 + MINUTE_MS - 1,
    })
  })

  it('asks for one row more than wanted, at the weight of that many', async () => {
    const urls: string[] = []
    server.use(
      http.get(`${REST_URL}/*/klines`, ({ request }) => {
        urls.push(request.url.slice(REST_URL.length))
        return HttpResponse.json([])
      }),
    )
    for (const [venue, count] of [
      ['SIM_FUTURES', 1],
      ['SIM_FUTURES', 100],
      ['SIM_FUTURES', 5_000],
      ['SIM_SPOT', 5_000],
    ] as const) {
      const { candles, governor } = ask(venue, count)
      await candles
      urls.push(`weight ${governor.stats().usedWeight}`)
    }
    const query = `symbol=BTCUSDT&interval=1m&startTime=${T0}`
    expect(urls).toEqual([
      `/fapi/v1/klines?${query}&limit=2`,
      'weight 1',
      `/fapi/v1/klines?${query}&limit=101`,
      'weight 2',
      `/fapi/v1/klines?${query}&limit=500`,
      'weight 2',
      `/api/v3/klines?${query}&limit=1000`,
      'weight 2',
    ])
  })

  it('waits as long as a 429 says and asks again', async () => {
    let calls = 0
    klines(() =>
      ++calls === 1
        ? HttpResponse.json({ code: -1003, msg: 'Too many requests' }, { status: 429, headers: { 'Retry-After': '7' } })
        : HttpResponse.json([row(0)]),
    )
    const { candles, governor, clock } = ask()
    await waitFor(() => governor.stats().limited429 === 1, { what: 'the refusal' })
    await clock.advance(6_900)
    expect(calls).toBe(1)
    await clock.advance(200)
    expect(await candles).toHaveLength(1)
  })

  it.each([500, 503])(
    'fails at once on %i, so that the missing range is announced before the next attempt',
    async (status) => {
      klines(() => new HttpResponse('upstream', { status }))
      await expect(ask().candles).rejects.toMatchObject({ code: 'REST_UNAVAILABLE', httpStatus: status })
    },
  )

  it('names a refusal of the request itself', async () => {
    klines(() => HttpResponse.json({ code: -1121, msg: 'Invalid symbol.' }, { status: 400 }))
    await expect(ask().candles).rejects.toMatchObject({ code: 'REST_REFUSED', venueCode: -1121 })
  })

  it.each([
    ['cut off', JSON.stringify([row(0), row(1)]).slice(0, -20)],
    ['a page of a proxy', '<html>busy</html>'],
    ['an error with status 200', '{"code":-1001,"msg":"Internal error"}'],
    ['a short row', JSON.stringify([row(0).slice(0, 7)])],
    ['numbers where text belongs', JSON.stringify([row(0).with(4, 61_234.5)])],
    ['a price beyond its bounds', JSON.stringify([row(0).with(4, '61300.00')])],
    ['a negative volume', JSON.stringify([row(0).with(5, '-1.0')])],
    ['another interval', JSON.stringify([row(0).with(6, T0 + 299_999)])],
    ['the newest first', JSON.stringify([row(1), row(0)])],
    ['the same row twice', JSON.stringify([row(0), row(0)])],
  ])('refuses a body that is %s', async (_what, body) => {
    klines(() => new HttpResponse(body, { headers: { 'Content-Type': 'application/json' } }))
    await expect(ask().candles).rejects.toMatchObject({ code: 'MESSAGE_INVALID' })
  })
})
