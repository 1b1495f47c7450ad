import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestGovernor, type RequestGovernorOptions, RestPriority } from '../../../src/live/rest/request-governor.js'
import { RestError } from '../../../src/live/rest/rest-error.js'
import { type HttpClient, type HttpResponse, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'

const LIMIT = 1000

/** A venue that counts weight per clock minute like the real one, and bans those who go on. */
class CountingVenue implements HttpClient {
  readonly paths: string[] = []
  readonly times: number[] = []
  inFlight = 0
  inFlightMax = 0
  used = 0
  refusals = 0
  /** Queue of answers that come before the ordinary ones; `null` is a network error. */
  readonly scripted: (HttpResponse | null)[] = []
  #minute = -1

  constructor(
    readonly clock: VirtualClock,
    readonly weightOf: (path: string) => number,
    readonly skewMs = 0,
    readonly roundTripMs = 50,
  ) {}

  async get({ url }: { url: string }): Promise<HttpResponse> {
    const path = url.slice('http://venue'.length)
    this.paths.push(path)
    this.times.push(this.clock.monotonicMs())
    this.inFlight++
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight)
    await new Promise<void>((resolve) => this.clock.setTimer(resolve, this.roundTripMs))
    this.inFlight--
    const scripted = this.scripted.shift()
    if (scripted === null) throw new Error('socket hang up')
    if (scripted !== undefined) return scripted
    const minute = Math.floor((this.clock.wallMs() + this.skewMs) / 60_000)
    if (minute !== this.#minute) this.used = 0
    this.#minute = minute
    this.used += this.weightOf(path)
    const headers = new Map([['x-mbx-used-weight-1m', String(this.used)]])
    if (this.used > LIMIT) {
      this.refusals++
      headers.set('retry-after', '30')
      return { status: 429, headers, body: '{"code":-1003,"msg":"Too much request weight used"}' }
    }
    return { status: 200, headers, body: `{"path":"${path}"}` }
  }
}

function governed(venue: CountingVenue, options: Partial<RequestGovernorOptions> = {}): RequestGovernor {
  return new RequestGovernor({
    restUrl: 'http://venue',
    http: venue,
    clock: venue.clock,
    random: new SeededRandom(1),
    weightPerMinute: LIMIT,
    ...options,
  })
}

const answer = (status: number, headers: Record<string, string> = {}, body = ''): HttpResponse => ({
  status,
  headers: new Map(Object.entries(headers)),
  body,
})

describe('the request governor', () => {
  it('lets a storm of requests through without ever passing the limit, whatever the clocks say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(2, 5, 20, 50), { minLength: 50, maxLength: 400 }),
        fc.integer({ min: -900, max: 900 }),
        fc.integer({ min: 0, max: 59_999 }),
        async (weights, skewMs, startMs) => {
          const clock = new VirtualClock({ startWallMs: 1_795_000_000_000 + startMs })
          const venue = new CountingVenue(clock, (path) => weights[Number(path.slice(1))] ?? 0, skewMs)
          const governor = governed(venue)
          let answered = 0
          for (const [index, weight] of weights.entries()) {
            void governor.get({ path: `/${index}`, weight }).then(() => answered++)
          }
          await clock.runUntil(() => answered === weights.length, 3_600_000)
          expect(venue.refusals).toBe(0)
          expect(venue.inFlightMax).toBeLessThanOrEqual(4)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('runs urgent requests first, then in the order they were asked', async () => {
    const clock = new VirtualClock()
    const venue = new CountingVenue(clock, () => 1)
    const governor = governed(venue, { concurrencyMax: 1 })
    const all = [
      governor.get({ path: '/first', weight: 1 }),
      governor.get({ path: '/later', weight: 1, priority: RestPriority.BACKGROUND }),
      governor.get({ path: '/normal', weight: 1 }),
      governor.get({ path: '/urgent', weight: 1, priority: RestPriority.URGENT }),
    ]
    await clock.advance(1_000)
    await Promise.all(all)
    expect(venue.paths).toEqual(['/first', '/urgent', '/normal', '/later'])
  })

  it('asks once for equal requests and answers all who asked', async () => {
    const clock = new VirtualClock()
    const venue = new CountingVenue(clock, () => 1)
    const governor = governed(venue)
    const both = [governor.get({ path: '/same', weight: 1 }), governor.get({ path: '/same', weight: 1 })]
    await clock.advance(1_000)
    const [one, other] = await Promise.all(both)
    expect(one).toBe(other)
    expect(venue.paths).toEqual(['/same'])
    expect(governor.stats().coalesced).toBe(1)
  })

  it('sends nothing at all before the time a refusal names, then goes on by itself', async () => {
    for (const status of [429, 418]) {
      const clock = new VirtualClock()
      const venue = new CountingVenue(clock, () => 1)
      const governor = governed(venue, { concurrencyMax: 1 })
      venue.scripted.push(answer(status, { 'retry-after': '7' }))
      const both = [governor.get({ path: '/a', weight: 1 }), governor.get({ path: '/b', weight: 1 })]
      await clock.advance(7_040)
      expect(venue.paths).toEqual(['/a'])
      expect(governor.stats().blockedForMs).toBeGreaterThan(0)
      await clock.advance(1_000)
      await Promise.all(both)
      expect(venue.paths).toEqual(['/a', '/a', '/b'])
      expect([governor.stats().limited429, governor.stats().banned418]).toEqual(status === 429 ? [1, 0] : [0, 1])
    }
  })

  it('tries again after network and server errors, and says how often when it gives up', async () => {
    const clock = new VirtualClock()
    const venue = new CountingVenue(clock, () => 1)
    const governor = governed(venue)
    venue.scripted.push(null, answer(503))
    const healed = governor.get({ path: '/heals', weight: 1 })
    await clock.advance(10_000)
    expect((await healed).status).toBe(200)

    venue.scripted.push(null, null)
    const failed = governor.get({ path: '/fails', weight: 1, attemptsMax: 2 }).catch((error: unknown) => error)
    await clock.advance(10_000)
    expect(await failed).toMatchObject({ code: 'REST_UNAVAILABLE', message: expect.stringContaining('2 attempts') })
  })

  it('does not repeat what the venue refuses for good', async () => {
    const clock = new VirtualClock()
    const venue = new CountingVenue(clock, () => 1)
    const governor = governed(venue)
    venue.scripted.push(answer(400, {}, '{"code":-1121,"msg":"Invalid symbol."}'))
    const refused = governor.get({ path: '/x', weight: 1 }).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(await refused).toBeInstanceOf(RestError)
    expect(await refused).toMatchObject({ code: 'REST_REFUSED', venueCode: -1121, httpStatus: 400, isTerminal: true })
    expect(venue.paths.length).toBe(1)
  })

  it('takes the used weight of other programs on the same address into account', async () => {
    const clock = new VirtualClock({ startWallMs: 1_795_000_020_000 })
    const venue = new CountingVenue(clock, () => 1)
    const governor = governed(venue)
    venue.scripted.push(answer(200, { 'x-mbx-used-weight-1m': '799' }))
    void governor.get({ path: '/a', weight: 1 })
    await clock.advance(100)
    void governor.get({ path: '/b', weight: 50 })
    await clock.advance(100)
    expect(venue.paths).toEqual(['/a'])
    await clock.advance(61_000)
    expect(venue.paths).toEqual(['/a', '/b'])
  })

  it('rejects everything and leaves no timer when stopped', async () => {
    const clock = new VirtualClock()
    const venue = new CountingVenue(clock, () => 1, 0, 500)
    const governor = governed(venue, { concurrencyMax: 1 })
    const outcomes = ['/a', '/b'].map((path) => governor.get({ path, weight: 1 }).catch((error: unknown) => error))
    await clock.advance(10)
    governor.stop()
    governor.stop()
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ code: 'REST_STOPPED' })
    await expect(governor.get({ path: '/c', weight: 1 })).rejects.toMatchObject({ code: 'REST_STOPPED' })
    await clock.advance(10_000)
    expect([venue.paths, clock.pendingTimerCount]).toEqual([['/a'], 0])
  })
})
