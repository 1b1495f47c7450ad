import { describe, expect, it } from 'vitest'
import { rec } from '../../support/scripted-hft-connection.js'
import { HftRig } from './hft-rig.js'

const SYMBOL = 'btcusdt'
const SNAPSHOT = rec.snapshot(SYMBOL, [100, 1, 99.9, 2], [100.1, 1, 100.2, 2])

async function startedRig(...args: ConstructorParameters<typeof HftRig>): Promise<HftRig> {
  const rig = new HftRig(...args)
  await rig.source.start()
  return rig
}

async function liveRig(...args: ConstructorParameters<typeof HftRig>): Promise<HftRig> {
  const rig = await startedRig(...args)
  rig.send(SNAPSHOT)
  return rig
}

describe('life of an HFT source', () => {
  it('registers each instrument and runs', async () => {
    const rig = await startedRig()
    expect(rig.connection.requests).toEqual(['register btcusdt 0.1 0.001'])
    expect(rig.source.state).toBe('RUNNING')
    expect(rig.source.getHealth().venue).toBe('BINANCE_FUTURES')
    await rig.source.stop()
  })

  it('refuses a second start, and starts again after a stop with a new connection', async () => {
    const rig = await startedRig()
    await expect(rig.source.start()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
    await rig.source.stop()
    await rig.source.start()
    expect(rig.connections).toHaveLength(2)
    await rig.source.stop()
  })

  it('stops idempotently and leaves no timer, no listener and no open connection', async () => {
    const rig = await liveRig()
    await Promise.all([rig.source.stop(), rig.source.stop()])
    await rig.source.stop()
    expect(rig.connection.isClosed).toBe(true)
    expect(rig.connection.listenerCount).toBe(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.events.filter((event) => event === 'FEED_STOPPED')).toHaveLength(1)
  })

  it('fails when the connection cannot be opened, with the code of the cause', async () => {
    const rig = new HftRig({
      open: () => Promise.reject(Object.assign(new Error('not up'), { code: 'IPC_SERVICE_NOT_FOUND' })),
    })
    await expect(rig.source.start()).rejects.toThrow('not up')
    expect(rig.source.state).toBe('FAILED')
    expect(rig.last('log.event')).toMatchObject({ event: 'FEED_START_FAILED', data: { code: 'IPC_SERVICE_NOT_FOUND' } })
  })

  it('closes a connection that opens after the stop', async () => {
    const rig = new HftRig()
    const starting = rig.source.start()
    const stopping = rig.source.stop()
    await expect(starting).rejects.toMatchObject({ code: 'STOPPED_DURING_START' })
    await stopping
    expect(rig.connection.isClosed).toBe(true)
    expect(rig.source.state).toBe('STOPPED')
  })

  it('fails for good when the connection ends by itself', async () => {
    const rig = await liveRig()
    rig.connection.emit('closed', { error: new Error('thread died') })
    expect(rig.source.state).toBe('FAILED')
    expect(rig.events).toContain('FEED_FAILED')
    await rig.source.stop()
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it.each([
    [{ connector: '' }, 'connector is empty'],
    [{ kind: 'kraken' as 'bybit' }, 'kind "kraken" is not one of binancefutures'],
    [{ instruments: [] }, 'at least one symbol'],
    [{ instruments: [{ symbol: 'btc/usdt', tickSize: 1, lotSize: 1 }] }, '"btc/usdt" is not a symbol'],
    [{ instruments: [{ symbol: 'btcusdt', tickSize: 0, lotSize: 1 }] }, 'tickSize 0 of btcusdt'],
    [{ instruments: [{ symbol: 'btcusdt', tickSize: 1, lotSize: Number.NaN }] }, 'lotSize NaN of btcusdt'],
    [{ bookLevels: 0 }, 'bookLevels 0'],
  ])('refuses %o', (options, message) => {
    expect(() => new HftRig(options)).toThrow(message)
  })

  it.each([
    ['binancefutures', 'BtcUsdt', 'register btcusdt', 'BINANCE_FUTURES'],
    ['binancespot', 'BTCUSDT', 'register btcusdt', 'BINANCE_SPOT'],
    ['bybit', 'btcusdt', 'register BTCUSDT', 'BYBIT'],
  ] as const)(
    'of kind %s spells %s as the connector needs it and upper case on the bus',
    async (kind, symbol, request, venue) => {
      const rig = await startedRig({ kind, instruments: [{ symbol, tickSize: 1, lotSize: 1 }] })
      expect(rig.connection.requests[0]).toContain(request)
      rig.send(rec.trade(kind === 'bybit' ? 'BTCUSDT' : 'btcusdt', 'buy', 100, 1))
      expect(rig.last('mkt.trades')).toMatchObject({ symbol: 'BTCUSDT', venue })
    },
  )
})

describe('trades of an HFT source', () => {
  it('carry side, times and a count of what arrived as id', async () => {
    const rig = await startedRig()
    const venueTimeMs = rig.clock.wallMs() - 3
    rig.send(rec.trade(SYMBOL, 'buy', 100, 2, venueTimeMs), rec.trade(SYMBOL, 'sell', 99, 1, venueTimeMs))
    expect(rig.seen('mkt.trades')).toEqual([
      expect.objectContaining({
        id: 1,
        price: 100,
        qty: 2,
        takerSide: 'BUY',
        isBuyerMaker: false,
        tradeTimeMs: venueTimeMs,
      }),
      expect.objectContaining({ id: 2, price: 99, qty: 1, takerSide: 'SELL', isBuyerMaker: true }),
    ])
    expect(rig.source.getHealth().feeds[1]).toMatchObject({ messageCount: 2, latencyMs: { p50: expect.closeTo(3, 0) } })
  })

  it('are told from a clear, whose kind contains the bit of a trade', async () => {
    const rig = await liveRig()
    rig.send(rec.clear(SYMBOL, 'buy'))
    expect(rig.seen('mkt.trades')).toEqual([])
    expect(rig.last('mkt.orderbook')).toMatchObject({ bestBid: null, bestAsk: 100.1 })
  })

  it('take the receive time where the venue time is an update id', async () => {
    const rig = await startedRig()
    rig.send(rec.trade(SYMBOL, 'buy', 100, 1, 45_000_000))
    expect(rig.last('mkt.trades').venueTimeMs).toBe(rig.clock.wallMs())
    expect(rig.source.getHealth().feeds[1]?.latencyMs).toBeNull()
  })

  it('of symbols that other bots registered are not published', async () => {
    const rig = await startedRig()
    rig.send(rec.trade('ethusdt', 'buy', 100, 1), rec.depth('ethusdt', 'buy', 99, 1))
    expect(rig.seen('mkt.trades')).toEqual([])
    expect(rig.source.hftStats().foreignCount).toBe(2)
  })

  it.each([
    [rec.trade(SYMBOL, 'buy', Number.NaN, 1)],
    [rec.trade(SYMBOL, 'buy', 100, 0)],
    [{ ...rec.trade(SYMBOL, 'buy', 100, 1), ev: 2 }],
  ])('that cannot be are rejected and counted: %o', async (record) => {
    const rig = await startedRig()
    rig.send(record)
    expect(rig.seen('mkt.trades')).toEqual([])
    expect(rig.last('log.event')).toMatchObject({ event: 'MESSAGE_REJECTED' })
    expect(rig.source.getHealth()).toMatchObject({ totalErrorCount: 1 })
    expect(rig.source.getHealth().feeds[1]).toMatchObject({ errorCount: 1 })
  })
})

describe('books of an HFT source', () => {
  it('are not published before a snapshot: levels alone make no book', async () => {
    const rig = await startedRig()
    rig.send(rec.depth(SYMBOL, 'buy', 100, 1), rec.depth(SYMBOL, 'sell', 101, 1))
    expect(rig.seen('mkt.orderbook')).toEqual([])
    expect(rig.seen('mkt.bbo')).toEqual([])
    expect(rig.source.getHealth().books[0]).toMatchObject({ state: 'SYNCING', bidLevels: 1, askLevels: 1 })
  })

  it('are asked for again while no snapshot comes, at growing intervals', async () => {
    const rig = await startedRig()
    await rig.clock.advance(16_000)
    expect(rig.connection.requests.slice(1)).toEqual(Array(4).fill('resync btcusdt'))
    rig.send(SNAPSHOT)
    await rig.clock.advance(60_000)
    expect(rig.connection.requests.slice(1).filter((each) => each !== 'resync btcusdt')).toEqual([])
    expect(rig.last('mkt.orderbook')).toBeDefined()
  })

  it('become LIVE with the snapshot, which replaces what was there', async () => {
    const rig = await startedRig()
    rig.send(rec.depth(SYMBOL, 'buy', 98, 5), SNAPSHOT)
    expect(rig.seen('mkt.orderbook')).toHaveLength(1)
    expect(JSON.parse(JSON.stringify(rig.last('mkt.orderbook')))).toMatchObject({
      symbol: 'BTCUSDT',
      venue: 'BINANCE_FUTURES',
      state: 'LIVE',
      bids: [
        { price: 100, qty: 1 },
        { price: 99.9, qty: 2 },
      ],
      asks: [
        { price: 100.1, qty: 1 },
        { price: 100.2, qty: 2 },
      ],
    })
    expect(rig.last('mkt.bbo')).toMatchObject({ bid: 100, bidQty: 1, ask: 100.1, askQty: 1 })
  })

  it('are published at once outside a batch, and once per batch inside one', async () => {
    const rig = await liveRig()
    rig.send(rec.depth(SYMBOL, 'buy', 100, 3))
    expect(rig.seen('mkt.orderbook')).toHaveLength(2)
    rig.send(rec.start(), rec.depth(SYMBOL, 'buy', 100, 4), rec.depth(SYMBOL, 'sell', 100.1, 4))
    expect(rig.seen('mkt.orderbook')).toHaveLength(2)
    rig.send(rec.end())
    expect(rig.seen('mkt.orderbook')).toHaveLength(3)
    expect(rig.last('mkt.bbo')).toMatchObject({ bidQty: 4, askQty: 4 })
  })

  it('are held while a batch for us lies inside one for everybody', async () => {
    const rig = await liveRig()
    rig.send(rec.start(), rec.depth(SYMBOL, 'buy', 100, 9), SNAPSHOT, rec.depth(SYMBOL, 'sell', 100.1, 9))
    expect(rig.seen('mkt.orderbook')).toHaveLength(1)
    rig.send(rec.end())
    expect(rig.seen('mkt.orderbook')).toHaveLength(2)
    expect(rig.last('mkt.bbo')).toMatchObject({ bidQty: 1, askQty: 9 })
  })

  it('take deletes of the fusion filter, levels of the best price kind, and clears of one side', async () => {
    const rig = await liveRig()
    rig.send(rec.fusionDelete(SYMBOL, 'buy', 100), rec.bbo(SYMBOL, 'sell', 100.05, 7))
    expect(rig.last('mkt.bbo')).toMatchObject({ bid: 99.9, ask: 100.05, askQty: 7 })
    rig.send(rec.fusionDelete(SYMBOL, 'buy', 42))
    expect(rig.source.hftStats().absentDeleteCount).toBe(1)
    rig.send(rec.clear(SYMBOL, 'sell'))
    expect(rig.last('mkt.orderbook')).toMatchObject({ bestBid: 99.9, bestAsk: null })
  })

  it('publish no picture when the levels shown did not change', async () => {
    const rig = await liveRig({ bookLevels: 1 })
    rig.send(rec.depth(SYMBOL, 'buy', 99, 3))
    expect(rig.seen('mkt.orderbook')).toHaveLength(1)
    rig.send(rec.depth(SYMBOL, 'buy', 100, 3))
    expect(rig.last('mkt.orderbook').bids.length).toBe(1)
    expect(rig.seen('mkt.orderbook')).toHaveLength(2)
  })
})

describe('doubt about a book', () => {
  it.each([
    ['ring', 12n],
    ['buffer', 0n],
    ['batch', 0n],
  ] as const)('after an overflow (%s) is announced, and ends with a fresh snapshot', async (reason, dropped) => {
    const rig = await liveRig()
    rig.send(rec.depth(SYMBOL, 'buy', 100, 2), rec.trade(SYMBOL, 'buy', 100.1, 1))
    await rig.clock.advance(2_000)
    rig.connection.emit('overflow', { reason, dropped })
    expect(rig.last('mkt.orderbook')).toMatchObject({ state: 'RESYNCING', bestBid: 100 })
    expect(rig.connection.requests.at(-1)).toBe('resync btcusdt')
    expect(rig.seen('live.gap').map(({ kind, streamType, cause }) => [kind, streamType, cause])).toEqual([
      ['opened', 'DEPTH', 'OVERFLOW'],
      ['opened', 'TRADE', 'OVERFLOW'],
    ])
    // Levels in between change nothing that a subscriber sees.
    const pictures = rig.seen('mkt.orderbook').length
    rig.send(rec.depth(SYMBOL, 'buy', 100, 5))
    expect(rig.seen('mkt.orderbook')).toHaveLength(pictures)
    await rig.clock.advance(10)
    rig.send(SNAPSHOT)
    expect(rig.last('mkt.orderbook')).toMatchObject({ state: 'LIVE', bestBidQty: 1 })
    expect(rig.seen('live.gap').slice(2)).toEqual([
      expect.objectContaining({ kind: 'filled', streamType: 'DEPTH', by: 'snapshot' }),
      expect.objectContaining({ kind: 'unfillable', streamType: 'TRADE' }),
    ])
    expect(rig.events).toEqual(expect.arrayContaining(['BOOK_RESYNC', 'BOOK_RECOVERED']))
  })

  it('does not end with a snapshot that lost records on the way', async () => {
    const rig = await liveRig()
    await rig.clock.advance(2_000)
    rig.connection.emit('overflow', { reason: 'ring', dropped: 1n })
    const [start, ...rest] = SNAPSHOT
    rig.send(start!)
    rig.connection.ringDropped += 3n
    rig.send(...rest)
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    rig.send(SNAPSHOT)
    expect(rig.last('mkt.orderbook').state).toBe('LIVE')
  })

  it('does not end with a snapshot that began before it', async () => {
    const rig = await liveRig()
    const [start, ...rest] = SNAPSHOT
    rig.send(start!)
    await rig.clock.advance(2_000)
    rig.send(rec.depth(SYMBOL, 'buy', 0, 1))
    rig.send(...rest)
    expect(rig.source.getHealth().books[0]?.state).toBe('RESYNCING')
  })

  it('arises when the book is crossed, and is not hidden by a snapshot that is crossed too', async () => {
    const rig = await liveRig()
    await rig.clock.advance(2_000)
    rig.send(rec.depth(SYMBOL, 'buy', 100.1, 1))
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    expect(rig.connection.requests.at(-1)).toBe('resync btcusdt')
    rig.send(rec.snapshot(SYMBOL, [101, 1], [100, 1]))
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    expect(rig.events).toContain('BOOK_SNAPSHOT_FAILED')
    expect(rig.seen('mkt.orderbook').filter(({ isCrossed }) => isCrossed)).toEqual([])
    await rig.clock.advance(10_000)
    rig.send(SNAPSHOT)
    expect(rig.last('mkt.orderbook').state).toBe('LIVE')
  })

  it('asks at most once a second, however many impossible levels arrive', async () => {
    const rig = await liveRig()
    await rig.clock.advance(2_000)
    const before = rig.connection.requests.length
    for (let round = 0; round < 50; round++) rig.send(rec.depth(SYMBOL, 'buy', -1, 1), SNAPSHOT)
    expect(rig.connection.requests.length - before).toBeLessThanOrEqual(1)
    expect(rig.source.getHealth().feeds[0]?.errorCount).toBe(50)
    expect(rig.events.filter((event) => event === 'MESSAGE_REJECTED')).toHaveLength(1)
  })

  it('survives a request that cannot be sent, and asks again', async () => {
    const rig = await liveRig()
    await rig.clock.advance(2_000)
    rig.connection.resyncError = Object.assign(new Error('no loan'), { code: 'IPC_LIMIT' })
    rig.connection.emit('overflow', { reason: 'buffer', dropped: 0n })
    expect(rig.events).toContain('CONNECTION_ERROR')
    await rig.clock.advance(1_500)
    expect(rig.connection.requests.at(-1)).toBe('resync btcusdt')
  })
})

describe('the connector behind an HFT source', () => {
  it('that is gone makes the connection wait and the book RESYNCING; restarted, the book comes from its snapshot', async () => {
    const rig = await liveRig()
    rig.connection.emit('peerLost', { publisherTag: 1n })
    expect(rig.source.getHealth().connections[0]).toMatchObject({ state: 'BACKOFF' })
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    await rig.clock.advance(60_000)
    expect(rig.connection.requests).toHaveLength(1)
    rig.connection.publisherTag = 2n
    rig.connection.emit('peerChanged', { publisherTag: 2n, previous: 1n })
    expect(rig.source.getHealth().connections[0]).toMatchObject({ state: 'OPEN', reconnectCount: 1, generation: 2 })
    // The new process begins with an empty book and sends diffs before it knows the whole.
    rig.send(rec.depth(SYMBOL, 'buy', 50, 1), rec.depth(SYMBOL, 'sell', 51, 1))
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    await rig.clock.advance(1_000)
    expect(rig.connection.requests.at(-1)).toBe('resync btcusdt')
    rig.send(rec.snapshot(SYMBOL, [50, 1, 49, 1], [51, 1]))
    expect(rig.last('mkt.orderbook')).toMatchObject({ state: 'LIVE', bestBid: 50 })
    expect(rig.last('mkt.orderbook').bids.length).toBe(2)
    expect(rig.source.gaps().filter(({ kind }) => kind === 'opened')).toEqual([])
  })

  it('that dies in the middle of a batch leaves no batch open', async () => {
    const rig = await liveRig()
    rig.send(rec.start(), rec.depth(SYMBOL, 'buy', 100, 7))
    rig.connection.emit('peerChanged', { publisherTag: 2n, previous: 1n })
    rig.send(SNAPSHOT)
    expect(rig.last('mkt.orderbook')).toMatchObject({ state: 'LIVE', bestBidQty: 1 })
  })

  it('that falls silent makes feeds and book stale, then raises the alarm that names the cure, once', async () => {
    const rig = await liveRig()
    rig.send(rec.depth(SYMBOL, 'buy', 100, 2), rec.trade(SYMBOL, 'buy', 100, 1))
    await rig.clock.advance(40_000)
    expect(rig.source.getHealth().feeds.map(({ state }) => state)).toEqual(['STALE', 'STALE'])
    expect(rig.last('mkt.orderbook').state).toBe('STALE')
    await rig.clock.advance(60_000)
    const alarms = rig.seen('log.event').filter(({ event }) => event === 'WATCHDOG_TRIGGERED')
    expect(alarms).toHaveLength(1)
    expect(alarms[0]?.message).toContain('only a restart of the connector process cures it')
    rig.send(rec.depth(SYMBOL, 'buy', 100, 3))
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    rig.send(SNAPSHOT)
    expect(rig.last('mkt.orderbook').state).toBe('LIVE')
    await rig.clock.advance(5_000)
    expect(rig.events).toContain('FEED_RECOVERED')
  })

  it('that never speaks is reported per stream', async () => {
    const rig = await startedRig()
    await rig.clock.advance(36_000)
    const silent = rig.seen('log.event').filter(({ event }) => event === 'SUBSCRIPTION_SILENT')
    expect(silent.map(({ data }) => data['stream'])).toEqual(['btcusdt@depth', 'btcusdt@trade'])
  })

  it('that reports the loss of its venue is quoted, with the cure', async () => {
    const rig = await startedRig()
    rig.send(rec.error({ kind: 'ConnectionInterrupted', value: { code: 5n } }))
    expect(rig.last('log.event')).toMatchObject({
      event: 'CONNECTION_ERROR',
      level: 'ERROR',
      data: { value: { code: 5 } },
    })
    expect(rig.last('log.event').message).toContain('restart the connector process')
  })

  it('whose sample could not be read makes the book doubtful', async () => {
    const rig = await liveRig()
    rig.connection.emit('decodeError', { message: 'bad tag', total: 1 })
    expect(rig.last('mkt.orderbook').state).toBe('RESYNCING')
    expect(rig.last('live.gap')).toMatchObject({ cause: 'REJECTED', kind: 'opened' })
  })
})
