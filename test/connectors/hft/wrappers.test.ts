/** Both connectors of the package under the one contract: the stub, and a connector process in shared memory. */
import { expect, it } from 'vitest'
import { IceoryxConnector, StubbedConnector } from '../../../src/connectors/hft/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import { describeWithPeers, FakeConnector, LOT_SIZE, privateRoot, TICK_SIZE } from '../../support/fake-connector.js'
import { waitFor } from '../../support/wait-for.js'
import { describeWrapperContract } from './wrapper-contract.js'

describeWrapperContract('StubbedConnector', async () => {
  const clock = new VirtualClock()
  return {
    connector: new StubbedConnector({ clock }),
    symbol: 'BTCUSDT',
    step: () => clock.advance(50),
    dispose: async () => {},
  }
})

describeWithPeers('connector processes', () => {
  const start = async (): Promise<{
    connector: IceoryxConnector
    process: FakeConnector
    dispose(): Promise<void>
  }> => {
    const root = privateRoot()
    const process = await FakeConnector.start(root)
    process.market({ rate: 400, batch: 10 })
    const connector = new IceoryxConnector({
      connector: 'fake',
      kind: 'binancefutures',
      instruments: [{ symbol: 'btcusdt', tickSize: TICK_SIZE, lotSize: LOT_SIZE }],
      connection: { waitForConnectorMs: 10_000, node: { rootPath: root.rootPath, prefix: root.prefix } },
    })
    const dispose = async (): Promise<void> => {
      await process.close()
      root.remove()
    }
    return { connector, process, dispose }
  }

  describeWrapperContract('IceoryxConnector', async () => {
    const { connector, dispose } = await start()
    return { connector, symbol: 'BTCUSDT', step: () => {}, dispose }
  })

  it('[D01] tells that a killed process is gone, after the events that came before', async () => {
    const { connector, process, dispose } = await start()
    try {
      await connector.connect()
      await connector.subscribeTrades('BTCUSDT')
      await waitFor(async () => (await connector.nextEvent()) !== null, { what: 'a trade' })
      await process.process.kill('SIGKILL')
      const takeUntilLost = async (): Promise<false> => {
        await connector.nextEvent()
        return false
      }
      const gone = waitFor(takeUntilLost, { what: 'the loss' })
      await expect(gone).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
      expect(await connector.isConnected()).toBe(false)
      expect(connector.getHealthStatus().connected).toBe(false)
    } finally {
      await connector.disconnect()
      await dispose()
    }
  })
})
