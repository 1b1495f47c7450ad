/** A connection against a connector's services made in the same process, in both modes. */
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import {
  HftConnection,
  type HftConnectionEvents,
  type HftConnectionOptions,
  IpcNode,
  RecordKind,
} from '../../../../src/connectors/hft/native/index.js'
import { describeNative, privateNode } from '../../../support/native.js'
import { waitFor } from '../../../support/wait-for.js'
import { ConnectorDouble, depth } from './double.js'

const withCode = (code: string): unknown => expect.objectContaining({ name: 'IpcError', code })
const BOT = 77n

for (const mode of ['pump', 'poll'] as const) {
  describeNative(`a connection, mode ${mode}`, () => {
    const where = privateNode()
    const open: { close(): unknown }[] = []
    afterEach(async () => {
      for (const part of open.splice(0).reverse()) await part.close()
    })
    const connector = (options: { bufferSize?: number; maxBots?: number } = {}): ConnectorDouble => {
      const node = IpcNode.create(where)
      open.push(node)
      return new ConnectorDouble(node, 'c', options)
    }
    const connect = async (options: Partial<HftConnectionOptions> = {}): Promise<HftConnection> => {
      const defaults = { connector: 'c', kind: 'binancefutures', mode, botId: BOT, node: where } as const
      const connection = await HftConnection.open({ ...defaults, ...options })
      open.push(connection)
      return connection
    }
    /** `kind:symbol:px:addressed` of each record as it comes. */
    const listen = (connection: HftConnection): string[] => {
      const seen: string[] = []
      connection.onRecords = (first, count) => {
        const { ring } = connection
        for (let i = first; i < first + count; i++) {
          seen.push(`${ring.kind(i)}:${ring.symbol(i)}:${ring.px(i)}:${ring.isAddressed(i)}`)
        }
      }
      return seen
    }
    const heard = <E extends keyof HftConnectionEvents>(
      connection: HftConnection,
      event: E,
    ): HftConnectionEvents[E][] => {
      const payloads: HftConnectionEvents[E][] = []
      connection.on(event, (payload) => payloads.push(payload))
      return payloads
    }

    it('delivers what is for everyone and for itself, in order, and counts what is for others', async () => {
      const double = connector()
      const connection = await connect()
      const seen = listen(connection)
      double.send({ type: 'batchStart' })
      double.send(depth('btcusdt', 1.5))
      double.send(depth('btcusdt', 2.5), BOT)
      double.send(depth('btcusdt', 3.5), BOT + 1n)
      double.send({ type: 'position', symbol: 'ethusdt', qty: -2, exchTs: 5n })
      double.send({ type: 'batchEnd' })
      await waitFor(() => seen.length === 5)
      expect(seen).toEqual([
        '0::0:false',
        '2:btcusdt:1.5:false',
        '2:btcusdt:2.5:true',
        '4:ethusdt:0:false',
        '1::0:false',
      ])
      expect(connection.symbols()).toEqual(['btcusdt', 'ethusdt'])
      expect(connection.stats()).toMatchObject({
        received: 6,
        delivered: 5,
        foreign: 1,
        decodeErrors: 0,
        ringDropped: 0n,
      })
    })

    it('reads every field of an order and hands out an error once', async () => {
      const double = connector()
      const connection = await connect()
      const found: unknown[] = []
      connection.onRecords = (first, count) => {
        const r = connection.ring
        for (let i = first; i < first + count; i++) {
          if (r.kind(i) === RecordKind.ERROR) found.push(r.takeError(i), r.takeError(i))
          else {
            found.push([r.orderId(i), r.exchTs(i), r.localTs(i), r.qty(i), r.leavesQty(i), r.execQty(i)])
            found.push([r.execPriceTick(i), r.priceTick(i), r.tickSize(i), r.side(i), r.status(i), r.req(i)])
            found.push([r.timeInForce(i), r.orderType(i), r.maker(i), r.recvSeq(i)])
            expect(Math.abs(r.recvTimeMs(i) - Number(r.recvTs(i)) / 1e6)).toBeLessThan(0.001)
          }
        }
      }
      double.send({
        type: 'order',
        symbol: 'btcusdt',
        order: {
          qty: 4,
          leavesQty: 3,
          execQty: 1,
          execPriceTick: 11n,
          priceTick: -12n,
          tickSize: 0.5,
          exchTimestamp: 21n,
          localTimestamp: 22n,
          orderId: 2n ** 64n - 1n,
          maker: true,
          orderType: 'Market',
          req: 'Canceled',
          status: 'Unsupported',
          side: 'Sell',
          timeInForce: 'IOC',
        },
      })
      double.send({ type: 'error', error: { kind: 'OrderError', value: { code: -5022n, list: [true, 1.5, null] } } })
      await waitFor(() => found.length === 5)
      expect(found).toEqual([
        [2n ** 64n - 1n, 21n, 22n, 4, 3, 1],
        [11n, -12n, 0.5, 'Sell', 'Unsupported', 'Canceled'],
        ['IOC', 'Market', true, 1n],
        { kind: 'OrderError', value: { code: -5022n, list: [true, 1.5, null] } },
        null,
      ])
    })

    it('drops and counts samples that are no message, and says so', async () => {
      const double = connector()
      const connection = await connect()
      const seen = listen(connection)
      const errors = heard(connection, 'decodeError')
      double.sendBytes(Uint8Array.of(9))
      double.sendBytes(Uint8Array.of(0), 0n, 5_000)
      double.send(depth('btcusdt', 1))
      await waitFor(() => seen.length === 1)
      expect(connection.stats().decodeErrors).toBe(2)
      expect(errors.at(-1)).toMatchObject({ total: 2, message: expect.any(String) })
    })

    it('registers in the spelling of its kind, once, and again for a resync', async () => {
      const double = connector()
      const connection = await connect()
      connection.register('BTCUSDT', 0.1, 0.001)
      connection.register('btcusdt', 0.1, 0.001)
      const request = { type: 'registerInstrument', symbol: 'btcusdt', tickSize: 0.1, lotSize: 0.001 }
      expect(double.requests()).toEqual([{ bot: BOT, request }])
      connection.resync('btcusdt')
      expect(double.requests()).toEqual([{ bot: BOT, request }])
      expect(() => connection.resync('ethusdt')).toThrow(withCode('IPC_INVALID_ARGUMENT'))
      expect(() => connection.register('btc/usdt', 0.1, 0.1)).toThrow(withCode('IPC_INVALID_ARGUMENT'))
      expect(() => connection.register('btcusdt', 0, 0.1)).toThrow(withCode('IPC_INVALID_ARGUMENT'))
    })

    it('sends orders and cancels as the connector expects them', async () => {
      const double = connector()
      const connection = await connect()
      connection.register('btcusdt', 0.1, 0.001)
      double.requests()
      const order = { symbol: 'BTCUSDT', side: 'SELL', price: 64000.5, qty: 0.25, timeInForce: 'GTX' } as const
      const id = connection.submit(order)
      connection.cancel('btcusdt', id)
      const [submitted, cancelled] = double.requests().map(({ request }) => request)
      const common = { priceTick: 640_005n, qty: 0.25, leavesQty: 0.25, execQty: 0, exchTimestamp: 0n, orderId: id }
      expect(submitted).toMatchObject({
        type: 'order',
        symbol: 'btcusdt',
        order: {
          ...common,
          req: 'New',
          status: 'New',
          side: 'Sell',
          timeInForce: 'GTX',
          orderType: 'Limit',
          maker: false,
        },
      })
      expect(cancelled).toMatchObject({ type: 'order', order: { ...common, req: 'Canceled' } })
      expect(connection.submit({ ...order, orderId: 5n })).toBe(5n)
      expect(() => connection.cancel('btcusdt', 6n)).toThrow(withCode('IPC_INVALID_ARGUMENT'))
      expect(() => connection.submit({ ...order, symbol: 'ethusdt' })).toThrow(withCode('IPC_INVALID_ARGUMENT'))
      expect(() => connection.submit({ ...order, qty: Number.NaN })).toThrow(withCode('IPC_INVALID_ARGUMENT'))
    })

    it('sends any order field by field, and cancels it with the same terms', async () => {
      const double = connector()
      const connection = await connect()
      const symbols = ['btcusdt', 'ethusdt', '1000pepe-usdt_260327', 'x'.repeat(64)]
      for (const symbol of symbols) connection.register(symbol, 0.1, 0.001)
      double.requests()
      const order = fc.record({
        symbol: fc.constantFrom(...symbols, ...symbols.map((symbol) => symbol.toUpperCase())),
        side: fc.constantFrom('BUY', 'SELL'),
        price: fc.integer({ min: 0, max: 2 ** 45 }).map((ticks) => ticks / 10),
        qty: fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
        timeInForce: fc.constantFrom('GTC', 'GTX', 'FOK', 'IOC'),
        type: fc.constantFrom('LIMIT', 'MARKET'),
        orderId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      })
      fc.assert(
        fc.property(order, (asked) => {
          const before = BigInt(Date.now() - 1) * 1_000_000n
          connection.submit(asked)
          connection.cancel(asked.symbol, asked.orderId)
          const requests = double.requests().map(({ request }) => request)
          const expected = {
            qty: asked.qty,
            leavesQty: asked.qty,
            execQty: 0,
            execPriceTick: 0n,
            priceTick: BigInt(Math.round(asked.price / 0.1)),
            tickSize: 0.1,
            exchTimestamp: 0n,
            localTimestamp: expect.any(BigInt) as bigint,
            orderId: asked.orderId,
            maker: false,
            orderType: asked.type === 'LIMIT' ? 'Limit' : 'Market',
            status: 'New',
            side: asked.side === 'BUY' ? 'Buy' : 'Sell',
            timeInForce: asked.timeInForce,
          }
          const symbol = asked.symbol.toLowerCase()
          expect(requests).toEqual([
            { type: 'order', symbol, order: { ...expected, req: 'New' } },
            { type: 'order', symbol, order: { ...expected, req: 'Canceled' } },
          ])
          for (const request of requests) {
            const sent = request.type === 'order' ? request.order.localTimestamp : 0n
            expect(sent >= before && sent <= BigInt(Date.now() + 1) * 1_000_000n).toBe(true)
          }
        }),
        { numRuns: 100 },
      )
    })

    it('refuses an order that no connector understands, and sends nothing', async () => {
      const double = connector()
      const connection = await connect()
      connection.register('btcusdt', 0.1, 0.001)
      double.requests()
      const order = { symbol: 'btcusdt', side: 'BUY', price: 1, qty: 1, timeInForce: 'GTC' } as const
      const wrong: [Record<string, unknown>, string][] = [
        [{ side: 'buy' }, 'side "buy": must be BUY or SELL'],
        [{ side: undefined }, 'side "undefined": must be BUY or SELL'],
        [{ type: 'STOP' }, 'type "STOP": must be LIMIT or MARKET'],
        [{ timeInForce: 'GTD' }, 'timeInForce "GTD": must be GTC, GTX, FOK, IOC'],
        [{ timeInForce: 'constructor' }, 'timeInForce "constructor": must be GTC, GTX, FOK, IOC'],
        [{ qty: '1' }, 'price 1, qty 1: must be numbers'],
        [{ orderId: 5 }, 'orderId 5: must be a bigint'],
        [{ qty: 0 }, 'qty 0: must be positive'],
        [{ qty: Number.POSITIVE_INFINITY }, 'qty Infinity: must be positive'],
        [{ price: -1 }, 'price -1: must not be negative'],
        [{ price: Number.NaN }, 'price NaN: must not be negative'],
        [{ price: 1e300 }, 'price 1e+300: too many ticks of 0.1'],
        [{ orderId: -1n }, 'orderId -1: must be 0 to 2^64 - 1'],
        [{ orderId: 2n ** 64n }, `orderId ${2n ** 64n}: must be 0 to 2^64 - 1`],
      ]
      for (const [fault, message] of wrong) {
        expect(() => connection.submit({ ...order, ...fault } as typeof order)).toThrow(
          expect.objectContaining({ code: 'IPC_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
        )
      }
      expect(() => connection.cancel('btcusdt', 5 as unknown as bigint)).toThrow(withCode('IPC_INVALID_ARGUMENT'))
      expect(double.requests()).toEqual([])
    })

    it('notices another publisher and repeats its registrations by itself', async () => {
      const first = connector()
      const connection = await connect()
      const changed = heard(connection, 'peerChanged')
      const lost = heard(connection, 'peerLost')
      const seen = listen(connection)
      connection.register('btcusdt', 0.1, 0.001)
      const { publisherTag } = connection.stats()
      first.close()
      await waitFor(() => lost.length === 1)
      expect(lost).toEqual([{ publisherTag }])
      const second = connector()
      await waitFor(() => changed.length === 1)
      expect(changed[0]).toMatchObject({ previous: publisherTag })
      expect(changed[0]?.publisherTag).not.toBe(publisherTag)
      const [again] = await waitFor(() => {
        const requests = second.requests()
        return requests.length > 0 && requests
      })
      expect(again?.request).toMatchObject({ type: 'registerInstrument', symbol: 'btcusdt' })
      second.send(depth('btcusdt', 7))
      await waitFor(() => seen.length === 1)
      expect(changed).toHaveLength(1)
    })

    it('says that records may be missing when a batch ends that never began', async () => {
      const double = connector()
      const connection = await connect()
      const overflow = heard(connection, 'overflow')
      listen(connection)
      double.send({ type: 'batchStart' })
      double.send({ type: 'batchStart' }, BOT)
      double.send({ type: 'batchEnd' }, BOT)
      double.send({ type: 'batchEnd' })
      double.send({ type: 'batchEnd' }, BOT)
      await waitFor(() => overflow.length === 1)
      expect(overflow).toEqual([{ reason: 'batch', dropped: 0n }])
      expect(connection.stats().batchImbalance).toBe(1)
    })

    it('says that records may be missing when a whole buffer came at once', async () => {
      const double = connector({ bufferSize: 16 })
      const connection = await connect()
      const overflow = heard(connection, 'overflow')
      const seen = listen(connection)
      // In pump mode the thread may keep up, so this goes on until it does not.
      await waitFor(() => {
        for (let count = 0; count < 200; count++) double.send(depth('btcusdt', count))
        return overflow.some(({ reason }) => reason === 'buffer')
      })
      expect(connection.stats().suspectedOverflow).toBeGreaterThan(0)
      expect(seen.length).toBeGreaterThan(0)
    })

    it('hands out waiting records on request, without a listener', async () => {
      const double = connector()
      const connection = await connect()
      for (let px = 0; px < 3000; px++) double.send(depth('btcusdt', px))
      const seen: number[] = []
      const take = (): number => connection.drain((records, i) => seen.push(records.px(i)), 2000)
      await waitFor(() => {
        take()
        return seen.length === 3000
      })
      expect(seen).toEqual(Array.from({ length: 3000 }, (_, px) => px))
      expect(take()).toBe(0)
    })

    it('keeps the records that come while nobody listens for the one who does', async () => {
      const double = connector()
      const connection = await connect()
      double.send(depth('btcusdt', 1))
      const seen = listen(connection)
      await waitFor(() => seen.length === 1)
      connection.onRecords = null
      double.send(depth('btcusdt', 2))
      const later = listen(connection)
      await waitFor(() => later.length === 1)
      expect(later).toEqual(['2:btcusdt:2:false'])
    })

    it('closes within 100 ms, whether records come or not', async () => {
      const double = connector()
      const times: number[] = []
      for (let round = 0; round < 6; round++) {
        const connection = await connect()
        const seen = listen(connection)
        if (round % 2 === 0) {
          double.send(depth('btcusdt', round))
          await waitFor(() => seen.length > 0)
        }
        const start = performance.now()
        await connection.close()
        times.push(performance.now() - start)
      }
      // A busy machine may take its time with any of them; a close that waits for something waits every time.
      expect(Math.min(...times), times.join(' ')).toBeLessThan(100)
    })

    it('can be closed while it delivers, and twice', async () => {
      const double = connector()
      const connection = await connect()
      const closed = heard(connection, 'closed')
      let calls = 0
      connection.onRecords = () => {
        calls += 1
        void connection.close()
      }
      double.send(depth('btcusdt', 1))
      await waitFor(() => closed.length === 1)
      double.send(depth('btcusdt', 2))
      await connection.close()
      expect(calls).toBe(1)
      expect(closed).toEqual([{}])
      expect(connection.isClosed).toBe(true)
      expect(() => connection.register('btcusdt', 1, 1)).toThrow(withCode('IPC_CLOSED'))
      expect(() => connection.drain(() => {})).toThrow(withCode('IPC_CLOSED'))
    })

    it('waits for a connector that is not up yet, and no longer than asked', async () => {
      await expect(connect({ connector: 'absent' })).rejects.toThrow(withCode('IPC_SERVICE_NOT_FOUND'))
      await expect(connect({ connector: 'absent', waitForConnectorMs: 60 })).rejects.toThrow(
        withCode('IPC_SERVICE_NOT_FOUND'),
      )
      const waiting = connect({ waitForConnectorMs: 20_000 })
      connector()
      expect((await waiting).isClosed).toBe(false)
    })

    it('refuses options that cannot be', async () => {
      for (const options of [
        { botId: 0n },
        { botId: 2n ** 64n },
        { ringRecords: 100 },
        { ringRecords: 2 },
        { hotMicros: -1 },
        { connector: '' },
        { mode: 'other' as 'pump' },
      ]) {
        await expect(connect(options), JSON.stringify(Object.keys(options))).rejects.toThrow(
          withCode('IPC_INVALID_ARGUMENT'),
        )
      }
    })
  })
}

describeNative('a pumped connection', () => {
  const where = privateNode()

  it('counts exactly what its ring refused while JavaScript was busy, and says so before the next record', async () => {
    const node = IpcNode.create(where)
    const double = new ConnectorDouble(node, 'c', { bufferSize: 20_000 })
    const connection = await HftConnection.open({
      connector: 'c',
      kind: 'binancefutures',
      ringRecords: 64,
      node: where,
    })
    const dropped: bigint[] = []
    const seen: number[] = []
    let announcedAt = -1
    connection.on('overflow', (overflow) => {
      if (overflow.reason !== 'ring') return
      dropped.push(overflow.dropped)
      announcedAt = seen.length
    })
    connection.onRecords = (first, count) => {
      for (let i = first; i < first + count; i++) seen.push(connection.ring.px(i))
    }
    // No turn of the event loop in here: the reader stands still until all of it has been pumped.
    const total = 10_000
    for (let px = 0; px < total; px++) double.send(depth('btcusdt', px))
    while (connection.stats().received < total);
    await waitFor(() => seen.length === 64)
    expect(connection.stats().ringDropped).toBe(BigInt(total - 64))
    expect(connection.stats()).toMatchObject({ received: total, suspectedOverflow: 0 })
    double.send(depth('btcusdt', -1))
    await waitFor(() => seen.length === 65)
    expect(seen).toEqual([...Array.from({ length: 64 }, (_, px) => px), -1])
    expect(dropped).toEqual([BigInt(total - 64)])
    expect(announcedAt).toBe(64)
    await connection.close()
    node.close()
  })
})
