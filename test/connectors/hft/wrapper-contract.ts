/** What every `ConnectorWrapper` must do, as tests that each of them runs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type ConnectorEvent,
  ConnectorWrapper,
  parseDepthEvent,
  parseTradeEvent,
} from '../../../src/connectors/hft/index.js'
import { waitFor } from '../../support/wait-for.js'

export interface WrapperUnderTest {
  readonly connector: ConnectorWrapper
  /** A symbol it has data of. */
  readonly symbol: string
  /** Lets the world go on a little, where it does not by itself. */
  step(): void | Promise<void>
  dispose(): Promise<void>
}

export function describeWrapperContract(name: string, make: () => Promise<WrapperUnderTest>): void {
  describe(`[D01] the wrapper contract: ${name}`, () => {
    let test: WrapperUnderTest
    beforeEach(async () => {
      test = await make()
    })
    afterEach(async () => {
      await test.connector.disconnect()
      await test.dispose()
    })

    /** Takes events until one is wanted, and returns it. */
    async function event(wanted: (event: ConnectorEvent) => boolean): Promise<ConnectorEvent> {
      const { connector } = test
      let found: ConnectorEvent | undefined
      await waitFor(
        async () => {
          await test.step()
          for (let next = await connector.nextEvent(); next !== null; next = await connector.nextEvent()) {
            if (!wanted(next)) continue
            found = next
            return true
          }
          return false
        },
        { what: 'an event of the wanted kind' },
      )
      return found as ConnectorEvent
    }

    it('is a wrapper, and is not connected before connect', async () => {
      const { connector, symbol } = test
      expect(connector).toBeInstanceOf(ConnectorWrapper)
      expect(await connector.isConnected()).toBe(false)
      expect(connector.getHealthStatus()).toEqual({
        connected: false,
        subscribedTrades: false,
        subscribedDepth: false,
        eventCounter: 0,
      })
      await expect(connector.nextEvent()).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
      await expect(connector.subscribeTrades(symbol)).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
      await expect(connector.subscribeDepth(symbol)).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
    })

    it('says nothing before a subscription, then what was subscribed and nothing else', async () => {
      const { connector, symbol } = test
      await connector.connect()
      expect(await connector.isConnected()).toBe(true)
      expect(await connector.nextEvent()).toBeNull()
      await connector.subscribeTrades(symbol)
      expect(connector.getHealthStatus()).toMatchObject({ subscribedTrades: true, subscribedDepth: false })
      const others: ConnectorEvent[] = []
      for (let count = 0; count < 5; count++) {
        const next = await event((each) => {
          if (each['type'] !== 'trade') others.push(each)
          return each['type'] === 'trade'
        })
        expect(parseTradeEvent(next, symbol)).toHaveProperty('value.symbol', symbol)
      }
      expect(others).toEqual([])
    })

    it('brings events that the parser takes, with trade ids and book ids that rise', async () => {
      const { connector, symbol } = test
      await connector.connect()
      await connector.subscribeTrades(symbol)
      await connector.subscribeDepth(symbol)
      const tradeIds: number[] = []
      const bookIds: number[] = []
      while (tradeIds.length < 3 || bookIds.length < 3) {
        const next = await event(() => true)
        const isTrade = next['type'] === 'trade'
        const parsed = isTrade ? parseTradeEvent(next, symbol) : parseDepthEvent(next, symbol)
        if (!('value' in parsed)) throw new Error(`${parsed.problem}: ${JSON.stringify(next)}`)
        if ('id' in parsed.value) tradeIds.push(parsed.value.id)
        else bookIds.push(parsed.value.lastUpdateId)
      }
      for (const ids of [tradeIds, bookIds]) expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
    })

    it('counts the events it handed over', async () => {
      const { connector, symbol } = test
      await connector.connect()
      await connector.subscribeTrades(symbol)
      for (let count = 1; count <= 3; count++) {
        await event(() => true)
        expect(connector.getHealthStatus().eventCounter).toBe(count)
      }
    })

    it('disconnects, twice if asked, and connects again without its subscriptions', async () => {
      const { connector, symbol } = test
      await connector.connect()
      await connector.subscribeTrades(symbol)
      await event(() => true)
      await connector.disconnect()
      await connector.disconnect()
      expect(await connector.isConnected()).toBe(false)
      expect(connector.getHealthStatus()).toMatchObject({ connected: false, subscribedTrades: false })
      await expect(connector.nextEvent()).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONNECTED' })
      await connector.connect()
      expect(connector.getHealthStatus()).toMatchObject({ connected: true, subscribedTrades: false })
      await connector.subscribeTrades(symbol)
      expect(await event(() => true)).toMatchObject({ type: 'trade' })
    })
  })
}
