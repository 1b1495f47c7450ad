/** Books behind a REST cache that still answers with a snapshot from before the venue began its ids again. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BookKeeper } from '../../../src/live/books/book-keeper.js'
import { streamConfig } from '../../../src/live/index.js'
import { type HttpClient, type HttpRequest, type HttpResponse, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimVenue } from '../../../src/sim/index.js'
import { bookRig } from '../../support/maintained-books.js'

const BTC = streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: '100ms' })

afterEach(() => {
  vi.restoreAllMocks()
})

/** Answers snapshots from what it was given, then from the venue. */
class CachedSnapshots implements HttpClient {
  readonly #inner: HttpClient
  readonly #cached: HttpResponse[]
  asked = 0

  constructor(inner: HttpClient, cached: readonly HttpResponse[]) {
    this.#inner = inner
    this.#cached = [...cached]
  }

  get(request: HttpRequest): Promise<HttpResponse> {
    if (!request.url.includes('/depth')) return this.#inner.get(request)
    this.asked++
    const cached = this.#cached.shift()
    return cached === undefined ? this.#inner.get(request) : Promise.resolve(cached)
  }
}

/** A snapshot of the same market as it was under ids that are given up when the feed begins. */
async function snapshotOf(seed: number, market: 'spot' | 'futures', clock: VirtualClock): Promise<HttpResponse> {
  const venue = await SimVenue.start({ seed, market, symbols: ['BTCUSDT'], warmupBars: 2, listen: false, clock })
  await clock.advance(3_000)
  const path = market === 'spot' ? '/api/v3' : '/fapi/v1'
  const asked = new SimHttpClient(venue).get({
    url: `http://sim${path}/depth?symbol=BTCUSDT&limit=1000`,
    headers: {},
    timeoutMs: 1_000,
  } as HttpRequest)
  await clock.advance(1_000)
  const stopped = venue.stop()
  await clock.advance(3_000)
  await stopped
  return asked
}

describe.each(['spot', 'futures'] as const)(
  'a %s book that begins with a cached snapshot of given-up ids',
  (market) => {
    it.each([1, 2, 3, 4, 5])('is never LIVE on it, and LIVE with the next (seed %i)', async (seed) => {
      const old = await snapshotOf(seed, market, new VirtualClock())
      const oldId = (JSON.parse(old.body) as { lastUpdateId: number }).lastUpdateId
      let cache: CachedSnapshots | null = null
      const rig = await bookRig(
        { symbols: ['BTCUSDT'], market, warmupBars: 2, seed, faults: { start: 0, rules: [] } },
        [],
        { streams: [streamConfig('BTCUSDT', 'AGG_TRADE')] },
        seed,
        (http) => {
          cache = new CachedSnapshots(http, [old])
          return cache
        },
      )
      rig.venue.inject({ fault: 'venueReset', variant: 'ids', on: { market, symbol: 'BTCUSDT' } })
      await rig.clock.advance(500)
      const subscribed = rig.manager.subscribe([BTC])
      const startedMs = rig.clock.monotonicMs()
      await rig.until(() => rig.manager.book('BTCUSDT')?.state === 'LIVE', 'LIVE', 5_000)
      const afterMs = rig.clock.monotonicMs() - startedMs
      await subscribed
      expect(rig.manager.book('BTCUSDT')?.sequence).toBeLessThan(oldId)
      expect(afterMs, 'five updates, and a request').toBeLessThan(2_000)
      await rig.clock.advance(2_000)
      expect(rig.pictures.length).toBeGreaterThan(3)
      for (const { state, sequence } of rig.pictures) if (state === 'LIVE') expect(sequence).toBeLessThan(oldId)
      expect((cache as CachedSnapshots | null)?.asked).toBe(2)
      await rig.close()
    })
  },
)

describe('the doubt', () => {
  it('costs a usual start nothing: no snapshot of a hundred starts has to wait', { timeout: 60_000 }, async () => {
    const keepers = new Set<BookKeeper>()
    const onImage = BookKeeper.prototype.onImage
    vi.spyOn(BookKeeper.prototype, 'onImage').mockImplementation(function (this: BookKeeper, image) {
      keepers.add(this)
      onImage.call(this, image)
    })
    let asked = 0
    for (let seed = 1; seed <= 25; seed++) {
      for (const market of ['spot', 'futures'] as const) {
        let cache: CachedSnapshots | null = null
        const rig = await bookRig(
          { symbols: ['BTCUSDT', 'ETHUSDT'], market, warmupBars: 2, seed },
          [BTC, streamConfig('ETHUSDT', 'DEPTH', { updateSpeed: '100ms' })],
          {},
          seed,
          (http) => {
            cache = new CachedSnapshots(http, [])
            return cache
          },
        )
        const isLive = (symbol: string): boolean => rig.manager.book(symbol)?.state === 'LIVE'
        await rig.until(() => isLive('BTCUSDT') && isLive('ETHUSDT'), 'both books')
        asked += (cache as CachedSnapshots | null)?.asked ?? 0
        await rig.close()
      }
    }
    const doubted = [...keepers].reduce((sum, { doubtedImageCount }) => sum + doubtedImageCount, 0)
    expect([keepers.size, doubted, asked]).toEqual([100, 0, 100])
  })
})
