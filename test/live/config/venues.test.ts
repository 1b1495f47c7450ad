import { describe, expect, it } from 'vitest'
import { VENUE_NAMES, venueInfo } from '../../../src/live/config/index.js'
import { StreamType, Venue } from '../../../src/types/index.js'
import { isDeeplyFrozen } from './support.js'

describe('the venue table', () => {
  it('has a frozen row for every venue name', () => {
    expect(VENUE_NAMES).toEqual(Object.keys(Venue))
    for (const venue of VENUE_NAMES) {
      expect(venueInfo(venue).venue).toBe(venue)
      expect(isDeeplyFrozen(venueInfo(venue))).toBe(true)
    }
  })

  it.each([
    ['BINANCE_SPOT', 'wss://stream.binance.com:9443', 'https://api.binance.com'],
    ['BINANCE_FUTURES', 'wss://fstream.binance.com', 'https://fapi.binance.com'],
    ['BINANCE_SPOT_TESTNET', 'wss://stream.testnet.binance.vision', 'https://testnet.binance.vision'],
    ['BINANCE_FUTURES_TESTNET', 'wss://fstream.binancefuture.com', 'https://demo-fapi.binance.com'],
    ['BINANCE_SPOT_DEMO', 'wss://demo-stream.binance.com', 'https://demo-api.binance.com'],
    ['SIM_SPOT', '', ''],
    ['SIM_FUTURES', '', ''],
  ] as const)('knows the addresses of %s', (venue, wsUrl, restUrl) => {
    expect(venueInfo(venue)).toMatchObject({ wsUrl, restUrl, isSimulated: wsUrl === '' })
  })

  it('serves every address of a row from a host of that row and of no other', () => {
    for (const venue of VENUE_NAMES.filter((name) => !venueInfo(name).isSimulated)) {
      const { hostname } = new URL(venueInfo(venue).wsUrl)
      const owners = VENUE_NAMES.filter((name) => venueInfo(name).wsHosts.includes(hostname))
      expect(owners).toEqual([venue])
    }
  })

  it('splits futures over routes, paces control messages per market and knows the REST paths', () => {
    for (const venue of VENUE_NAMES) {
      const info = venueInfo(venue)
      const isFutures = info.market === 'futures'
      expect(info.market).toBe(venue.includes('FUTURES') ? 'futures' : 'spot')
      expect(info.routes).toBe(isFutures)
      expect(info.controlIntervalMs).toBe(isFutures ? 200 : 500)
      // The pace stays inside the documented rate with room for a ping a second.
      expect(1000 / info.controlIntervalMs + 1).toBeLessThanOrEqual(info.incomingMessagesPerSecond)
      expect(info.restPaths.depth).toBe(isFutures ? '/fapi/v1/depth' : '/api/v3/depth')
      expect(info.restPaths.klines).toBe(isFutures ? '/fapi/v1/klines' : '/api/v3/klines')
      expect(info.restPaths.premiumIndex).toBe(isFutures ? '/fapi/v1/premiumIndex' : null)
      expect(info).toMatchObject({ streamsPerMessageMax: 200, streamsPerConnectionMax: 1024 })
      expect(info.connectAttempts).toEqual({ count: 300, windowMs: 300_000 })
    }
  })

  it('offers mark prices and liquidations on futures only, and one-second candles on spot only', () => {
    for (const venue of VENUE_NAMES) {
      const { market, streamTypes, intervals } = venueInfo(venue)
      expect(streamTypes.includes(StreamType.MARK_PRICE)).toBe(market === 'futures')
      expect(streamTypes.includes(StreamType.LIQUIDATION)).toBe(market === 'futures')
      expect(intervals.includes('1s')).toBe(market === 'spot')
      expect(intervals).toHaveLength(market === 'spot' ? 16 : 15)
    }
  })

  it('lists each default speed among the allowed ones', () => {
    for (const venue of VENUE_NAMES) {
      const info = venueInfo(venue)
      for (const speeds of [info.partialDepthSpeeds, info.diffDepthSpeeds, info.markPriceSpeeds]) {
        if (speeds !== null) expect(speeds.allowed).toContain(speeds.default)
      }
      expect(info.defaultDepthSpeed).toBe(info.market === 'futures' ? '250ms' : '1000ms')
    }
  })
})
