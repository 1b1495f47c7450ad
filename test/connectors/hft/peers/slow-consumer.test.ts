import { expect, it } from 'vitest'
import { connectTo, describeWithPeers, FakeConnector, withPrivateRoot } from '../../../support/fake-connector.js'
import { waitFor } from '../../../support/wait-for.js'
import { TestBot } from './bot.js'

const SYMBOL = 'btcusdt'
const RATE = 50_000
const STALL_MS = 2_000

/** What a garbage collection or a heavy handler does, only longer. */
function block(): void {
  const until = performance.now() + STALL_MS
  while (performance.now() < until);
}

async function caughtUp(bot: TestBot, sent: number): Promise<void> {
  await waitFor(() => bot.feeds + bot.missing >= sent, {
    what: () => `${sent} records, came ${bot.feeds}, known missing ${bot.missing}`,
  })
}

describeWithPeers('a consumer that is blocked for two seconds at 50 000 messages per second', () => {
  it('polling suspects the loss, and a resync makes the book right', () =>
    withPrivateRoot(async (root) => {
      const connector = await FakeConnector.start(root, { bufferSize: 2_048, numbered: true })
      const bot = new TestBot(await connectTo(root, { connector: connector.name, mode: 'poll' }), { keep: false })
      bot.register(SYMBOL)
      await connector.process.report('registered')
      connector.market({ rate: RATE, batch: 0 })
      await waitFor(() => bot.feeds > 1_000, { what: 'a market' })
      block()
      await waitFor(() => bot.overflows.some(({ reason }) => reason === 'buffer'), { what: 'overflow' })
      expect(bot.connection.stats().suspectedOverflow).toBeGreaterThan(0)
      const { feeds } = await connector.stop()
      await caughtUp(bot, feeds)
      // The stall was most of the run; how much a stand-in gets done in it is the machine's business.
      expect(bot.missing).toBeGreaterThan(feeds / 4)
      bot.connection.resync(SYMBOL)
      await connector.process.report((each) => each.event === 'registered' && each['first'] === false)
      await bot.sameBook(connector, SYMBOL)
      await bot.connection.close()
      await connector.close()
    }))

  it('pumping counts the loss to the record, and a resync makes the book right', () =>
    withPrivateRoot(async (root) => {
      // The service's buffer is wide, so that the ring is the only place where records can be lost.
      const connector = await FakeConnector.start(root, { bufferSize: 65_536, maxBots: 2, numbered: true })
      const options = { connector: connector.name, mode: 'pump', ringRecords: 1_024 } as const
      const bot = new TestBot(await connectTo(root, options), { keep: false })
      bot.register(SYMBOL)
      await connector.process.report('registered')
      connector.market({ rate: RATE, batch: 0 })
      await waitFor(() => bot.feeds > 1_000, { what: 'a market' })
      block()
      const { feeds } = await connector.stop()
      // The very last records may be among the lost: a registration's answer ends the counting.
      bot.connection.resync(SYMBOL)
      await connector.process.report((each) => each.event === 'registered' && each['first'] === false)
      await bot.sameBook(connector, SYMBOL)
      const stats = bot.connection.stats()
      expect(stats.suspectedOverflow).toBe(0)
      expect(stats.ringDropped).toBeGreaterThan(BigInt(Math.floor(feeds / 4)))
      // What was sent to everyone is what came plus what was dropped, without one left over. (The first market batch
      // and the registrations bring marks of their own, which nobody dropped: the ring was empty then.)
      expect(BigInt(feeds)).toBe(BigInt(bot.feeds) + stats.ringDropped)
      expect(bot.overflows.some(({ reason, dropped }) => reason === 'ring' && dropped > 0n)).toBe(true)
      expect(bot.overflows.reduce((sum, { dropped }) => sum + dropped, 0n)).toBe(stats.ringDropped)
      await bot.connection.close()
      await connector.close()
    }))
})
