/** What pages are sent, when, and what it costs while nobody looks. */
import { describe, expect, it } from 'vitest'
import { PROTOCOL_VERSION, RAW_ENVELOPES_MAX } from '../../src/dashboard/protocol.js'
import { book, candle, connectionHealth, feedHealth, gap, health, hubRig, interest, logEvent } from './support.js'

const MARKET = { source: 'spot', symbol: 'BTCUSDT', interval: '' }

describe('a page that is opened', () => {
  it('gets at once what happened before it was opened', () => {
    const { bus, open } = hubRig()
    bus.publish('live.health', health({ feeds: [feedHealth()] }), { source: 'spot' })
    bus.publish('live.gap', gap(), { source: 'spot' })
    bus.publish('log.event', logEvent(), { source: 'spot' })

    const full = open().lastFull

    expect(full.version).toBe(PROTOCOL_VERSION)
    expect(full.managers.map(({ name, state }) => [name, state])).toEqual([['spot', 'RUNNING']])
    expect(full.feeds).toMatchObject([{ source: 'spot', stream: 'btcusdt@aggTrade', ratePerSecond: 2.5, p99: 12 }])
    expect(full.gaps).toMatchObject([{ source: 'spot', gapId: 1, state: 'open', from: 100, to: 104 }])
    expect(full.gapTotals).toEqual({ open: 1, filled: 0, unfillable: 0 })
    expect(full.log).toMatchObject([{ source: 'spot', event: 'FEED_STALE', level: 'WARNING' }])
  })

  it('gets also what was published before the dashboard was made, as far as the bus remembers', async () => {
    const { Bus } = await import('../../src/bus/index.js')
    const { Hub } = await import('../../src/dashboard/hub.js')
    const { FakeProbe, FakeSocket } = await import('./support.js')
    const { VirtualClock } = await import('../../src/runtime/index.js')
    const clock = new VirtualClock()
    const bus = new Bus({ clock })
    bus.publish('live.health', health({ name: 'early' }), { source: 'early' })
    const hub = new Hub({ bus, clock, probe: new FakeProbe(), title: '' })
    const socket = new FakeSocket()
    hub.add(socket as never)
    expect(socket.lastFull.managers.map(({ name }) => name)).toEqual(['early'])
  })

  it('shows several managers, and one of another kind with fewer fields', () => {
    const { bus, open } = hubRig()
    bus.publish('live.health', health({ name: 'spot' }), { source: 'spot' })
    const bare = { ...connectionHealth({ id: 'shm', url: '', rttMs: null, nextRefreshInMs: null }) } as Record<
      string,
      unknown
    >
    delete bare['paths']
    bus.publish(
      'live.health',
      health({
        name: 'hft',
        connections: [bare as never],
        feeds: [feedHealth({ stream: 'btcusdt', latencyMs: null })],
      }),
      { source: 'hft' },
    )
    const full = open().lastFull
    expect(full.managers.map(({ name }) => name)).toEqual(['spot', 'hft'])
    expect(full.managers[1]?.connections).toMatchObject([{ id: 'shm', paths: [], rttMs: null }])
    expect(full.feeds.map(({ source }) => source)).toEqual(['spot', 'hft'])
  })
})

describe('an open page', () => {
  it('is sent changes only, and a sign of life every second when there are none', () => {
    const { bus, open, pass } = hubRig()
    bus.publish(
      'live.health',
      health({ feeds: [feedHealth(), feedHealth({ stream: 'ethusdt@trade', symbol: 'ETHUSDT' })] }),
    )
    const page = open()
    pass(250)
    const before = page.messages.length

    pass(2_000)
    const signs = page.updates.slice(before - 1)
    expect(signs.length).toBeLessThanOrEqual(3)
    expect(signs.length).toBeGreaterThanOrEqual(2)
    expect(signs.every((update) => update.feeds === undefined && update.managers === undefined)).toBe(true)

    bus.publish(
      'live.health',
      health({
        feeds: [
          feedHealth(),
          feedHealth({ stream: 'ethusdt@trade', symbol: 'ETHUSDT', state: 'STALE', isStale: true }),
        ],
      }),
    )
    pass(250)
    const update = page.updates.at(-1)
    expect(update?.feeds).toBeUndefined()
    expect(update?.feedChanges?.map(([index, state]) => [index, state])).toEqual([[1, 'STALE']])
  })

  it('is sent at most four messages a second, however much is published', () => {
    const { bus, open, pass } = hubRig()
    bus.publish('live.health', health())
    const page = open()
    page.say(interest({ topic: 'mkt.candles' }))
    const before = page.messages.length
    for (let step = 0; step < 1_000; step++) {
      bus.publish('mkt.candles', candle(step * 60_000), { source: 'spot' })
      bus.publish('log.event', logEvent({ message: `line ${step}` }))
      pass(10)
    }
    expect(page.messages.length - before).toBeLessThanOrEqual(41)
    expect(page.messages.length - before).toBeGreaterThanOrEqual(38)
  })

  it('gets the whole list again when streams come or go', () => {
    const { bus, open, pass } = hubRig()
    bus.publish('live.health', health({ feeds: [feedHealth()] }))
    const page = open()
    pass(250)
    bus.publish('live.health', health({ feeds: [feedHealth({ stream: 'xrpusdt@trade', symbol: 'XRPUSDT' })] }))
    pass(250)
    expect(page.updates.at(-1)?.feeds?.map(({ symbol }) => symbol)).toEqual(['XRPUSDT'])
  })

  it('sees a gap open and end, each change once', () => {
    const { bus, open, pass } = hubRig()
    const page = open()
    pass(250)
    bus.publish('live.gap', gap(), { source: 'spot' })
    pass(250)
    expect(page.updates.at(-1)).toMatchObject({ gaps: [{ state: 'open' }], gapTotals: { open: 1, filled: 0 } })
    bus.publish('live.gap', gap({ kind: 'filled', by: 'backfill', timeMs: 3_000 }), { source: 'spot' })
    pass(250)
    expect(page.updates.at(-1)).toMatchObject({
      gaps: [{ state: 'filled', by: 'backfill', closedTimeMs: 3_000 }],
      gapTotals: { open: 0, filled: 1 },
    })
    pass(250)
    expect(page.updates.filter(({ gaps }) => gaps !== undefined)).toHaveLength(2)
  })

  it('tells rates of the process from one second to the next', () => {
    const { bus, open, pass, probe } = hubRig()
    const page = open()
    pass(1_000)
    for (let index = 0; index < 500; index++) bus.publish('mkt.candles', candle(index))
    probe.current = { ...probe.current, cpuMs: 250 }
    pass(1_000)
    const metered = page.updates.filter(({ process }) => process !== undefined)
    const busy = metered.find(({ process }) => (process?.publishedPerSecond ?? 0) > 0)
    expect(busy?.process?.publishedPerSecond).toBeGreaterThan(400)
    expect(busy?.process?.cpuShare).toBeCloseTo(0.25, 1)
    expect(busy?.topics?.find(({ topic }) => topic === 'mkt.candles')?.published).toBe(500)
  })

  it('lists who is behind on the bus, the worst first', () => {
    const { bus, open } = hubRig()
    bus.subscribe('mkt.candles', () => new Promise(() => {}), { capacity: 4, name: 'slow' })
    bus.subscribe('mkt.candles', () => {}, { name: 'direct' })
    for (let index = 0; index < 10; index++) bus.publish('mkt.candles', candle(index))
    const { process } = open().lastFull
    expect(process.queues[0]).toMatchObject({ name: 'slow', topic: 'mkt.candles', queued: 4, capacity: 4, dropped: 6 })
    expect(process.queues.some(({ name }) => name === 'direct')).toBe(false)
  })
})

describe('what a page looks at', () => {
  it('is a market: candles so far, the forming one apart, book and new ones as they come', () => {
    const { bus, open, pass } = hubRig()
    bus.publish(
      'live.health',
      health({ feeds: [feedHealth({ streamType: 'KLINE', detail: '1m', stream: 'btcusdt@kline_1m' })] }),
    )
    bus.publish('mkt.candles', candle(60_000), { source: 'spot' })
    bus.publish('mkt.candles', candle(120_000, { origin: 'backfill' }), { source: 'spot' })
    bus.publish('mkt.candles.partial', candle(180_000, { isFinalized: false, close: 107 }), { source: 'spot' })
    bus.publish('mkt.orderbook', book(), { source: 'spot' })
    // Another venue publishes the same symbol.
    bus.publish('mkt.orderbook', book({ bestBid: 5 }), { source: 'futures' })
    const page = open()
    page.say(interest({ market: MARKET }))
    pass(250)

    const market = page.updates.at(-1)?.views?.market
    expect(market?.intervals).toEqual(['1m'])
    expect(market?.candles).toEqual([
      [60_000, 100, 110, 90, 105, 3, 0],
      [120_000, 100, 110, 90, 105, 3, 1],
    ])
    expect(market?.forming?.[4]).toBe(107)
    expect(market?.book).toMatchObject({
      state: 'LIVE',
      bids: [
        [99, 1],
        [98, 2],
      ],
      asks: [
        [101, 3],
        [102, 4],
      ],
    })

    bus.publish('mkt.candles', candle(180_000), { source: 'spot' })
    bus.publish('mkt.orderbook', book({ state: 'RESYNCING', sequence: 2 }), { source: 'spot' })
    pass(250)
    const next = page.updates.at(-1)?.views?.market
    expect(next?.candles).toBeUndefined()
    expect(next?.newCandles?.map(([openTimeMs]) => openTimeMs)).toEqual([180_000])
    expect(next?.forming).toBeNull()
    expect(next?.book?.state).toBe('RESYNCING')
  })

  it('is a stream: its past, new samples, and the last trouble that named it', () => {
    const { bus, open, pass } = hubRig()
    for (let second = 0; second < 6; second += 2) {
      bus.publish('live.health', health({ timeMs: second * 1_000, feeds: [feedHealth({ ratePerSecond: second })] }))
    }
    const page = open()
    page.say(interest({ stream: { source: 'spot', stream: 'btcusdt@aggTrade' } }))
    pass(250)
    const { history, trouble } = page.updates.at(-1)?.views?.stream ?? {}
    expect(history?.timeMs).toEqual([0, 2_000, 4_000])
    expect(history?.rate).toEqual([0, 2, 4])
    expect(trouble).toBeNull()

    bus.publish('live.health', health({ timeMs: 6_000, feeds: [feedHealth({ ratePerSecond: 6 })] }))
    bus.publish('log.event', logEvent({ message: 'of another', data: { stream: 'ethusdt@trade' } }), { source: 'spot' })
    bus.publish('log.event', logEvent({ message: 'no message', data: { stream: 'btcusdt@aggTrade' } }), {
      source: 'spot',
    })
    pass(250)
    expect(page.updates.at(-1)?.views?.stream).toMatchObject({
      newSamples: { timeMs: [6_000], rate: [6] },
      trouble: { event: 'FEED_STALE', message: 'no message' },
    })
  })

  it('is a topic: its last envelopes with the schema, whatever their payload', () => {
    const { bus, open, pass } = hubRig()
    for (let index = 1; index <= 80; index++) bus.publish('mkt.candles', candle(index), { source: 'spot' })
    ;(bus.publish as (topic: string, payload: unknown) => void)('user.topic', { big: 12n })
    const page = open()
    page.say(interest({ topic: 'user.topic' }))
    pass(250)
    const own = page.updates.at(-1)?.views?.raw
    expect(own?.schema?.fields).toEqual([])
    expect(own?.envelopes?.map(({ payload }) => payload)).toEqual(['{"big":"12n"}'])

    page.say(interest({ topic: 'mkt.candles' }))
    for (let index = 81; index <= 160; index++) bus.publish('mkt.candles', candle(index), { source: 'spot' })
    pass(250)
    const raw = page.updates.at(-1)?.views?.raw
    expect(raw?.schema?.payload).toBe('Candle')
    expect(raw?.envelopes).toHaveLength(RAW_ENVELOPES_MAX)
    expect(raw?.envelopes?.at(-1)).toMatchObject({ seq: 160, source: 'spot', isCut: false })
    bus.publish('mkt.candles', candle(161))
    pass(250)
    expect(page.updates.at(-1)?.views?.raw?.newEnvelopes?.map(({ seq }) => seq)).toEqual([161])
  })

  it('cannot be something that is not there: no topic is made, nothing is watched', () => {
    const { bus, open, pass } = hubRig()
    const page = open()
    page.say(
      interest({
        topic: 'no.such.topic',
        market: { source: 'nobody', symbol: 'NOTHING', interval: '' },
        stream: { source: 'nobody', stream: 'nothing' },
      }),
    )
    pass(500)
    expect(page.closeCode).toBeNull()
    expect(page.updates.some(({ views }) => views !== undefined)).toBe(false)
    expect(Object.keys(bus.stats().topics)).not.toContain('no.such.topic')
  })

  it('is found when it comes later than the page that asks for it', () => {
    const { bus, open, pass } = hubRig()
    const page = open()
    page.say(interest({ market: MARKET, topic: 'user.topic' }))
    pass(250)
    expect(page.updates.some(({ views }) => views !== undefined)).toBe(false)
    bus.publish('live.health', health({ feeds: [feedHealth()] }), { source: 'spot' })
    bus.publish('mkt.orderbook', book(), { source: 'spot' })
    ;(bus.publish as (topic: string, payload: unknown) => void)('user.topic', 1)
    pass(1_500)
    const views = page.updates.flatMap((update) => (update.views === undefined ? [] : [update.views]))
    expect(views.find(({ market }) => market !== undefined)?.market?.book?.state).toBe('LIVE')
    expect(views.find(({ raw }) => raw !== undefined)?.raw?.envelopes?.[0]?.payload).toBe('1')
  })

  it('costs nothing any more when it is looked at no longer', () => {
    const { bus, open, pass } = hubRig()
    const page = open()
    const quiet = bus.stats().subscriptions.length
    page.say(interest({ topic: 'mkt.trades' }))
    pass(250)
    expect(bus.stats().subscriptions.length).toBe(quiet + 1)
    page.say(interest())
    expect(bus.stats().subscriptions.length).toBe(quiet)
    page.say(interest({ topic: 'mkt.trades' }))
    page.emit('close')
    expect(bus.stats().subscriptions.length).toBe(quiet)
  })

  it('is told once for all pages that look at the same', () => {
    const { bus, open, pass } = hubRig()
    const [first, second] = [open(), open()]
    pass(250)
    for (const page of [first, second]) page.say(interest({ topic: 'log.event' }))
    pass(250)
    expect(bus.stats().subscriptions.filter(({ name }) => name === 'dashboard raw view')).toHaveLength(1)
    bus.publish('log.event', logEvent())
    pass(250)
    expect(first.updates.at(-1)).toEqual(second.updates.at(-1))
    expect(first.updates.at(-1)?.views?.raw?.newEnvelopes).toHaveLength(1)
    first.emit('close')
    bus.publish('log.event', logEvent())
    pass(250)
    expect(second.updates.at(-1)?.views?.raw?.newEnvelopes).toHaveLength(1)
  })
})

describe('a page that cannot follow', () => {
  it('is not waited for, costs the others nothing, and gets everything anew', () => {
    const { bus, open, pass } = hubRig()
    const [slow, quick] = [open(), open()]
    pass(250)
    slow.bufferedAmount = 5_000_000
    const before = slow.messages.length
    bus.publish('live.health', health({ name: 'late' }))
    pass(1_000)
    expect(slow.messages).toHaveLength(before)
    expect(quick.updates.some(({ managers }) => managers?.[0]?.name === 'late')).toBe(true)

    slow.bufferedAmount = 0
    pass(250)
    expect(slow.messages.at(-1)?.kind).toBe('full')
    expect(slow.lastFull.managers.map(({ name }) => name)).toEqual(['late'])
  })

  it('is cut off after half a minute', () => {
    const { hub, open, pass } = hubRig()
    const page = open()
    page.bufferedAmount = 5_000_000
    pass(29_000)
    expect(page.isTerminated).toBe(false)
    pass(3_000)
    expect(page.isTerminated).toBe(true)
    expect(hub.viewerCount).toBe(0)
  })
})

describe('a page that says something else', () => {
  it.each([
    'no JSON',
    '[]',
    'null',
    '{"kind":"interest"}',
    '{"kind":"stop","market":null,"stream":null,"topic":null}',
    '{"kind":"interest","market":null,"stream":null,"topic":null,"more":1}',
    '{"kind":"interest","market":{"source":"a","symbol":"b"},"stream":null,"topic":null}',
    '{"kind":"interest","market":{"source":"a","symbol":1,"interval":""},"stream":null,"topic":null}',
    '{"kind":"interest","market":null,"stream":null,"topic":{"toString":1}}',
    `{"kind":"interest","market":null,"stream":null,"topic":"${'x'.repeat(201)}"}`,
  ])('is closed: %s', (text) => {
    const { open } = hubRig()
    const page = open()
    page.say(text)
    expect(page.closeCode).toBe(1008)
  })

  it('is closed when it changes its mind faster than a person', () => {
    const { open } = hubRig()
    const page = open()
    for (let index = 0; index < 60; index++) page.say(interest({ topic: index % 2 === 0 ? 'log.event' : 'live.gap' }))
    expect(page.closeCode).toBe(1008)
  })
})

describe('without a page', () => {
  it('no timer runs, no process is measured, no market topic is subscribed', () => {
    const { bus, clock, open, probe, hub } = hubRig()
    expect(clock.pendingTimerCount).toBe(0)
    expect(probe.isRunning).toBe(false)
    expect(
      bus
        .stats()
        .subscriptions.map(({ topic }) => topic)
        .sort(),
    ).toEqual(['live.gap', 'live.health', 'log.event', 'mkt.candles'])
    const page = open()
    expect(clock.pendingTimerCount).toBe(1)
    expect(probe.isRunning).toBe(true)
    page.emit('close')
    expect(clock.pendingTimerCount).toBe(0)
    expect(probe.isRunning).toBe(false)
    hub.close()
    expect(bus.stats().subscriptions).toEqual([])
  })
})
