/**
 * Both native bots over real shared memory, against the stand-in connector in a process of its own. Needs the addon
 * and the stand-in; skipped with the reason where they are absent.
 */
import { afterAll, expect, it } from 'vitest'
import {
  HashMapMarketDepthLiveBot,
  LiveClient,
  LiveInstrument,
  ROIVectorMarketDepthLiveBot,
  Side,
  using,
} from '../../../../src/connectors/hft/live/index.js'
import { EventFlag, EventKind } from '../../../../src/connectors/hft/native/types.js'
import { describeWithPeers, FakeConnector, privateRoot } from '../../../support/fake-connector.js'
import { describeBotContract } from './bot-contract.js'

const SEEN = EventFlag.LOCAL + EventFlag.EXCH

/** A batch for everybody with one bid and one ask. */
function sendBook(standIn: FakeConnector): void {
  const level = (side: number, px: number): object => {
    const [exchTs, localTs] = ['1700000000000000000', '1700000000000100000']
    return { type: 'feed', symbol: 'btcusdt', ev: SEEN + side + EventKind.DEPTH, px, qty: 1, exchTs, localTs }
  }
  standIn.send({ type: 'batchStart' })
  standIn.send(level(EventFlag.BUY, 64_000))
  standIn.send(level(EventFlag.SELL, 64_000.2))
  standIn.send({ type: 'batchEnd' })
}

const BOTS = [HashMapMarketDepthLiveBot, ROIVectorMarketDepthLiveBot]

describeWithPeers('native bots in shared memory', () => {
  const root = privateRoot()
  const node = { rootPath: root.rootPath, prefix: root.prefix }
  afterAll(() => root.remove())
  let runs = 0
  const instrumentOf = (connector: string): LiveInstrument =>
    new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 0.001, connector, roiLb: 63_000, roiUb: 65_000 })

  for (const Bot of BOTS) {
    describeBotContract(`${Bot.name} with the stand-in`, async () => {
      const connector = `contract${++runs}`
      const standIn = await FakeConnector.start(root, { name: connector })
      const bot = new Bot([instrumentOf(connector)], { waitForConnectorMs: 10_000, connection: { node } })
      await bot.open()
      return {
        bot,
        feed: () => sendBook(standIn),
        quiet: () => {},
        fills: () => standIn.process.send({ cmd: 'orders', mode: 'fill' }),
        dispose: async () => {
          await standIn.close()
        },
      }
    })
  }

  it('A02 A38 serves a client from end to end, and names a connector that is not there', async () => {
    const standIn = await FakeConnector.start(root, { name: 'client' })
    try {
      const client = new LiveClient(new HashMapMarketDepthLiveBot([instrumentOf('client')], { connection: { node } }))
      await using(client, async () => {
        sendBook(standIn)
        expect(await client.getBookUpdate(10_000)).toMatchObject({ bidPrice: 64_000, askPrice: 64_000.2 })
        const order = { side: Side.BUY, price: 63_999.9, qty: 0.002, wait: true } as const
        const { orderId, status } = await client.submitOrder(order)
        expect(status).toBe('submitted')
        expect(await client.cancelOrder(orderId, { wait: true })).toMatchObject({ status: 'cancelled', error: null })
      })
    } finally {
      await standIn.close()
    }
    const lonely = new HashMapMarketDepthLiveBot([instrumentOf('nobody')], {
      waitForConnectorMs: 50,
      connection: { node },
    })
    await expect(lonely.open()).rejects.toMatchObject({
      code: 'LIVE_CONNECTOR_ABSENT',
      message: expect.stringContaining('"nobody"'),
    })
    await lonely.close()
  })
})
