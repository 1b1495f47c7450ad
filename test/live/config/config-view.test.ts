/** What is known of a configuration of which some fields are wrong. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { viewOf } from '../../../src/live/config/config-view.js'
import { LiveFeedConfig, type LiveFeedConfigInput } from '../../../src/live/config/index.js'

describe('the view of a configuration', () => {
  it('keeps every field that is right by itself beside those that are wrong', () => {
    const view = viewOf({
      venue: 'BINANCE_SPOT',
      symbols: ['BTCUSDT', 'btc usdt', 7, 'ETHUSDT'],
      subscribeTrades: true,
      subscribeFunding: 'yes',
      connection: { pingIntervalMs: 20_000, pingTimeoutMs: -1, unknown: 1 },
      streams: [{ symbol: 'BTCUSDT', type: 'NONSENSE' }, 'text'],
    })
    expect(view.venue).toBe('BINANCE_SPOT')
    expect(view.symbols).toEqual([
      { symbol: 'BTCUSDT', index: 0 },
      { symbol: 'ETHUSDT', index: 3 },
    ])
    expect([view.flags.subscribeTrades, view.flags.subscribeFunding]).toEqual([true, false])
    expect([view.connection.pingIntervalMs, view.connection.pingTimeoutMs]).toEqual([20_000, undefined])
    expect([...view.connectionGiven]).toEqual(['pingIntervalMs', 'pingTimeoutMs', 'unknown'])
    expect(view.streams).toEqual([{ symbol: 'BTCUSDT', type: 'NONSENSE' }, {}])
  })

  it('fills in defaults of what is left out', () => {
    const view = viewOf({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'] })
    expect(view.connection.connectTimeoutMs).toBe(30_000)
    expect(view.health.stalenessThresholdMs).toBe(30_000)
    expect([view.defaultKlineInterval, view.orderbookDepth, view.hasStreams]).toEqual(['1m', 5, false])
  })

  it('agrees with the configuration where nothing is wrong', () => {
    const input: LiveFeedConfigInput = {
      venue: 'SIM_SPOT',
      symbols: ['BTCUSDT'],
      health: { stalenessThresholdMs: 7_000 },
    }
    const config = new LiveFeedConfig({ ...input, connection: { baseUrl: 'ws://127.0.0.1:1' } })
    expect(viewOf(input).health).toEqual(config.health)
    expect(viewOf(input).book).toEqual(config.book)
  })

  test.prop([fc.anything()])('never fails, whatever it is given', (input) => {
    const view = viewOf(input)
    expect(view.symbols.every(({ index }) => Number.isInteger(index))).toBe(true)
    expect(Object.values(view.flags).every((flag) => typeof flag === 'boolean')).toBe(true)
  })
})
