/**
 * Topic typing, checked by the compiler: a wrong line here fails `npm run typecheck`. Vitest runs the file as
 * well, so that the calls are known to work.
 */
import { assertType, describe, expect, expectTypeOf, it } from 'vitest'
import type { TopicMatches, TopicsMatching } from '../../src/bus/topic-types.js'
import {
  type BestBidOffer,
  Bus,
  type Candle,
  type Envelope,
  type EnvelopeOf,
  type LogEvent,
  type OrderBookDelta,
  type OrderBookSnapshot,
  type PayloadOf,
  type Publisher,
  T_CANDLES,
  type TopicMap,
  type TopicName,
  type Trade,
} from '../../src/index.js'

/** Compiled, never run. */
function neverRun(_: () => unknown): void {}

describe('topic typing', () => {
  it('gives the payload of a topic, by literal and by constant', () => {
    const bus = new Bus()
    bus.subscribe('mkt.candles', (envelope) => {
      expectTypeOf(envelope).toEqualTypeOf<Envelope<Candle, 'mkt.candles'>>()
    })
    bus.subscribe(T_CANDLES, ({ payload }) => expectTypeOf(payload).toEqualTypeOf<Candle>())
    expectTypeOf(bus.last('mkt.bbo')).toEqualTypeOf<Envelope<BestBidOffer, 'mkt.bbo'> | undefined>()
    expectTypeOf(bus.topic('mkt.trades').publish).parameter(0).toEqualTypeOf<Trade>()
    assertType<Publisher<Trade>>(bus.topic('mkt.trades', { source: 'test' }))
    expectTypeOf(bus.stream('log.event')[Symbol.asyncIterator]().next).returns.resolves.toHaveProperty('value')
    expect(bus.stats().totals.published).toBe(0)
  })

  it('gives a pattern the union of what it matches, discriminated by topic', () => {
    const bus = new Bus()
    bus.subscribe('mkt.orderbook.>', ({ payload }) => expectTypeOf(payload).toEqualTypeOf<OrderBookDelta>())
    bus.subscribe('*.event', ({ payload }) => expectTypeOf(payload).toEqualTypeOf<LogEvent>())
    bus.subscribe('mkt.*', (envelope) => {
      expectTypeOf(envelope.topic).toEqualTypeOf<
        'mkt.candles' | 'mkt.orderbook' | 'mkt.bbo' | 'mkt.trades' | 'mkt.funding' | 'mkt.ticker' | 'mkt.liquidations'
      >()
      if (envelope.topic === 'mkt.trades') expectTypeOf(envelope.payload).toEqualTypeOf<Trade>()
      if (envelope.topic === 'mkt.orderbook') expectTypeOf(envelope.payload).toEqualTypeOf<OrderBookSnapshot>()
    })
    bus.subscribe('>', ({ topic }) => expectTypeOf(topic).toEqualTypeOf<TopicName>())
    expectTypeOf<PayloadOf<'mkt.candles.*'>>().toEqualTypeOf<Candle>()
    expectTypeOf<EnvelopeOf<'>'>['payload']>().toEqualTypeOf<TopicMap[TopicName]>()
  })

  it('matches at compile time what it matches at run time', () => {
    expectTypeOf<TopicsMatching<'live.*'>>().toEqualTypeOf<'live.health' | 'live.gap'>()
    expectTypeOf<TopicsMatching<'*.*.*'>>().toEqualTypeOf<'mkt.candles.partial' | 'mkt.orderbook.delta'>()
    expectTypeOf<TopicsMatching<'mkt.candles.>'>>().toEqualTypeOf<'mkt.candles.partial'>()
    expectTypeOf<TopicMatches<'mkt', 'mkt.>'>>().toEqualTypeOf<false>()
    expectTypeOf<TopicMatches<'mkt', '*'>>().toEqualTypeOf<true>()
    expectTypeOf<TopicMatches<'mkt.bbo', '*'>>().toEqualTypeOf<false>()
    const bus = new Bus()
    const seen: string[] = []
    bus.subscribe('live.*', ({ topic }) => seen.push(topic))
    bus.subscribe('*.*.*', ({ topic }) => seen.push(topic))
    for (const topic of ['live.health', 'live.gap', 'mkt.candles.partial', 'mkt.orderbook.delta', 'mkt.bbo'] as const) {
      bus.publish(topic, {} as never)
    }
    expect(seen).toEqual(['live.health', 'live.gap', 'mkt.candles.partial', 'mkt.orderbook.delta'])
  })

  it('takes a string that is only known at run time, with an unknown payload', () => {
    const bus = new Bus()
    const fromUser: string = 'mkt.*'
    const subscription = bus.subscribe(fromUser, ({ payload }) => expectTypeOf(payload).toEqualTypeOf<unknown>())
    expect(subscription.topic).toBe('mkt.*')
  })

  it('works in generic code over topic names', () => {
    function collect<N extends TopicName>(bus: Bus, topic: N): Envelope<TopicMap[N], N>[] {
      const envelopes: Envelope<TopicMap[N], N>[] = []
      bus.subscribe(topic, (envelope) => envelopes.push(envelope))
      return envelopes
    }
    const bus = new Bus()
    const trades = collect(bus, 'mkt.trades')
    expectTypeOf(trades).toEqualTypeOf<Envelope<Trade, 'mkt.trades'>[]>()
    bus.publish('mkt.trades', { symbol: 'A' } as Trade)
    expect(trades).toHaveLength(1)
  })

  it('refuses what cannot be right', () => {
    neverRun(() => {
      const bus = new Bus()
      const trade = {} as Trade
      // @ts-expect-error a topic that does not exist
      bus.subscribe('mkt.candels', () => {})
      // @ts-expect-error a pattern that matches no topic
      bus.subscribe('mtk.*', () => {})
      // @ts-expect-error a payload of another topic
      bus.publish('mkt.candles', trade)
      // @ts-expect-error one publishes to one topic
      bus.publish('mkt.*', trade)
      // @ts-expect-error a handle is for one topic
      bus.topic('mkt.*')
      // @ts-expect-error the payload has no such field
      bus.subscribe('mkt.trades', ({ payload }) => payload.close)
      // @ts-expect-error a handler for another payload
      bus.subscribe('mkt.trades', (_: Envelope<Candle>) => {})
      // @ts-expect-error not a policy
      bus.subscribe('mkt.trades', () => {}, { overflow: 'explode' })
      // @ts-expect-error payloads are read-only
      bus.subscribe('mkt.trades', ({ payload }) => (payload.price = 1))
      // @ts-expect-error a stream of nothing
      bus.stream('nothing.>')
    })
  })
})
