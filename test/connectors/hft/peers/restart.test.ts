import { expect, it } from 'vitest'
import { connectTo, describeWithPeers, FakeConnector, withPrivateRoot } from '../../../support/fake-connector.js'
import { waitFor } from '../../../support/wait-for.js'
import { TestBot } from './bot.js'

const SYMBOL = 'btcusdt'

for (const mode of ['pump', 'poll'] as const) {
  describeWithPeers(`a connector that dies, ${mode}`, () => {
    it('is announced when it is killed inside a batch, found again under its name, and its book is right', () =>
      withPrivateRoot(async (root) => {
        const first = await FakeConnector.start(root)
        const bot = new TestBot(await connectTo(root, { connector: first.name, mode }), { keep: false })
        bot.register(SYMBOL)
        await first.process.report('registered')
        first.market({ rate: 2_000, batch: 20 })
        await waitFor(() => bot.feeds > 200, { what: 'a market' })
        first.process.send({ cmd: 'die', after: 30 })
        expect(await first.process.exited).toBe('SIGKILL')
        await waitFor(() => bot.events.includes('peerLost'), { what: 'peerLost' })

        // Another market than before: a book kept from the old one would differ.
        const second = await FakeConnector.start(root, { seed: 7 })
        await waitFor(() => bot.events.includes('peerChanged'), { what: 'peerChanged' })
        await second.process.report('registered')
        // The batch that never ended is a loss, and it is said.
        expect(bot.connection.stats().batchImbalance + bot.overflows.length).toBeGreaterThan(0)
        second.market({ rate: 5_000, batch: 20, count: 2_000 })
        await second.process.report('stopped')
        bot.connection.resync(SYMBOL)
        await second.process.report((each) => each.event === 'registered' && each['first'] === false)
        await bot.sameBook(second, SYMBOL)

        await bot.connection.close()
        await second.close()
        // Whoever comes next removes what the killed one could not.
        const third = await FakeConnector.start(root, { name: 'other' })
        await third.close()
        expect(root.leftovers()).toEqual([])
      }))
  })
}
