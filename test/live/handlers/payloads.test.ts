/** Each payload form becomes exactly its message, from bytes and through JSON.parse. */
import { describe, expect, it } from 'vitest'
import { FrameKind } from '../../../src/live/frame.js'
import { DecodingBench, plain } from '../../support/decoding.js'
import { EXAMPLES, type Example, frameOf } from './examples.js'

function decode(example: Example, frame: string): { bench: DecodingBench; published: readonly unknown[] } {
  const bench = new DecodingBench({ market: example.market })
  bench.router.add(example.spec)
  expect(bench.feed(frame)).toBe(FrameKind.DATA)
  expect(bench.rejections).toEqual([])
  return { bench, published: bench.take().map(({ topic, payload }) => ({ topic, message: plain(payload) })) }
}

/** Other texts of the same JSON value. */
const REWRITINGS: Readonly<Record<string, (payload: string) => string>> = {
  'with blanks': (payload) => JSON.stringify(JSON.parse(payload), null, 2),
  'with keys in another order': (payload) => JSON.stringify(reversed(JSON.parse(payload))),
  'with an escaped character': (payload) =>
    payload.replace('USDT', '\\u0055SDT').replace('BELBTC', '\\u0042ELBTC').replace('"b', '"\\u0062'),
  'with unknown members': (payload) => `${payload.slice(0, -1)},"zz":{"deep":[1,2.5e3,null,"ü"]},"y":-0.5}`,
}

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  )
}

describe.each(EXAMPLES)('$title', (example) => {
  const expected = [{ topic: example.topic, message: example.message }]

  it('is decoded from its bytes', () => {
    const { bench, published } = decode(example, frameOf(example, example.payload))
    expect(published).toEqual(expected)
    expect(bench.router.stats().fallback).toBe(0)
  })

  it('is decoded from its bytes with an unknown simple member at the end', () => {
    const payload = `${example.payload.slice(0, -1)},"newKey":"A1","nk":-12,"no":null,"yes":true}`
    const { bench, published } = decode(example, frameOf(example, payload))
    expect(published).toEqual(expected)
    expect(bench.router.stats().fallback).toBe(0)
  })

  it.each(Object.entries(REWRITINGS))('gives the same message %s', (_, rewrite) => {
    const payload = rewrite(example.payload)
    expect(payload).not.toBe(example.payload)
    const { bench, published } = decode(example, frameOf(example, payload))
    expect(published).toEqual(expected)
    expect(bench.router.stats().fallback).toBe(1)
  })

  it('gives the same message when the envelope has blanks, another order or more members', () => {
    const { name } = example.spec
    for (const frame of [
      ` { "stream" : "${name}" , "data" : ${example.payload} } `,
      `{"data":${example.payload},"stream":"${name}"}`,
      `{"stream":"${name}","data":${example.payload},"note":{"a":1}}`,
      `{"stream":"other@trade","stream":"${name}","data":${example.payload}}`,
    ]) {
      const { bench, published } = decode(example, frame)
      expect(published).toEqual(expected)
      expect(bench.router.stats().fallback).toBe(1)
    }
  })

  it('counts latency from the venue time, where there is one', () => {
    const bench = new DecodingBench({ market: example.market })
    const feed = bench.router.add(example.spec)
    const samples: number[] = []
    feed.latencySink = (latencyMs) => samples.push(latencyMs)
    bench.feed(frameOf(example, example.payload))
    const { receiveTimeMs, venueTimeMs } = example.message as { receiveTimeMs: number; venueTimeMs: number | null }
    if (venueTimeMs === null) {
      expect(samples).toEqual([])
      expect(feed.lastLatencyMs).toBeNaN()
    } else {
      expect(samples).toEqual([receiveTimeMs - venueTimeMs])
      expect(feed.lastLatencyMs).toBe(receiveTimeMs - venueTimeMs)
    }
    expect(feed.lastReceiveTimeMs).toBe(receiveTimeMs)
  })

  it('is dropped as a duplicate when it comes again', () => {
    const bench = new DecodingBench({ market: example.market })
    const feed = bench.router.add(example.spec)
    bench.feed(frameOf(example, example.payload))
    bench.feed(frameOf(example, example.payload))
    expect(bench.published).toHaveLength(1)
    expect(feed).toMatchObject({ messageCount: 2, publishedCount: 1, duplicateCount: 1 })
  })
})
