import { describe, expect, it } from 'vitest'
import type { OracleBook } from '../../../src/sim/index.js'
import { waitFor } from '../../support/wait-for.js'
import type { SocketClient } from '../support/socket-client.js'
import { useVenues, type VenueFixture } from '../support/venue-fixture.js'

const { start, connect, client } = useVenues()
const LIST = '{"method":"LIST_SUBSCRIPTIONS","id":1}'

/** Frames up to and including the answer to a question asked now: nothing more is under way. */
async function settled(socket: SocketClient): Promise<readonly string[]> {
  const id = `q${socket.frames.length}x${Math.trunc(performance.now() * 1000)}`
  await socket.ask({ method: 'GET_PROPERTY', params: ['combined'], id } as never)
  return socket.frames.filter((frame) => !frame.startsWith('{"result"'))
}

async function spotWith(streams: string, mode = 'ws'): Promise<VenueFixture & { socket: SocketClient }> {
  const fixture = await start({ markets: ['spot'], limits: { spot: { messageBurst: 1000 } } })
  const path = mode === 'ws' ? `/ws/${streams}` : `/stream?streams=${streams}`
  return { ...fixture, socket: await connect(`${fixture.venue.wsUrl}${path}`) }
}

describe('faults of a whole connection', () => {
  it('reset: the client sees 1006, with a TCP reset or an end without a close frame', async () => {
    for (const variant of ['rst', 'fin'] as const) {
      const { venue, socket } = await spotWith('btcusdt@trade')
      venue.inject({ fault: 'reset', variant })
      await venue.advance(0)
      expect(await socket.closedBy()).toMatchObject({ code: 1006, reason: '' })
      expect(socket.tcpError?.code).toBe(variant === 'rst' ? 'ECONNRESET' : undefined)
      expect(venue.oracle.faults('reset')).toMatchObject([{ connection: 1, variant, detail: { how: variant } }])
      // The venue hears of the end of a socket after the client may have: wait for its record.
      await waitFor(() => venue.oracle.connections().at(-1)?.event === 'closed', { what: 'the record of the close' })
      expect(venue.oracle.connections().at(-1)).toMatchObject({ event: 'closed', code: 1006, open: 0 })
    }
  })

  it('cut: resets the selected connections and says how many', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    const other = await connect(`${venue.wsUrl}/ws/ethusdt@trade`)
    expect(venue.cut({ symbol: 'ETHUSDT' })).toBe(1)
    await venue.advance(0)
    expect((await other.closedBy()).code).toBe(1006)
    market.push('btcusdt@trade', '{}')
    await socket.got(1)
    expect(venue.cut()).toBe(1)
  })

  it.each([
    [{ code: 1000 }, ''],
    [{ code: 1001 }, ''],
    [{ code: 1008 }, 'Too many requests'],
    [{ code: 1008, reason: 'Invalid request' }, 'Invalid request'],
    [{ code: 1011 }, 'Internal error'],
  ])('close: %j arrives with its reason', async (fields, reason) => {
    const { venue, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'close', ...fields })
    await venue.advance(0)
    expect(await socket.closedBy()).toMatchObject({ code: fields.code, reason })
    expect(venue.oracle.faults('close')).toHaveLength(1)
  })

  it('halfOpen: nothing is sent or answered while the socket stays, and it may come back', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'halfOpen', for: '30s' })
    await venue.advance(0)
    socket.ws.ping()
    socket.send(LIST)
    market.push('btcusdt@trade', '{"lost":1}')
    await venue.advance(29_000)
    const other = await connect(`${venue.wsUrl}/ws`)
    await settled(other)
    expect([socket.frames, socket.pongs, socket.pings, socket.closed]).toEqual([[], [], [], null])
    await venue.advance(1000)
    await socket.got(1)
    market.push('btcusdt@trade', '{"back":1}')
    expect((await socket.got(2))[1]).toBe('{"back":1}')
    expect(venue.oracle.sent(1, 'btcusdt@trade').map(({ outcome }) => outcome)).toEqual(['dropped', 'delivered'])
  })

  it('serverShutdown: raw or wrapped event, then a close after the lead time; nothing on futures', async () => {
    const { venue, socket } = await spotWith('btcusdt@trade', 'stream')
    const raw = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    venue.inject({ fault: 'serverShutdown', lead: '5s' })
    await venue.advance(0)
    const time = venue.nowMs()
    expect(await socket.got(1)).toEqual([`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":${time}}}`])
    expect(await raw.got(1)).toEqual([`{"e":"serverShutdown","E":${time}}`])
    await venue.advance(4999)
    expect(socket.closed).toBeNull()
    await venue.advance(1)
    expect((await socket.closedBy()).code).toBe(1001)

    const futures = await start({ markets: ['futures'] })
    await connect(`${futures.venue.wsUrl}/ws`)
    futures.venue.inject({ fault: 'serverShutdown' })
    await futures.venue.advance(60_000)
    expect(futures.venue.oracle.faults()).toEqual([])
    expect(futures.venue.stats().connectionsOpen).toBe(1)
  })

  it('ageCut: ends like a connection of 24 hours', async () => {
    const { venue, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'ageCut' })
    await venue.advance(0)
    expect((await socket.closedBy()).code).toBe(1001)
  })

  it('pingFlood: many pings, or pongs nobody asked for', async () => {
    const { venue, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'pingFlood', times: 30 })
    venue.inject({ fault: 'pingFlood', variant: 'pong', times: 20 })
    await venue.advance(0)
    await waitFor(() => socket.pings.length === 30 && socket.pongs.length === 20)
    expect(socket.closed).toBeNull()
  })

  it('slowLink: frames trickle at the given rate, in order, and then flow again', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'slowLink', bytesPerSecond: 100, for: '10s' })
    await venue.advance(0)
    const payload = (n: number): string => `{"n":${n},"pad":"${'x'.repeat(84)}"}`
    for (let n = 0; n < 20; n++) market.push('btcusdt@trade', payload(n))
    await venue.advance(2000)
    await socket.got(1)
    expect(socket.frames.length).toBeLessThanOrEqual(2)
    await venue.advance(8000)
    expect(await socket.got(20)).toEqual(Array.from({ length: 20 }, (_, n) => payload(n)))
  })

  it('framing on a slow link: a fragmented message waits for its turn', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'slowLink', bytesPerSecond: 100, for: '10s' })
    venue.inject({ fault: 'framing', probability: 0.5, per: 'frame' })
    await venue.advance(0)
    const payload = (n: number): string => `{"n":${n},"pad":"${'x'.repeat(84)}"}`
    for (let n = 0; n < 20; n++) market.push('btcusdt@trade', payload(n))
    await venue.advance(10_000)
    expect(await socket.got(20)).toEqual(Array.from({ length: 20 }, (_, n) => payload(n)))
  })

  it.each(['notJson', 'truncated', 'wrongTypes', 'hugeNumber', 'unknownEvent', 'empty', 'array'] as const)(
    'garbage %s: one malformed frame beside the real ones',
    async (variant) => {
      const { venue, market, socket } = await spotWith('btcusdt@trade')
      market.push('btcusdt@trade', '{"e":"trade","E":1795000000000,"p":"61234.51"}')
      await socket.got(1)
      venue.inject({ fault: 'garbage', variant })
      await venue.advance(0)
      market.push('btcusdt@trade', '{"n":2}')
      const frames = await socket.got(3)
      expect(frames[2]).toBe('{"n":2}')
      expect(frames[1]).not.toBe(frames[0])
      expect(venue.oracle.faults('garbage')[0]?.detail).toMatchObject({ variant, bytes: Buffer.byteLength(frames[1]!) })
    },
  )

  it('garbage invalidUtf8: bytes that are no text, which a checking client closes with 1007', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    market.push('btcusdt@trade', '{"e":"trade"}')
    await socket.got(1)
    venue.inject({ fault: 'garbage', variant: 'invalidUtf8' })
    await venue.advance(0)
    await waitFor(() => socket.closed !== null)
    expect(socket.closed?.error).toMatchObject({ code: 'WS_ERR_INVALID_UTF8' })
  })
})

describe('faults of streams', () => {
  it('silentAll: pings and replies go on, data stops for the window, also for new connections', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'silentAll', for: '10s' })
    const later = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    market.push('btcusdt@trade', '{"n":1}')
    expect([await settled(socket), await settled(later)]).toEqual([[], []])
    await venue.advance(10_000)
    market.push('btcusdt@trade', '{"n":2}')
    expect([await settled(socket), await settled(later)]).toEqual([['{"n":2}'], ['{"n":2}']])
    const [fault] = venue.oracle.faults('silentAll')
    expect(venue.oracle.sent(1, 'btcusdt@trade')).toMatchObject([
      { outcome: 'dropped', fault: fault?.sequence },
      { outcome: 'delivered' },
    ])
    expect(venue.oracle.compare('btcusdt@trade')).toMatchObject({ truthCount: 2, shownCount: 2 })
  })

  it('silentStream: one stream stops for the window, the others go on', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade/ethusdt@trade')
    expect(venue.stall({ streamIndex: 0 }, 5000)).toBe(1)
    market.push('btcusdt@trade', '{"n":1}')
    market.push('ethusdt@trade', '{"n":2}')
    expect(await settled(socket)).toEqual(['{"n":2}'])
    await venue.advance(5000)
    market.push('btcusdt@trade', '{"n":3}')
    expect(await settled(socket)).toEqual(['{"n":2}', '{"n":3}'])
  })

  it('silentStream resubscribe: heals when the client subscribes again; reconnect: only on a new socket', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade/ethusdt@trade')
    venue.inject({ fault: 'silentStream', variant: 'resubscribe', on: { symbol: 'BTCUSDT' } })
    venue.inject({ fault: 'silentStream', variant: 'reconnect', on: { symbol: 'ETHUSDT' } })
    await venue.advance(0)
    const push = (n: number): void => {
      market.push('btcusdt@trade', `{"b":${n}}`)
      market.push('ethusdt@trade', `{"e":${n}}`)
    }
    push(1)
    expect(await settled(socket)).toEqual([])
    await socket.ask({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 } as never)
    push(2)
    expect(await settled(socket)).toEqual(['{"b":2}'])
    const fresh = await connect(`${venue.wsUrl}/ws/ethusdt@trade`)
    push(3)
    expect(await settled(fresh)).toEqual(['{"e":3}'])
  })

  it('ackSilent: acknowledged, listed, and never delivers until subscribed again', async () => {
    const { venue, market, socket } = await spotWith('')
    venue.inject({ fault: 'ackSilent', on: { stream: 'btcusdt@trade' }, count: 1 })
    expect(
      await socket.ask({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 } as never),
    ).toEqual({ result: null, id: 1 })
    expect(await socket.ask({ method: 'LIST_SUBSCRIPTIONS', id: 2 } as never)).toEqual({
      result: ['btcusdt@trade', 'ethusdt@trade'],
      id: 2,
    })
    market.push('btcusdt@trade', '{"n":1}')
    market.push('ethusdt@trade', '{"n":2}')
    expect(await settled(socket)).toEqual(['{"n":2}'])
    expect(venue.oracle.faults('ackSilent')).toMatchObject([{ connection: 1, stream: 'btcusdt@trade' }])
    await socket.ask({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: 3 } as never)
    await socket.ask({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 4 } as never)
    market.push('btcusdt@trade', '{"n":3}')
    expect(await settled(socket)).toEqual(['{"n":2}', '{"n":3}'])
  })
})

describe('faults of single frames', () => {
  it('dropDiff: a run of diffs of one symbol, with their ids in the oracle; other kinds untouched', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@depth@100ms/btcusdt@trade')
    venue.inject({ fault: 'dropDiff', on: { symbol: 'BTCUSDT' }, run: 3, at: 0 })
    await venue.advance(0)
    for (let id = 1; id <= 5; id++) {
      market.pushDiff(id)
      market.push('btcusdt@trade', `{"t":${id}}`, { t: id })
    }
    const frames = await settled(socket)
    expect(frames.filter((frame) => frame.includes('depthUpdate')).map((frame) => JSON.parse(frame).u)).toEqual([4, 5])
    expect(frames.filter((frame) => frame.includes('"t"'))).toHaveLength(5)
    expect(venue.oracle.faults('dropDiff').map(({ detail }) => (detail['ids'] as { u: number }).u)).toEqual([1, 2, 3])
    expect(venue.oracle.compare('btcusdt@depth@100ms').lost).toEqual([])
    expect(venue.oracle.truth('btcusdt@depth@100ms').map(({ ids }) => ids.u)).toEqual([1, 2, 3, 4, 5])
  })

  it('duplicate: the same frame again', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@depth@100ms')
    venue.inject({ fault: 'duplicate', at: 0, times: 2 })
    await venue.advance(0)
    market.pushDiff(1)
    market.pushDiff(2)
    const ids = (await settled(socket)).map((frame) => JSON.parse(frame).u)
    expect(ids).toEqual([1, 1, 1, 2])
    expect(venue.oracle.compare('btcusdt@depth@100ms')).toMatchObject({ duplicated: 2, lost: [] })
    expect(venue.oracle.sent(1, 'btcusdt@depth@100ms').map(({ outcome }) => outcome)).toEqual([
      'delivered',
      'repeated',
      'repeated',
      'delivered',
    ])
  })

  it('reorder: across streams only, order within a stream kept', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@depth@100ms/btcusdt@trade')
    venue.inject({ fault: 'reorder', on: { stream: '*@depth*' }, at: 0 })
    await venue.advance(0)
    market.pushDiff(1)
    market.push('btcusdt@trade', '{"t":1}')
    market.pushDiff(2)
    expect(await settled(socket)).toEqual([
      '{"t":1}',
      expect.stringContaining('"u":1'),
      expect.stringContaining('"u":2'),
    ])
    venue.inject({ fault: 'reorder', on: { stream: '*@depth*' }, at: 0 })
    await venue.advance(0)
    market.pushDiff(3)
    market.pushDiff(4)
    expect((await settled(socket)).slice(3).map((frame) => JSON.parse(frame).u)).toEqual([3, 4])
  })

  it('framing: fragments, with control frames between them, are still one message', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    venue.inject({ fault: 'framing', variant: 'pings', run: 4, at: 0 })
    await venue.advance(0)
    market.push('btcusdt@trade', '{"text":"测试 whole"}')
    expect(await settled(socket)).toEqual(['{"text":"测试 whole"}'])
    expect(socket.pings).toHaveLength(3)
  })

  it('candleClose: missing, late, twice and later corrected', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@kline_1m')
    const bar = (minute: number, closed: boolean): void =>
      market.push('btcusdt@kline_1m', `{"e":"kline","k":{"t":${minute * 60_000},"o":"1.0","c":"2.0","x":${closed}}}`, {
        openTime: minute * 60_000,
        closed,
      })
    const shown = async (): Promise<string[]> =>
      (await settled(socket)).map((frame) => {
        const { k } = JSON.parse(frame) as { k: { t: number; c: string; x: boolean } }
        return `${k.t / 60_000} ${k.x ? 'closed' : 'open'} ${k.c}`
      })
    for (const [minute, variant] of (['missing', 'late', 'twice', 'corrected'] as const).entries()) {
      venue.inject({ fault: 'candleClose', variant, delay: '2s', at: 0 })
      await venue.advance(0)
      bar(minute, false)
      bar(minute, true)
      await venue.advance(2000)
    }
    expect(await shown()).toEqual([
      '0 open 2.0',
      '1 open 2.0',
      '1 closed 2.0',
      '2 open 2.0',
      '2 closed 2.0',
      '2 closed 2.0',
      '3 open 2.0',
      '3 closed 1.0',
      '3 closed 2.0',
    ])
    expect(
      venue.oracle
        .sent(1, 'btcusdt@kline_1m')
        .map(({ outcome }) => outcome)
        .filter((outcome) => outcome !== 'delivered'),
    ).toEqual(['dropped', 'delayed', 'repeated', 'altered'])
  })
})

describe('faults of control replies', () => {
  it.each([
    ['errorNested', '{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}'],
    ['errorFlat', '{"code":2,"msg":"Invalid request: invalid stream","id":1}'],
    ['errorNoId', '{"error":{"code":2,"msg":"Invalid request: invalid stream"}}'],
  ] as const)('control %s refuses once', async (variant, text) => {
    const { venue, market, socket } = await spotWith('')
    venue.inject({ fault: 'control', variant, count: 1 })
    socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 })
    expect(await socket.got(1)).toEqual([text])
    market.push('btcusdt@trade', '{}')
    expect(await socket.ask({ method: 'LIST_SUBSCRIPTIONS', id: 2 } as never)).toEqual({ result: [], id: 2 })
    expect(socket.frames).toHaveLength(2)
  })

  it('control lostAck and lateAck: the subscription works, its reply is missing or comes after data', async () => {
    const { venue, market, socket } = await spotWith('')
    venue.inject({ fault: 'control', variant: 'lostAck', count: 1 })
    socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 })
    await waitFor(() => market.isTapped('btcusdt@trade'))
    venue.inject({ fault: 'control', variant: 'lateAck', delay: '3s', count: 1 })
    socket.send({ method: 'SUBSCRIBE', params: ['ethusdt@trade'], id: 2 })
    await waitFor(() => market.isTapped('ethusdt@trade'))
    market.push('ethusdt@trade', '{"n":1}')
    await socket.got(1)
    await venue.advance(3000)
    expect(await socket.got(2)).toEqual(['{"n":1}', '{"result":null,"id":2}'])
  })
})

describe('faults of the handshake', () => {
  it('httpStatus: 503, 429 and 418 with Retry-After, as often as stated', async () => {
    for (const status of [503, 429, 418]) {
      const { venue } = await start()
      venue.inject({ fault: 'httpStatus', status, retryAfter: '2s', count: 2 })
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(await client(`${venue.wsUrl}/ws`).closedBy()).toMatchObject({ httpStatus: status, retryAfter: '2' })
      }
      await connect(`${venue.wsUrl}/ws`)
      expect(venue.oracle.faults('httpStatus')).toHaveLength(2)
    }
  })

  it('connectFail: an aborted upgrade, or a port that refuses for a while', async () => {
    const { venue } = await start()
    venue.inject({ fault: 'connectFail', count: 1 })
    expect((await client(`${venue.wsUrl}/ws`).closedBy()).error).toMatchObject({ code: 'ECONNRESET' })
    const survivor = await connect(`${venue.wsUrl}/ws`)
    venue.inject({ fault: 'connectFail', variant: 'refused', for: '5s' })
    await venue.advance(0)
    expect((await client(`${venue.wsUrl}/ws`).closedBy()).error).toMatchObject({ code: 'ECONNREFUSED' })
    await settled(survivor)
    await venue.advance(5000)
    await waitFor(async () => {
      const socket = client(`${venue.wsUrl}/ws`)
      await waitFor(() => socket.isOpen || socket.closed !== null)
      return socket.isOpen
    })
  })

  it('slowHandshake: the answer comes late', async () => {
    const { venue } = await start()
    venue.inject({ fault: 'slowHandshake', delay: '4s', count: 1 })
    const slow = client(`${venue.wsUrl}/ws`)
    await waitFor(() => venue.oracle.faults('slowHandshake').length === 1)
    await venue.advance(3999)
    expect(slow.isOpen).toBe(false)
    await venue.advance(1)
    await slow.opened()
  })
})

describe('faults of REST', () => {
  const book = (updateId: number): OracleBook => ({
    symbol: 'BTCUSDT',
    market: 'spot',
    updateId,
    bids: [['1.0', '1']],
    asks: [['2.0', '1']],
  })

  async function withDiffs(): Promise<VenueFixture & { depth(): Promise<{ lastUpdateId: number }> }> {
    const fixture = await start({ markets: ['spot'] })
    const socket = await connect(`${fixture.venue.wsUrl}/ws/btcusdt@depth@100ms`)
    for (let id = 80; id <= 130; id++) fixture.market.books.set(id, book(id))
    fixture.market.pushDiff(100, 109)
    fixture.market.pushDiff(110, 119)
    await socket.got(2)
    fixture.market.reply = { status: 200, body: '{"lastUpdateId":130,"bids":[],"asks":[]}', weight: 5 }
    return {
      ...fixture,
      depth: async () =>
        (await (await fetch(`${fixture.venue.restUrl}/api/v3/depth?symbol=BTCUSDT&limit=100`)).json()) as {
          lastUpdateId: number
        },
    }
  }

  it('httpStatus on a path refuses that path only, with Retry-After and the weight it cost', async () => {
    const { venue } = await start()
    venue.inject({ fault: 'httpStatus', status: 429, retryAfter: '5s', on: { rest: 'depth' }, count: 1 })
    expect((await fetch(`${venue.restUrl}/api/v3/ping`)).status).toBe(200)
    const refused = await fetch(`${venue.restUrl}/api/v3/depth?symbol=BTCUSDT`)
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-mbx-used-weight-1m')]).toEqual([
      429,
      '5',
      '2',
    ])
    expect(await refused.json()).toMatchObject({ code: -1003 })
    expect((await fetch(`${venue.restUrl}/api/v3/depth?symbol=BTCUSDT`)).status).toBe(200)
  })

  it('snapshotFail: no answer, a status, a cut body, bad JSON, a slow answer', async () => {
    const { venue, depth } = await withDiffs()
    venue.inject({ fault: 'snapshotFail', variant: 'timeout', delay: '10s', count: 1 })
    const hanging = depth().catch((error: Error) => error.message)
    await waitFor(() => venue.oracle.faults('snapshotFail').length === 1)
    await venue.advance(10_000)
    expect(await hanging).toBe('fetch failed')
    venue.inject({ fault: 'snapshotFail', variant: 'status', status: 502, count: 1 })
    expect((await fetch(`${venue.restUrl}/api/v3/depth?symbol=BTCUSDT`)).status).toBe(502)
    venue.inject({ fault: 'snapshotFail', variant: 'truncated', count: 1 })
    await expect(depth()).rejects.toThrow()
    venue.inject({ fault: 'snapshotFail', variant: 'badJson', count: 1 })
    await expect(depth()).rejects.toThrow(SyntaxError)
    venue.inject({ fault: 'snapshotFail', variant: 'slow', delay: '2s', count: 1 })
    const slow = depth()
    await waitFor(() => venue.oracle.faults('snapshotFail').length === 5)
    await venue.advance(2000)
    expect((await slow).lastUpdateId).toBe(130)
  })

  it('oldSnapshot and spliceVariant: true books whose id lies where it hurts', async () => {
    const { venue, depth } = await withDiffs()
    venue.inject({ fault: 'oldSnapshot', count: 1 })
    expect((await depth()).lastUpdateId).toBe(98)
    venue.inject({ fault: 'spliceVariant', variant: 'equal', count: 1 })
    expect((await depth()).lastUpdateId).toBe(119)
    venue.inject({ fault: 'spliceVariant', variant: 'overlap', count: 1 })
    expect((await depth()).lastUpdateId).toBe(114)
    venue.inject({ fault: 'spliceVariant', variant: 'ahead', count: 1 })
    expect(await depth()).toEqual({ lastUpdateId: 130, bids: [['1.0', '1']], asks: [['2.0', '1']] })
    expect(venue.oracle.faults().map(({ detail }) => detail['lastUpdateId'])).toEqual([98, 119, 114, 130])
  })
})

describe('faults of the venue itself', () => {
  it('clockSkew: its wall clock steps or drifts, and steps back', async () => {
    const { venue } = await start()
    const clock = venue.core.clock
    const before = clock.wallMs()
    venue.inject({ fault: 'clockSkew', offset: '-1500ms', for: '10s' })
    await venue.advance(1000)
    expect(clock.wallMs() - before).toBe(-500)
    await venue.advance(9000)
    expect(clock.wallMs() - before).toBe(10_000)
    venue.inject({ fault: 'clockSkew', variant: 'drift', ppm: 1000, for: '100s' })
    await venue.advance(100_000)
    expect(clock.wallMs() - before).toBeCloseTo(110_100, 6)
  })
})

describe('the timing of a plan', () => {
  it('starts after the first data frame and keeps every rule on its own random stream', async () => {
    const rule = { fault: 'dropDiff', probability: 0.3, per: 'frame' } as const
    const dropped = async (rules: readonly object[]): Promise<(number | undefined)[]> => {
      const { venue, market } = await start({
        markets: ['spot'],
        faults: { seed: 4, start: '1s', rules: rules as never },
      })
      const socket = await connect(`${venue.wsUrl}/ws/btcusdt@depth@100ms`)
      await venue.advance(5000)
      market.pushDiff(1)
      await venue.advance(999)
      market.pushDiff(2)
      await venue.advance(1)
      for (let id = 3; id <= 60; id++) market.pushDiff(id)
      await settled(socket)
      return venue.oracle
        .sent(1, 'btcusdt@depth@100ms')
        .filter(({ outcome }) => outcome === 'dropped')
        .map(({ ids }) => ids.u)
    }
    const alone = await dropped([rule])
    expect(alone.length).toBeGreaterThan(5)
    expect(alone[0]).toBeGreaterThan(2)
    expect(await dropped([{ fault: 'slowHandshake', probability: 0.5, per: 'request' }, rule])).toEqual(alone)
  })

  it('every with jitter fires about that often, count times at most', async () => {
    const { venue, market } = await start({
      markets: ['spot'],
      faults: { rules: [{ fault: 'pingFlood', times: 1, every: '10s', jitter: 0.2, count: 5 }] },
    })
    await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    market.push('btcusdt@trade', '{}')
    const startMs = venue.nowMs()
    await venue.advance(200_000)
    const times = venue.oracle.faults('pingFlood').map(({ timeMs }) => timeMs - startMs)
    expect(times).toHaveLength(5)
    times.forEach((time, index) => {
      const gap = time - (times[index - 1] ?? 0)
      expect(gap).toBeGreaterThanOrEqual(8000)
      expect(gap).toBeLessThanOrEqual(12_000)
    })
  })
})

describe('ending what was injected', () => {
  it('holds a fault without any timing until its handle ends it, and ends it once', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade/ethusdt@trade')
    const silence = venue.inject({ fault: 'silentStream', on: { symbol: 'BTCUSDT' } })
    const others = venue.inject({ fault: 'silentStream', on: { symbol: 'ETHUSDT' } })
    await venue.advance(15_000)
    market.push('btcusdt@trade', '{"b":1}')
    expect(await settled(socket)).toEqual([])
    silence.end()
    silence.end()
    market.push('btcusdt@trade', '{"b":2}')
    market.push('ethusdt@trade', '{"e":2}')
    expect(await settled(socket)).toEqual(['{"b":2}'])
    others.end()
    market.push('ethusdt@trade', '{"e":3}')
    expect(await settled(socket)).toEqual(['{"b":2}', '{"e":3}'])
    expect(venue.heal()).toBe(0)
  })

  it('ends a window before its time, and what comes after it', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade')
    const window = venue.inject({ fault: 'silentAll', every: '10s', for: '5s' })
    await venue.advance(11_000)
    market.push('btcusdt@trade', '{"n":1}')
    window.end()
    market.push('btcusdt@trade', '{"n":2}')
    await venue.advance(10_000)
    market.push('btcusdt@trade', '{"n":3}')
    expect(await settled(socket)).toEqual(['{"n":2}', '{"n":3}'])
    expect(venue.oracle.faults('silentAll')).toHaveLength(1)
  })

  it('strikes never when it is ended before its time, nor goes on with a run of frames', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@depth@100ms')
    venue.inject({ fault: 'reset', at: '5s' }).end()
    const run = venue.inject({ fault: 'dropDiff', run: 100, count: 1 })
    market.pushDiff(1)
    market.pushDiff(2)
    run.end()
    market.pushDiff(3)
    await venue.advance(5000)
    expect((await settled(socket)).length).toBe(1)
    expect(venue.oracle.sent(1, 'btcusdt@depth@100ms').map(({ outcome }) => outcome)).toEqual([
      'dropped',
      'dropped',
      'delivered',
    ])
  })

  it('releases what it held: sockets, slow links, muted streams, chances per frame', async () => {
    const { venue, market, socket } = await spotWith('btcusdt@trade/ethusdt@trade')
    const push = async (n: number): Promise<readonly string[]> => {
      market.push('btcusdt@trade', `{"n":${n}}`)
      return (await settled(socket)).slice(-1)
    }
    const held = venue.inject({ fault: 'halfOpen' })
    await venue.advance(0)
    market.push('btcusdt@trade', '{"lost":1}')
    held.end()
    expect(await push(1)).toEqual(['{"n":1}'])
    const slow = venue.inject({ fault: 'slowLink', bytesPerSecond: 1 })
    await venue.advance(0)
    slow.end()
    expect(await push(2)).toEqual(['{"n":2}'])
    const muted = venue.inject({ fault: 'silentStream', variant: 'reconnect', on: { symbol: 'BTCUSDT' } })
    await venue.advance(0)
    expect(await push(3)).toEqual(['{"n":2}'])
    muted.end()
    expect(await push(4)).toEqual(['{"n":4}'])
    const flood = venue.inject({ fault: 'pingFlood', times: 1, probability: 1, per: 'frame' })
    await push(5)
    flood.end()
    await push(6)
    expect(venue.oracle.faults('pingFlood')).toHaveLength(1)
  })

  it('puts the venue right: its clock, its port, its answers', async () => {
    const { venue } = await start({ markets: ['spot'] })
    const clock = venue.core.clock
    const before = clock.wallMs()
    const skew = venue.inject({ fault: 'clockSkew', offset: '3s' })
    const drift = venue.inject({ fault: 'clockSkew', variant: 'drift', ppm: 1000, for: '1h' })
    await venue.advance(100_000)
    expect(clock.wallMs() - before).toBeCloseTo(103_100, 6)
    skew.end()
    drift.end()
    await venue.advance(100_000)
    expect(clock.wallMs() - before).toBeCloseTo(200_100, 6)
    // The time it was given comes, and undoes nothing twice.
    await venue.advance(3_600_000)
    expect(clock.wallMs() - before).toBeCloseTo(3_800_100, 6)

    venue.inject({ fault: 'connectFail', variant: 'refused', for: '1h' })
    await venue.advance(0)
    expect((await client(`${venue.wsUrl}/ws`).closedBy()).error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(venue.heal()).toBe(1)
    await waitFor(
      async () => {
        const socket = client(`${venue.wsUrl}/ws`)
        await waitFor(() => socket.isOpen || socket.closed !== null)
        return socket.isOpen
      },
      { what: 'the port to be open again' },
    )

    const refusal = venue.inject({ fault: 'httpStatus', status: 503, on: { rest: '*' } })
    const ask = async (): Promise<number> => (await fetch(`${venue.restUrl}/api/v3/time`)).status
    expect([await ask(), await ask()]).toEqual([503, 503])
    refusal.end()
    expect(await ask()).toBe(200)
  })

  it('heal ends all that still holds, and leaves the rules of the plan and what is over', async () => {
    const { venue, market } = await start({
      markets: ['spot'],
      faults: { rules: [{ fault: 'silentStream', on: { symbol: 'ETHUSDT' } }] },
    })
    const socket = await connect(`${venue.wsUrl}/ws/btcusdt@trade/ethusdt@trade`)
    venue.stall({ symbol: 'BTCUSDT' }, 1000)
    venue.inject({ fault: 'pingFlood', times: 1 })
    await venue.advance(1000)
    expect(venue.heal()).toBe(0)
    venue.stall({ symbol: 'BTCUSDT' }, 60_000)
    venue.inject({ fault: 'duplicate', probability: 1, per: 'frame' })
    expect(venue.heal()).toBe(2)
    expect(venue.heal()).toBe(0)
    market.push('btcusdt@trade', '{"b":1}')
    market.push('ethusdt@trade', '{"e":1}')
    expect(await settled(socket)).toEqual(['{"b":1}'])
  })
})
