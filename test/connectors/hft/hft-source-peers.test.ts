/** The HFT source over the real addon, fed by the stand-in connector in another process. */
import { expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { HftSource } from '../../../src/connectors/hft/index.js'
import { describeWithPeers, FakeConnector, LOT_SIZE, TICK_SIZE, withPrivateRoot } from '../../support/fake-connector.js'
import { waitFor } from '../../support/wait-for.js'

describeWithPeers('HftSource over shared memory', () => {
  it('brings trades and a LIVE book to the bus, announces a killed connector, and is LIVE again after its restart', async () => {
    await withPrivateRoot(async (root) => {
      let connector = await FakeConnector.start(root)
      const bus = new Bus()
      const states: string[] = []
      let trades = 0
      bus.subscribe('mkt.orderbook', ({ payload }) => {
        if (states.at(-1) !== payload.state) states.push(payload.state)
        if (payload.state === 'LIVE' && payload.isCrossed) states.push('CROSSED')
      })
      bus.subscribe('mkt.trades', () => {
        trades++
      })
      const source = new HftSource(
        {
          connector: 'fake',
          kind: 'binancefutures',
          instruments: [{ symbol: 'btcusdt', tickSize: TICK_SIZE, lotSize: LOT_SIZE }],
          waitForConnectorMs: 10_000,
          node: { rootPath: root.rootPath, prefix: root.prefix },
        },
        bus,
      )
      try {
        await source.start()
        connector.market({ rate: 500, batch: 10 })
        const isLive = (): boolean => source.getHealth().books[0]?.state === 'LIVE'
        await waitFor(() => isLive() && trades > 20, {
          what: () => JSON.stringify(source.getHealth()),
        })
        expect(states.at(-1)).toBe('LIVE')
        await connector.process.kill('SIGKILL')
        await waitFor(() => source.getHealth().connections[0]?.state === 'BACKOFF', {
          what: 'peerLost',
        })
        expect(states.at(-1)).toBe('RESYNCING')
        expect(source.gaps().map(({ kind }) => kind)).toContain('opened')
        connector = await FakeConnector.start(root)
        connector.market({ rate: 500, batch: 10 })
        await waitFor(isLive, { what: () => JSON.stringify(source.getHealth()) })
        expect(states).not.toContain('CROSSED')
        expect(source.gaps().filter(({ kind }) => kind === 'opened')).toEqual([])
      } finally {
        await source.stop()
        await connector.close()
      }
    })
  })
})
