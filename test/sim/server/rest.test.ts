import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { useVenues } from '../support/venue-fixture.js'

const { start } = useVenues()

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

function call(
  base: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${base}${path}`, { agent: false, ...options }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      )
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('a REST reply', () => {
  it('carries the used weight of the minute and the date of the venue clock, also when it refuses', async () => {
    const { venue, market } = await start({ startWallMs: Date.UTC(2026, 10, 20, 12, 0, 30) })
    market.reply = { status: 200, body: '{}', weight: 5 }
    expect((await call(venue.restUrl, '/api/v3/depth?symbol=BTCUSDT')).headers).toMatchObject({
      'x-mbx-used-weight-1m': '5',
      date: 'Fri, 20 Nov 2026 12:00:30 GMT',
      'content-type': 'application/json;charset=UTF-8',
    })
    market.reply = { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}', weight: 25 }
    const refused = await call(venue.restUrl, '/api/v3/trades?symbol=NOPE')
    expect([refused.status, refused.headers['x-mbx-used-weight-1m']]).toEqual([400, '30'])
    expect(refused.body.toString()).toBe('{"code":-1121,"msg":"Invalid symbol."}')
    await venue.advance(30_000)
    market.reply = { status: 200, body: '{}', weight: 1 }
    expect((await call(venue.restUrl, '/api/v3/ping')).headers['x-mbx-used-weight-1m']).toBe('1')
  })

  it('keeps the weights of spot and futures apart', async () => {
    const { venue } = await start()
    await call(venue.restUrl, '/api/v3/ping')
    expect((await call(venue.restUrl, '/fapi/v1/ping')).headers['x-mbx-used-weight-1m']).toBe('1')
  })

  it('is zipped for those who ask', async () => {
    const { venue, market } = await start()
    const body = JSON.stringify({ pad: 'x'.repeat(5000) })
    market.reply = { status: 200, body, weight: 1 }
    const zipped = await call(venue.restUrl, '/api/v3/exchangeInfo', {
      headers: { 'accept-encoding': 'gzip, deflate' },
    })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.body).toString()).toBe(body)
    const plain = await call(venue.restUrl, '/api/v3/exchangeInfo')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.body.toString()).toBe(body)
  })
})

describe('request weight', () => {
  it.each([
    ['spot', '/api/v3/depth', 6000],
    ['futures', '/fapi/v1/depth', 2400],
  ] as const)(
    'on %s just fits its minute; one more is 429, ignoring that 418 with a growing ban',
    async (marketKind, path, limit) => {
      const { venue, market } = await start({
        markets: [marketKind],
        startWallMs: 1_795_000_020_000,
        limits: { ignoredRefusalsMax: 2 },
      })
      market.reply = { status: 200, body: '{}', weight: limit / 2 }
      expect((await call(venue.restUrl, path)).status).toBe(200)
      expect((await call(venue.restUrl, path)).status).toBe(200)
      market.reply = { status: 200, body: '{}', weight: 1 }
      const refused = await call(venue.restUrl, path)
      expect(refused.status).toBe(429)
      expect(refused.headers).toMatchObject({ 'retry-after': '60', 'x-mbx-used-weight-1m': String(limit + 1) })
      expect(JSON.parse(refused.body.toString())).toMatchObject({ code: -1003 })
      const statuses: number[] = []
      for (let index = 0; index < 3; index++) statuses.push((await call(venue.restUrl, path)).status)
      expect(statuses).toEqual([429, 429, 418])
      const banned = await call(venue.restUrl, path)
      expect([banned.status, banned.headers['retry-after']]).toEqual([418, '120'])
      await venue.advance(120_000)
      expect((await call(venue.restUrl, path)).status).toBe(200)
      expect(venue.oracle.violations('requestWeight')).toHaveLength(1)
    },
  )

  it('of a client that waits as told is forgotten at the next clock minute', async () => {
    const { venue, market } = await start({ startWallMs: 1_795_000_020_000, limits: { spot: { weightPerMinute: 10 } } })
    market.reply = { status: 200, body: '{}', weight: 11 }
    const refused = await call(venue.restUrl, '/api/v3/depth')
    await venue.advance(Number(refused.headers['retry-after']) * 1000)
    market.reply = { status: 200, body: '{}', weight: 10 }
    expect((await call(venue.restUrl, '/api/v3/depth')).status).toBe(200)
  })

  it('does not exist for the funding calls, which have a limit of their own', async () => {
    const { venue, market } = await start({ limits: { fundingCallsPer5Minutes: 2 } })
    market.reply = { status: 200, body: '[]', weight: 0 }
    const first = await call(venue.restUrl, '/fapi/v1/fundingRate')
    expect(first.headers['x-mbx-used-weight-1m']).toBeUndefined()
    expect((await call(venue.restUrl, '/fapi/v1/fundingInfo')).status).toBe(200)
    const third = await call(venue.restUrl, '/fapi/v1/fundingInfo')
    expect([third.status, third.headers['retry-after']]).toEqual([429, '300'])
  })
})

describe('paths', () => {
  it('unknown are 404, trading is 501, what the venue removed is 410', async () => {
    const { venue } = await start({ markets: ['spot'] })
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await call(venue.restUrl, path, { method })).status
    expect(await status('/nothing')).toBe(404)
    expect(await status('/fapi/v1/ping')).toBe(404)
    expect(await status('/api/v3/userDataStream', 'POST')).toBe(410)
    expect(await status('/api/v3/order', 'POST')).toBe(501)
    expect(await status('/api/v3/account')).toBe(501)
    const trading = await call((await start({ markets: ['futures'] })).venue.restUrl, '/fapi/v1/listenKey', {
      method: 'POST',
    })
    expect([trading.status, trading.body.toString()]).toEqual([501, '{"code":-1000,"msg":"not simulated"}'])
  })

  it('of the legacy version reach their successors with lower-case symbols, until switched off', async () => {
    const on = await start()
    await call(on.venue.restUrl, '/api/v1/depth?symbol=btcusdt&limit=1000')
    expect(on.market.restCalls.at(-1)).toEqual({
      market: 'spot',
      path: '/api/v3/depth',
      params: 'symbol=BTCUSDT&limit=1000',
      timeUnit: 'ms',
    })
    const off = await start({ legacyV1: false })
    expect((await call(off.venue.restUrl, '/api/v1/depth?symbol=btcusdt')).status).toBe(404)
  })

  it('take lower-case symbols on futures, not on spot, and microseconds on spot only', async () => {
    const { venue, market } = await start()
    const headers = { 'X-MBX-TIME-UNIT': 'MICROSECOND' }
    await call(venue.restUrl, '/fapi/v1/depth?symbol=%E6%B5%8B%E8%AF%95usdt', { headers })
    await call(venue.restUrl, '/api/v3/depth?symbol=btcusdt', { headers })
    expect(market.restCalls.map(({ params, timeUnit }) => [decodeURIComponent(params), timeUnit])).toEqual([
      ['symbol=测试USDT', 'ms'],
      ['symbol=btcusdt', 'us'],
    ])
  })
})
