/** REST as the feed speaks it, global `fetch` included, against scripted answers of a venue. */
import { delay, HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RequestGovernor } from '../../../src/live/rest/request-governor.js'
import { FetchHttpClient, SeededRandom, SystemClock } from '../../../src/runtime/index.js'

const VENUE = 'http://venue.test'
const DEPTH = `${VENUE}/api/v3/depth`
const PATH = '/api/v3/depth?symbol=BTCUSDT&limit=1000'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

function governor(): RequestGovernor {
  return new RequestGovernor({
    http: new FetchHttpClient(),
    restUrl: VENUE,
    clock: new SystemClock(),
    random: new SeededRandom(1),
    weightPerMinute: 6_000,
    timeoutMs: 2_000,
    backoff: { baseDelayMs: 5, delayMsMax: 10, jitterRatio: 0 },
  })
}

/** Answers one after the other; the last one stays. */
function answers(...responses: (() => Response | Promise<Response>)[]): { readonly urls: string[] } {
  const urls: string[] = []
  server.use(
    http.get(DEPTH, ({ request }) => {
      const response = responses[Math.min(urls.length, responses.length - 1)]
      urls.push(request.url)
      return response?.()
    }),
  )
  return { urls }
}

describe('the REST client', () => {
  it('gives status, lower-case header names and the exact text', async () => {
    const body = '{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[]}'
    answers(() => new HttpResponse(body, { headers: { 'X-MBX-USED-WEIGHT-1M': '50' } }))

    const response = await new FetchHttpClient().get({ url: `${VENUE}${PATH}`, timeoutMs: 2_000 })

    expect(response.status).toBe(200)
    expect(response.headers.get('x-mbx-used-weight-1m')).toBe('50')
    expect(response.body).toBe(body)
  })

  it('gives a refusal as an answer, not as an error', async () => {
    answers(() => HttpResponse.json({ code: -1121, msg: 'Invalid symbol.' }, { status: 400 }))

    const response = await new FetchHttpClient().get({ url: `${VENUE}${PATH}`, timeoutMs: 2_000 })

    expect([response.status, JSON.parse(response.body).code]).toEqual([400, -1121])
  })

  it('rejects when no answer comes in time, is aborted, or the network fails', async () => {
    const client = new FetchHttpClient()
    answers(async () => {
      await delay('infinite')
      return HttpResponse.error()
    })
    await expect(client.get({ url: `${VENUE}${PATH}`, timeoutMs: 20 })).rejects.toThrow()

    const abort = new AbortController()
    const pending = client.get({ url: `${VENUE}${PATH}`, timeoutMs: 20_000, signal: abort.signal })
    abort.abort()
    await expect(pending).rejects.toThrow()

    answers(() => HttpResponse.error())
    await expect(client.get({ url: `${VENUE}${PATH}`, timeoutMs: 2_000 })).rejects.toThrow()
  })
})

describe('requests through the governor', () => {
  it('are asked again after a server error and a broken connection', async () => {
    const { urls } = answers(
      () => new HttpResponse('<html>502</html>', { status: 502 }),
      () => HttpResponse.error(),
      () => HttpResponse.json({ lastUpdateId: 7 }),
    )
    const requests = governor()

    const response = await requests.get({ path: PATH, weight: 50 })

    expect(JSON.parse(response.body)).toEqual({ lastUpdateId: 7 })
    expect(urls).toEqual([`${VENUE}${PATH}`, `${VENUE}${PATH}`, `${VENUE}${PATH}`])
    requests.stop()
  })

  it('wait as long as a 429 asks for, then succeed', async () => {
    const times: number[] = []
    const clock = new SystemClock()
    answers(
      () => {
        times.push(clock.monotonicMs())
        return HttpResponse.json(
          { code: -1003, msg: 'Too much request weight used' },
          { status: 429, headers: { 'Retry-After': '1' } },
        )
      },
      () => {
        times.push(clock.monotonicMs())
        return HttpResponse.json({ lastUpdateId: 8 })
      },
    )
    const requests = governor()

    await requests.get({ path: PATH, weight: 50 })

    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
    expect(requests.stats()).toMatchObject({ limited429: 1, succeeded: 1, failed: 0 })
    requests.stop()
  })

  it('fail at once with the code of the venue when asking again cannot help', async () => {
    const { urls } = answers(() => HttpResponse.json({ code: -1121, msg: 'Invalid symbol.' }, { status: 400 }))
    const requests = governor()

    await expect(requests.get({ path: PATH, weight: 50 })).rejects.toMatchObject({
      code: 'REST_REFUSED',
      httpStatus: 400,
      venueCode: -1121,
    })
    expect(urls.length).toBe(1)
    requests.stop()
  })

  it('take the weight the venue reports for their own count', async () => {
    answers(() => HttpResponse.json({}, { headers: { 'x-mbx-used-weight-1m': '4321' } }))
    const requests = governor()

    await requests.get({ path: PATH, weight: 50 })

    expect(requests.stats().usedWeight).toBeGreaterThanOrEqual(4_321)
    requests.stop()
  })
})
