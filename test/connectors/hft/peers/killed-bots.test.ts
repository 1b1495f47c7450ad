import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeArgsFor } from '../../../../scripts/lib/native-peers.mjs'
import { describeWithPeers, FakeConnector, PeerProcess, withPrivateRoot } from '../../../support/fake-connector.js'

const CLIENT = join(import.meta.dirname, '../../../../bench/native/watch-client.ts')
const KILLS = 20
const RATE = 5_000

describeWithPeers('bots that are killed', () => {
  it('twenty in a row cost the connector nothing: it keeps its rate, nodes stay free, nothing is left', () =>
    withPrivateRoot(async (root) => {
      const connector = await FakeConnector.start(root)
      connector.market({ rate: RATE, batch: 20 })
      const modes = ['pump', 'poll']
      for (let kill = 0; kill < KILLS; kill++) {
        const bot = String(1_000 + kill)
        const args = [connector.name, '--bot', bot, '--mode', modes[kill % 2] ?? 'pump', ...root.args]
        const client = new PeerProcess(process.execPath, [...nodeArgsFor(CLIENT), ...args])
        // Each opens a node: twenty-one without a clean-up in between would be one too many.
        await client.report('ready')
        await connector.process.report((each) => each.event === 'registered' && each['bot'] === bot)
        expect(await client.kill()).toBe('SIGKILL')
      }
      const stats = await connector.stats()
      // A connector that waited for a dead bot would have stood still; a busy machine only makes it late.
      expect(stats['rate']).toBeGreaterThan(RATE * 0.8)
      await connector.close()
      const last = await FakeConnector.start(root, { name: 'other' })
      await last.close()
      expect(root.leftovers()).toEqual([])
    }))
})
