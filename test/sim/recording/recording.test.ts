import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/runtime/index.js'
import { RecordingError } from '../../../src/sim/errors.js'
import { SimHttpClient, SimTransport, SimVenue, type SimVenueOptions } from '../../../src/sim/index.js'
import { parseRecording } from '../../../src/sim/recording/container.js'
import { addFields, readIds, routeOfStream, shiftText } from '../../../src/sim/recording/wire-text.js'
import { describeWithData } from '../../support/shared-data.js'
import { waitFor } from '../../support/wait-for.js'
import { MemoryClient } from '../support/memory-client.js'
import { SocketClient } from '../support/socket-client.js'

const CAPTURES = [
  'binance-coinm-btcusd_perp-20240808',
  'binance-spot-4sym-20211012',
  'binance-spot-btcusdt-20240808',
  'binance-usdm-4sym-20210722',
  'binance-usdm-btcusdt-20240808',
  'binance-usdm-ethusdt-20240808',
  'binancetr-spot-4sym-20230410',
  'binanceus-spot-4sym-20211012',
]
const SMALL = CAPTURES.filter((name) => name.includes('4sym'))

interface Truth {
  readonly ws_by_stream: Record<string, number>
  readonly symbols: Record<string, { book?: { final: { u: number; full_sha256: string; top20_sha256: string } } }>
}

interface Line {
  readonly kind: string
  readonly stream: string
  readonly raw: string
}

const venues: SimVenue[] = []
afterEach(async () => {
  for (const venue of venues.splice(0)) await venue.stop()
})

async function startVenue(options: SimVenueOptions): Promise<SimVenue> {
  const venue = await SimVenue.start({ limits: { spot: { pingIntervalMs: 1e9 } }, lateAckChance: 0, ...options })
  venues.push(venue)
  return venue
}

function readLines(path: string): Line[] {
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as Line)
}

function sha(texts: Iterable<string>): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(text).update('\n')
  return hash.digest('hex')
}

function truthOf(path: string): Truth {
  const folder = path.slice(0, -basename(path).length)
  return JSON.parse(
    readFileSync(`${folder}truth/${basename(path).replace('.jsonl.gz', '')}.truth.json`, 'utf8'),
  ) as Truth
}

/** Sockets that together reach every stream of a capture; futures need both routes. */
function targets(truth: Truth, isFutures: boolean, mode: 'ws' | 'stream'): string[] {
  const names = Object.keys(truth.ws_by_stream)
  const path = (route: string, streams: readonly string[]): string =>
    mode === 'ws' ? `${route}/ws/${streams.join('/')}` : `${route}/stream?streams=${streams.join('/')}`
  if (!isFutures) return [path('', names)]
  return (['public', 'market'] as const)
    .map((route) =>
      path(
        `/${route}`,
        names.filter((name) => routeOfStream(name) === route),
      ),
    )
    .filter((target) => !/(\/ws\/|=)$/.test(target))
}

describeWithData(
  'a recording',
  CAPTURES.map((name) => `captures/${name}.jsonl.gz`),
  (...files) => {
    it.each(files.map((file) => [basename(file), file] as const))(
      '%s is played whole over sockets at full speed, its frames byte for byte, and ends with the true books',
      async (_name, file) => {
        const truth = truthOf(file)
        const lines = readLines(file).filter((line) => line.kind === 'ws')
        const venue = await startVenue({ from: { path: file, startDelayMs: 300 }, speed: 'max' })
        const isFutures = venue.core.source.markets[0] === 'futures'
        const sockets = targets(truth, isFutures, 'stream').map((target) => new SocketClient(`${venue.wsUrl}${target}`))
        await Promise.all(sockets.map((socket) => socket.opened()))
        const total = Object.values(truth.ws_by_stream).reduce((sum, count) => sum + count, 0)
        await waitFor(() => sockets.reduce((sum, socket) => sum + socket.frames.length, 0) >= total, {
          what: () => `${total} frames, got ${sockets.map((socket) => socket.frames.length)}`,
        })
        expect(venue.isPlayedOut).toBe(true)
        for (const socket of sockets) {
          const names = new Set(socket.frames.map((frame) => /^\{"stream":"([^"]+)"/.exec(frame)?.[1]))
          expect(sha(socket.frames)).toBe(sha(lines.filter((line) => names.has(line.stream)).map((line) => line.raw)))
        }
        for (const [symbol, { book }] of Object.entries(truth.symbols)) {
          if (book === undefined) continue
          const oracleBook = venue.oracle.book(symbol)
          expect(oracleBook?.updateId, symbol).toBe(book.final.u)
          expect(venue.oracle.bookHash(oracleBook!), symbol).toBe(book.final.full_sha256)
          expect(venue.oracle.bookHash(oracleBook!, 20), symbol).toBe(book.final.top20_sha256)
        }
        expect(venue.oracle.violations()).toEqual([])
        for (const socket of sockets) await socket.close()
      },
      120_000,
    )

    it.each(SMALL)('%s is unwrapped for raw connections and paced by its recorded times', async (name) => {
      const file = files.find((path) => basename(path).startsWith(name))!
      const truth = truthOf(file)
      const clock = new VirtualClock()
      const venue = await startVenue({ from: { path: file, startDelayMs: 1000 }, clock, listen: false })
      const isFutures = venue.core.source.markets[0] === 'futures'
      const transport = new SimTransport(venue, { latencyMs: { minMs: 0, maxMs: 0 } })
      const clients = targets(truth, isFutures, 'ws').map((target) => new MemoryClient(transport, `ws://sim${target}`))
      await clock.advance(500)
      expect(clients.flatMap((client) => client.frames)).toEqual([])
      await clock.advance(10_000)
      const early = clients.flatMap((client) => client.frames).length
      await clock.advance(50_000)
      const frames = clients.flatMap((client) => client.frames)
      expect(early).toBeGreaterThan(0)
      expect(early).toBeLessThan(frames.length)
      const inner = readLines(file)
        .filter((line) => line.kind === 'ws')
        .map((line) => line.raw.slice(`{"stream":"${line.stream}","data":`.length, -1))
      expect(frames.length).toBe(inner.length)
      expect(sha([...frames].sort())).toBe(sha(inner.sort()))
    })
  },
)

describeWithData(
  'REST over a recording',
  ['captures/binance-spot-btcusdt-20240808.jsonl.gz', 'captures/binance-usdm-4sym-20210722.jsonl.gz'],
  (spotFile, futuresFile) => {
    async function playedVenue(
      path: string,
      ms: number,
    ): Promise<{
      get(path: string): Promise<{ status: number; body: string; origin: string | undefined }>
      venue: SimVenue
    }> {
      const clock = new VirtualClock()
      const venue = await startVenue({ from: { path, start: 'manual' }, clock, listen: false })
      const http = new SimHttpClient(venue, { latencyMs: { minMs: 0, maxMs: 0 } })
      venue.play()
      await clock.advance(ms)
      return {
        venue,
        get: async (target) => {
          const pending = http.get({ url: `http://sim${target}`, timeoutMs: 1000 })
          await clock.advance(0)
          const { status, body, headers } = await pending
          return { status, body, origin: headers.get('x-sim-origin') }
        },
      }
    }

    it('answers depth with the recorded snapshot near its time and with a computed one later', async () => {
      const recorded = readLines(spotFile!).find((line) => line.kind === 'rest')!.raw
      const early = await playedVenue(spotFile!, 0)
      const first = await early.get('/api/v3/depth?symbol=BTCUSDT&limit=1000')
      expect(first).toEqual({ status: 200, body: recorded, origin: 'recorded' })
      const cut = JSON.parse((await early.get('/api/v3/depth?symbol=BTCUSDT&limit=5')).body)
      expect(cut.bids).toEqual(JSON.parse(recorded).bids.slice(0, 5))

      const late = await playedVenue(spotFile!, 60_000)
      const later = await late.get('/api/v3/depth?symbol=BTCUSDT&limit=5000')
      const book = late.venue.oracle.book('BTCUSDT')!
      expect(later.origin).toBe('derived')
      expect(JSON.parse(later.body)).toEqual({ lastUpdateId: book.updateId, bids: book.bids, asks: book.asks })
      expect(book.updateId).toBeGreaterThan(JSON.parse(recorded).lastUpdateId)
      expect((await late.get('/api/v3/depth?symbol=NOPE')).body).toBe('{"code":-1121,"msg":"Invalid symbol."}')
    })

    it('derives candles and trades, marked as such, and infers tick and step', async () => {
      const { get } = await playedVenue(spotFile!, 200_000)
      const klines = await get('/api/v3/klines?symbol=BTCUSDT&interval=1m')
      expect(klines.origin).toBe('derived')
      const truth = JSON.parse(
        readFileSync(spotFile!.replace('captures/', 'captures/truth/').replace('.jsonl.gz', '.truth.json'), 'utf8'),
      )
      const bars = truth.symbols.BTCUSDT.trade.minute_bars_from_trades as {
        t: number
        complete: boolean
        o: string
        v: string
        q: string
        n: number
      }[]
      const rows = JSON.parse(klines.body) as (string | number)[][]
      const complete = bars.find((bar) => bar.complete)!
      const row = rows.find((candidate) => candidate[0] === complete.t)!
      expect([Number(row[1]), Number(row[5]), Number(row[7]), row[8]]).toEqual([
        Number(complete.o),
        Number(complete.v),
        Number(complete.q),
        complete.n,
      ])
      const trades = JSON.parse((await get('/api/v3/trades?symbol=BTCUSDT&limit=3')).body) as { id: number }[]
      expect(trades.map(({ id }) => id - trades[0]!.id)).toEqual([0, 1, 2])
      const info = JSON.parse((await get('/api/v3/exchangeInfo')).body)
      expect(info.symbols[0].filters).toMatchObject([{ tickSize: '0.01' }, { stepSize: '0.00001' }])
    })

    it('answers recorded candles and exchangeInfo as they were', async () => {
      const { get } = await playedVenue(futuresFile!, 40_000)
      const info = await get('/fapi/v1/exchangeInfo')
      expect(info.origin).toBe('recorded')
      expect(info.body).toBe(readLines(futuresFile!)[0]!.raw)
      const klines = await get('/fapi/v1/klines?symbol=sushiusdt&interval=1m&limit=2')
      expect(klines.origin).toBe('recorded')
      const [row] = JSON.parse(klines.body) as (string | number)[][]
      expect(row?.slice(0, 7)).toEqual([1626992700000, '7.6080', '7.6180', '7.6070', '7.6170', '3005', 1626992759999])
    })
  },
)

describeWithData(
  'a scenario',
  [
    'faults/spot-btcusdt.json',
    'faults/usdm-btcusdt.json',
    'captures/binance-spot-btcusdt-20240808.jsonl.gz',
    'captures/binance-usdm-btcusdt-20240808.jsonl.gz',
  ],
  (spotPlan, futuresPlan, spotFile, futuresFile) => {
    interface Scenario {
      readonly name: string
      readonly drop_lines?: number[]
      readonly repeat_lines?: number[]
      readonly rest_answers?: { after_line: number; rest_raw: string }[]
      readonly expect: { gaps_detected: number; final: { lastUpdateId: number; top20_sha256: string } }
    }
    const cases = [
      ['spot', spotPlan!, spotFile!, ''] as const,
      ['usdm', futuresPlan!, futuresFile!, '/public'] as const,
    ].flatMap(([market, plan, file, route]) =>
      (JSON.parse(readFileSync(plan, 'utf8')) as { scenarios: Scenario[] }).scenarios.map(
        (scenario) => [`${market} ${scenario.name}`, scenario, plan, file, route] as const,
      ),
    )

    it.each(cases)(
      '%s: a client that follows the rules ends with the stated book',
      async (_name, scenario, plan, file, route) => {
        const isFutures = route !== ''
        const stream = isFutures ? 'btcusdt@depth@0ms' : 'btcusdt@depth@100ms'
        const venue = await startVenue({
          faults: { kind: 'lines', file: plan, scenario: scenario.name },
          speed: 'max',
          from: { path: file, startDelayMs: 100 },
        })
        const socket = await new SocketClient(`${venue.wsUrl}${route}/ws/${stream}`).opened()
        const book = new RuleBook(isFutures)
        let gaps = 0
        let isFetching = false
        let read = 0
        const fetchSnapshot = async (): Promise<void> => {
          isFetching = true
          const reply = await fetch(
            `${venue.restUrl}/${isFutures ? 'fapi/v1' : 'api/v3'}/depth?symbol=BTCUSDT&limit=1000`,
          )
          book.snapshot((await reply.json()) as Snapshot)
          isFetching = false
        }
        await waitFor(
          async () => {
            for (; read < socket.frames.length; read++) {
              if (book.diff(JSON.parse(socket.frames[read]!) as Diff)) gaps++
              if (!book.isLive && !isFetching) await Promise.race([fetchSnapshot(), Promise.resolve()])
            }
            if (book.takeGap()) gaps++
            if (!book.isLive && !isFetching && read > 0) void fetchSnapshot()
            return venue.isPlayedOut && book.lastId === scenario.expect.final.lastUpdateId && book.isLive
          },
          {
            what: () => `the final book; at ${book.lastId} of ${scenario.expect.final.lastUpdateId}, ${gaps} gaps`,
          },
        )
        expect(book.hash(20)).toBe(scenario.expect.final.top20_sha256)
        expect(gaps).toBe(scenario.expect.gaps_detected)
        if (scenario.name === 'extra-unknown-fields') expect(socket.frames[0]).toMatch(/,"st":1,"zz_new":"x"\}$/)
        await socket.close()
      },
      120_000,
    )
  },
)

interface Diff {
  readonly U: number
  readonly u: number
  readonly pu?: number
  readonly b: [string, string][]
  readonly a: [string, string][]
}

interface Snapshot {
  readonly lastUpdateId: number
  readonly bids: [string, string][]
  readonly asks: [string, string][]
}

/** A book after the venue's rules, written as plainly as possible, to check what the recording serves. */
class RuleBook {
  isLive = false
  lastId = -1
  readonly #isFutures: boolean
  readonly #bids = new Map<number, [string, string]>()
  readonly #asks = new Map<number, [string, string]>()
  #buffer: Diff[] = []
  #gap = false

  constructor(isFutures: boolean) {
    this.#isFutures = isFutures
  }

  /** True when the diff shows a gap. */
  diff(diff: Diff): boolean {
    if (!this.isLive) {
      this.#buffer.push(diff)
      return false
    }
    if (diff.u <= this.lastId) return false
    const isNext = this.#isFutures ? diff.pu === this.lastId : diff.U <= this.lastId + 1
    if (!isNext) {
      this.isLive = false
      this.#buffer = [diff]
      return true
    }
    this.#apply(diff)
    return false
  }

  takeGap(): boolean {
    const had = this.#gap
    this.#gap = false
    return had
  }

  snapshot(snapshot: Snapshot): void {
    const buffered = this.#buffer.filter((diff) => diff.u > snapshot.lastUpdateId)
    const next = buffered[0]
    if (next !== undefined && next.U > snapshot.lastUpdateId + 1 && next.pu !== snapshot.lastUpdateId) {
      // Older than what is buffered: ask again.
      if (this.#buffer[0]!.U > snapshot.lastUpdateId + 1) return
    }
    this.#bids.clear()
    this.#asks.clear()
    for (const [price, qty] of snapshot.bids) this.#bids.set(Number(price), [price, qty])
    for (const [price, qty] of snapshot.asks) this.#asks.set(Number(price), [price, qty])
    this.lastId = snapshot.lastUpdateId
    this.isLive = true
    let isFirst = true
    this.#buffer = []
    buffered.forEach((diff, index) => {
      if (!this.isLive) {
        this.#buffer.push(diff)
        return
      }
      const bridges = isFirst && diff.U <= this.lastId + 1
      isFirst = false
      if (bridges) this.#apply(diff)
      else if (this.diff(diff)) {
        this.#gap = true
        this.#buffer = [buffered[index]!]
      }
    })
  }

  hash(levels: number): string {
    const side = (map: Map<number, [string, string]>, sign: 1 | -1): string =>
      [...map]
        .sort(([x], [y]) => sign * (x - y))
        .slice(0, levels)
        .map(([, [price, qty]]) => `${plain(price)}:${plain(qty)}`)
        .join('|')
    return createHash('sha256')
      .update(`${side(this.#bids, -1)}#${side(this.#asks, 1)}`)
      .digest('hex')
  }

  #apply(diff: Diff): void {
    for (const [map, levels] of [
      [this.#bids, diff.b],
      [this.#asks, diff.a],
    ] as const) {
      for (const [price, qty] of levels) {
        if (Number(qty) === 0) map.delete(Number(price))
        else map.set(Number(price), [price, qty])
      }
    }
    this.lastId = diff.u
  }
}

function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

describe('the recording container', () => {
  const row = (fields: object): string =>
    JSON.stringify({ recv_ns: '1000000000', kind: 'ws', stream: 's@trade', raw: '{}', ...fields })

  it('takes the payload out of its envelope and leaves what has none', () => {
    const { ws } = parseRecording(
      'x',
      [
        row({ raw: '{"stream":"s@trade","data":{"p":"1"}}' }),
        row({ raw: '{"p":"2"}' }),
        row({ raw: '{"result":null,"id":1}' }),
        row({ kind: 'connect', url: 'wss://x/ws' }),
        row({ recv_ns: '1000500000', raw: '{"p":"3"}' }),
      ].join('\n'),
    )
    expect(ws.map(({ payload, line, atMs }) => [payload, line, atMs])).toEqual([
      ['{"p":"1"}', 1, 0],
      ['{"p":"2"}', 2, 0],
      ['{"p":"3"}', 5, 0.5],
    ])
  })

  it.each([
    ['', /is empty/],
    ['{', /x:1 is not JSON/],
    [row({ recv_ns: 5 }), /x:1 recv_ns: expected a decimal string, got 5/],
    [`${row({})}\n${row({ raw: undefined })}`, /x:2 raw: expected a string/],
  ])('names the line of what is wrong (%#)', (text, message) => {
    expect(() => parseRecording('x', text)).toThrow(RecordingError)
    expect(() => parseRecording('x', text)).toThrow(message)
  })
})

describe('recorded texts', () => {
  it('give their ids without being parsed', () => {
    expect(readIds('x@depth@0ms', '{"e":"depthUpdate","E":5,"U":10,"u":12,"pu":9}')).toEqual({
      E: 5,
      U: 10,
      u: 12,
      pu: 9,
    })
    expect(readIds('x@bookTicker', '{"u":7,"s":"X"}')).toEqual({ u: 7 })
    expect(readIds('x@trade', '{"E":5,"t":8}')).toEqual({ E: 5, t: 8 })
    expect(readIds('x@kline_1m', '{"E":5,"k":{"t":60000,"x":true}}')).toEqual({ E: 5, openTime: 60000, closed: true })
  })

  it('take more members and move on in ids and time', () => {
    expect(addFields('{"a":1}', { st: 1, z: 'x' })).toBe('{"a":1,"st":1,"z":"x"}')
    expect(
      shiftText('{"E":1795000000000,"t":1795000000000,"U":5,"f":-1,"p":"1.0"}', { ids: 100, timeMs: 60_000 }),
    ).toBe('{"E":1795000060000,"t":1795000060000,"U":105,"f":-1,"p":"1.0"}')
  })
})

describe('the end of a recording', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, index) => {
      const id = index + 100
      const raw = `{"stream":"btcusdt@trade","data":{"e":"trade","E":${1_795_000_000_000 + index},"s":"BTCUSDT","t":${id},"p":"1.0","q":"1","T":${1_795_000_000_000 + index},"m":true}}`
      return JSON.stringify({
        recv_ns: String(1_795_000_000_000_000_000n + BigInt(index) * 1_000_000n),
        kind: 'ws',
        stream: 'btcusdt@trade',
        raw,
      })
    }).join('\n')

  async function played(
    atEnd: 'hold' | 'close' | 'loop',
  ): Promise<{ client: MemoryClient; clock: VirtualClock; venue: SimVenue }> {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-test-'))
    const path = join(folder, 'small.jsonl')
    writeFileSync(path, lines(5))
    const clock = new VirtualClock()
    const venue = await startVenue({ from: path, atEnd, clock, listen: false })
    rmSync(folder, { recursive: true })
    const client = new MemoryClient(new SimTransport(venue), 'ws://sim/ws/btcusdt@trade')
    await clock.advance(1100)
    expect(client.frames).toHaveLength(5)
    return { client, clock, venue }
  }

  it('holds connections in silence, or closes them', async () => {
    const held = await played('hold')
    await held.clock.advance(3_600_000)
    expect([held.client.closed, held.client.frames.length, held.venue.isPlayedOut]).toEqual([null, 5, true])
    const closed = await played('close')
    expect(closed.client.closed).toMatchObject({ code: 1001 })
  })

  it('loops with ids and times that keep rising', async () => {
    const { client, clock } = await played('loop')
    await clock.advance(120_000)
    const trades = client.frames.map((frame) => JSON.parse(frame) as { t: number; T: number })
    expect(trades).toHaveLength(15)
    expect(trades.map(({ t }) => t)).toEqual([...trades.map(({ t }) => t)].sort((x, y) => x - y))
    expect(new Set(trades.map(({ t }) => t)).size).toBe(15)
    expect(trades[5]!.T - trades[0]!.T).toBe(60_000)
  })
})
