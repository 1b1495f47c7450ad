import { expect, it } from 'vitest'
import { EventFlag, EventKind, RecordKind } from '../../../../src/connectors/hft/native/index.js'
import { connectTo, describeWithPeers, FakeConnector, withPrivateRoot } from '../../../support/fake-connector.js'
import { waitFor } from '../../../support/wait-for.js'
import { TestBot } from './bot.js'

const SYMBOL = 'btcusdt'
const BOT = 4_711n

for (const mode of ['pump', 'poll'] as const) {
  describeWithPeers(`messages between two processes, ${mode}`, () => {
    async function withBot(body: (bot: TestBot, connector: FakeConnector) => Promise<void>): Promise<void> {
      await withPrivateRoot(async (root) => {
        // Wider than all a test sends: a machine that leaves this process no time must not lose records here.
        const connector = await FakeConnector.start(root, { bufferSize: 65_536, maxBots: 2 })
        const bot = new TestBot(await connectTo(root, { connector: connector.name, mode, botId: BOT }))
        try {
          bot.register('BTCUSDT')
          await connector.process.report('registered')
          await body(bot, connector)
        } finally {
          await bot.connection.close()
          await connector.close()
        }
        expect(root.leftovers()).toEqual([])
      })
    }

    it('every kind of message arrives as it was sent', () =>
      withBot(async (bot, connector) => {
        const both = (EventFlag.LOCAL | EventFlag.EXCH | EventFlag.SELL) >>> 0
        for (const kind of [1, 2, 3, 4, 5, 10, 11, 12, 13]) {
          connector.send({
            type: 'feed',
            symbol: SYMBOL,
            ev: (both | kind) >>> 0,
            px: 64_000.5,
            qty: kind,
            orderId: '9',
          })
        }
        connector.send({ type: 'position', symbol: SYMBOL, qty: -1.5 })
        for (let status = 0; status < 9; status++) {
          connector.send({ type: 'order', symbol: SYMBOL, orderId: String(2n ** 64n - 1n), status, priceTick: -3 })
        }
        connector.send({ type: 'error', kind: 'ConnectionInterrupted', value: 'lost' })
        connector.send({ type: 'error', kind: 'CriticalConnectionError', value: [true, 1.5, null] })
        connector.send({ type: 'error', kind: 'OrderError', value: { code: -5022 } })
        connector.send({ type: 'error', kind: 'Custom', code: 7, value: null })
        await waitFor(() => bot.records.filter(({ kind }) => kind === RecordKind.ERROR).length === 4, {
          what: 'errors',
        })

        const feeds = bot.records.filter(({ kind }) => kind === RecordKind.FEED)
        expect(feeds.map(({ eventKind, qty }) => [eventKind, qty])).toEqual(
          [1, 2, 3, 4, 5, 10, 11, 12, 13].map((kind) => [kind, kind]),
        )
        expect(feeds.every(({ ev, px, orderId }) => ev >= 2 ** 31 && px === 64_000.5 && orderId === 9n)).toBe(true)
        const orders = bot.records.filter(({ kind }) => kind === RecordKind.ORDER)
        expect(orders.map(({ status }) => status)).toEqual([
          'None',
          'New',
          'Expired',
          'Filled',
          'Canceled',
          'PartiallyFilled',
          'Rejected',
          'Replaced',
          'Unsupported',
        ])
        expect(orders.every(({ orderId }) => orderId === 2n ** 64n - 1n)).toBe(true)
        expect(bot.records.find(({ kind }) => kind === RecordKind.POSITION)?.qty).toBe(-1.5)
        expect(bot.records.flatMap(({ error }) => (error === null ? [] : [[error.kind, error.value]]))).toEqual([
          ['ConnectionInterrupted', 'lost'],
          ['CriticalConnectionError', [true, 1.5, null]],
          ['OrderError', { code: -5022n }],
          ['Custom', null],
        ])
        expect(bot.connection.stats()).toMatchObject({ decodeErrors: 0, ringDropped: 0n, suspectedOverflow: 0 })
      }))

    it('drops what is meant for another bot, and counts it', () =>
      withBot(async (bot, connector) => {
        connector.send({ type: 'feed', symbol: SYMBOL, px: 1, qty: 1 }, BOT + 1n)
        connector.send({ type: 'feed', symbol: SYMBOL, px: 2, qty: 2 }, BOT)
        connector.send({ type: 'feed', symbol: SYMBOL, px: 3, qty: 3 })
        await bot.record(({ px }) => px === 3, 'the broadcast record')
        const feeds = bot.records.filter(({ kind }) => kind === RecordKind.FEED)
        expect(feeds.map(({ px, isAddressed }) => [px, isAddressed])).toEqual([
          [2, true],
          [3, false],
        ])
        expect(bot.connection.stats().foreign).toBe(1)
      }))

    it('counts bytes that are no message and goes on', () =>
      withBot(async (bot, connector) => {
        connector.raw('ff')
        connector.raw('00', 4_096)
        connector.send({ type: 'feed', symbol: SYMBOL, px: 5, qty: 5 })
        await bot.record(({ px }) => px === 5, 'the record behind the bad ones')
        await waitFor(() => bot.events.includes('decodeError'), { what: 'decodeError' })
        expect(bot.connection.stats().decodeErrors).toBe(2)
      }))

    it('requests and their replies: new, cancelled, and an id that was used before expires', () =>
      withBot(async (bot, connector) => {
        const order = { symbol: SYMBOL, side: 'BUY', price: 63_000, qty: 0.25, timeInForce: 'GTX' } as const
        const orderId = bot.connection.submit(order)
        await bot.record(({ status, orderId: id }) => status === 'New' && id === orderId, 'New')
        bot.connection.cancel(SYMBOL, orderId)
        await bot.record(({ status }) => status === 'Canceled', 'Canceled')
        bot.connection.submit({ ...order, side: 'SELL', orderId })
        await bot.record(({ status }) => status === 'Expired', 'Expired')
        await connector.orders('fill')
        bot.connection.submit({ ...order, side: 'SELL', qty: 2 })
        await bot.record(({ status }) => status === 'Filled', 'Filled')
        const position = await bot.record(({ kind }) => kind === RecordKind.POSITION, 'the position')
        expect(position.qty).toBe(-2)
        await connector.orders('reject')
        bot.connection.submit(order)
        const refused = await bot.record(({ error }) => error !== null, 'the error')
        expect(refused.error).toMatchObject({ kind: 'OrderError', value: { code: -5022n } })

        const sent = await waitFor(
          () => {
            const found = connector.process.reports.flatMap((each) =>
              each.event === 'request' && each['request'].type === 'order' ? [each['request'].order] : [],
            )
            return found.length === 5 && found
          },
          { what: 'five requests' },
        )
        expect(sent.map(({ req, side, priceTick, timeInForce }) => [req, side, priceTick, timeInForce])).toEqual([
          [1, 0, 630_000, 1],
          [4, 0, 630_000, 1],
          [1, 1, 630_000, 1],
          [1, 1, 630_000, 1],
          [1, 0, 630_000, 1],
        ])
        expect(sent[0].orderId).toBe(String(orderId))
      }))

    it('the first registration gets no snapshot, the second one the whole book, and both books are right', () =>
      withBot(async (bot, connector) => {
        expect(connector.process.reports.find(({ event }) => event === 'registered')).toMatchObject({
          bot: String(BOT),
          symbol: SYMBOL,
          first: true,
          levels: 0,
        })
        connector.market({ rate: 20_000, batch: 20, count: 4_000, bbo: 5 })
        await connector.process.report('stopped')
        await bot.sameBook(connector, SYMBOL)
        // Crossings were part of it: deletes that carry a side and no LOCAL.
        expect(bot.records.some(({ ev, qty }) => (ev & EventFlag.LOCAL) === 0 && qty === 0 && ev !== 0)).toBe(true)

        bot.connection.resync('BTCUSDT')
        const again = await connector.process.report((each) => each.event === 'registered' && each['first'] === false)
        await waitFor(
          () =>
            bot.records.filter(({ eventKind }) => eventKind === EventKind.DEPTH_SNAPSHOT).length === again['levels'],
          { what: 'the snapshot' },
        )
        expect(again['levels']).toBeGreaterThan(20)
        await bot.sameBook(connector, SYMBOL)
      }))

    it("an answer inside everybody's batch is a batch of its own, and the book stays right", () =>
      withBot(async (bot, connector) => {
        connector.market({ rate: 5_000, batch: 50 })
        await waitFor(() => bot.feeds > 500, { what: 'a market' })
        await connector.nest()
        bot.connection.resync(SYMBOL)
        await connector.process.report((each) => each.event === 'registered' && each['nested'] === true)
        await connector.stop()
        await bot.sameBook(connector, SYMBOL)
        // Somewhere an addressed batch lies between a broadcast start and its end.
        const marks = bot.records.filter(({ kind }) => kind === RecordKind.BATCH_START || kind === RecordKind.BATCH_END)
        const at = marks.findLastIndex(({ kind, isAddressed }) => isAddressed && kind === RecordKind.BATCH_START)
        const around = marks.slice(at - 1, at + 3).map(({ kind, isAddressed }) => [kind, isAddressed])
        expect(around).toEqual([
          [RecordKind.BATCH_START, false],
          [RecordKind.BATCH_START, true],
          [RecordKind.BATCH_END, true],
          [RecordKind.BATCH_END, false],
        ])
        expect(bot.connection.stats().batchImbalance).toBe(0)
      }))
  })
}
