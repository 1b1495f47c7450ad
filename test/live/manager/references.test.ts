/** Counted subscriptions: a stream stays for as long as somebody holds it, whoever else lets go. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StreamConfig, streamConfig } from '../../../src/live/index.js'
import { BTC, ETH, type Rig, rig, SOL, settled } from './rig.js'

const names = (built: Rig): string[] =>
  built.manager
    .getHealth()
    .feeds.map((feed) => feed.symbol)
    .sort()

describe('counted subscriptions', () => {
  it('keep a stream that was subscribed twice and unsubscribed once', async () => {
    const built = rig()
    await built.started()
    await settled(built.manager.subscribe([SOL]), built.clock)
    await settled(built.manager.subscribe([SOL]), built.clock)
    await settled(built.manager.unsubscribe([SOL]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
    await settled(built.manager.unsubscribe([SOL]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT'])
    await built.stopped()
  })

  it('count the configuration as one holder, and a stream named twice in one call as one', async () => {
    const built = rig()
    await built.started()
    await settled(built.manager.subscribe([BTC, BTC, SOL, SOL]), built.clock)
    await settled(built.manager.unsubscribe([BTC, SOL]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT'])
    await settled(built.manager.unsubscribe([BTC]), built.clock)
    expect(names(built)).toEqual(['ETHUSDT'])
    await built.stopped()
  })

  it('leave alone what was never subscribed', async () => {
    const built = rig()
    await built.started()
    const sent = built.venue.requests.length
    await settled(built.manager.unsubscribe([SOL]), built.clock)
    await settled(built.manager.subscribe([SOL]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
    expect(built.venue.requests.slice(sent).map(({ method }) => method)).toEqual(['SUBSCRIBE'])
    await built.stopped()
  })

  it('send nothing for a stream that is carried already', async () => {
    const built = rig()
    await built.started()
    const sent = built.venue.requests.length
    await settled(built.manager.subscribe([BTC, ETH]), built.clock)
    await settled(built.manager.unsubscribe([BTC, ETH]), built.clock)
    await built.flow(2_000)
    expect(built.venue.requests.length).toBe(sent)
    await built.stopped()
  })

  it('give back the hold of a call that the venue refused, and no other', async () => {
    const built = rig()
    await built.started()
    built.venue.control = 'reject'
    const first = built.manager.subscribe([SOL, BTC])
    await expect(settled(first, built.clock)).rejects.toMatchObject({ code: 'SUBSCRIPTION_REJECTED' })
    built.venue.control = 'acknowledge'
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT'])
    // The refused call holds BTCUSDT still, which was not refused.
    await settled(built.manager.unsubscribe([BTC]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT'])
    await settled(built.manager.subscribe([SOL]), built.clock)
    await settled(built.manager.unsubscribe([SOL]), built.clock)
    expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT'])
    await built.stopped()
  })
})

const POOL: readonly StreamConfig[] = ['AUSDT', 'BUSDT', 'CUSDT', 'DUSDT', 'EUSDT'].map((symbol) =>
  streamConfig(symbol, 'AGG_TRADE'),
)

type Step =
  | { readonly do: 'subscribe' | 'unsubscribe'; readonly streams: readonly number[] }
  | { readonly do: 'cut' }
  | { readonly do: 'refresh' }
  | { readonly do: 'flow'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
      streams: fc.array(fc.integer({ min: 0, max: POOL.length - 1 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'cut' }, { do: 'refresh' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flow' as const), ms: fc.constantFrom(100, 400, 5_000) }) },
)

describe('counted subscriptions over several connections', () => {
  it('agree with a count per stream, whatever overlaps and is cut, and never touch another stream', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, isRedundant) => {
        const built = rig({
          streams: [BTC, ETH, POOL[0] as StreamConfig],
          connection: { streamsPerConnectionMax: 2, redundant: isRedundant ? ['AGG_TRADE'] : [] },
        })
        await built.started()
        const holds = new Map<number, number>([[0, 1]])
        const calls: Promise<void>[] = []
        const ids: number[] = []
        let isCut = false
        built.bus.subscribe('mkt.trades', ({ payload }) => payload.symbol === 'BTCUSDT' && ids.push(payload.id))
        for (const one of steps) {
          if (one.do === 'flow') await built.flow(one.ms)
          else if (one.do === 'cut') {
            built.venue.cut()
            isCut = true
          } else if (one.do === 'refresh') calls.push(built.manager.refresh())
          else {
            calls.push(built.manager[one.do](one.streams.map((index) => POOL[index] as StreamConfig)))
            for (const index of new Set(one.streams)) {
              const before = holds.get(index) ?? 0
              holds.set(index, Math.max(0, before + (one.do === 'subscribe' ? 1 : -1)))
            }
          }
        }
        await built.flow(60_000)
        await Promise.all(calls)
        const held = [...holds].filter(([, count]) => count > 0).map(([index]) => (POOL[index] as StreamConfig).symbol)
        expect(names(built)).toEqual(['BTCUSDT', 'ETHUSDT', ...held].sort())
        const wanted = [...new Set(['BTCUSDT', 'ETHUSDT', ...held])].map((symbol) => `${symbol.toLowerCase()}@aggTrade`)
        const carried = [...built.venue.sockets].flatMap((socket) => [...socket.streams])
        expect(carried.sort()).toEqual((isRedundant ? [...wanted, ...wanted] : wanted).sort())
        // Streams that nobody touched were never taken off, and lost nothing unless their socket was cut.
        const touched = built.venue.requests
          .filter(({ method }) => method === 'UNSUBSCRIBE')
          .flatMap((one) => one.params)
        expect(touched.filter((name) => name.startsWith('btc') || name.startsWith('eth'))).toEqual([])
        for (let at = 1; at < ids.length && !isCut; at++) expect((ids[at] ?? 0) - (ids[at - 1] ?? 0)).toBe(1)
        await built.stopped()
        expect(built.clock.pendingTimerCount).toBe(0)
      }),
      { numRuns: 80 },
    )
  })
})
