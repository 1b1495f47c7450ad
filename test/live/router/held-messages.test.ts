/** Messages that may repeat or be the first under ids that began again: what becomes of each, and that each counts once. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { FrameOrigin } from '../../../src/live/frame.js'
import type { Trade } from '../../../src/types/trade.js'
import { DecodingBench, ORIGIN, RECEIVE_TIME_MS } from '../../support/decoding.js'
import { STREAMS } from '../handlers/examples.js'

const NAME = STREAMS.trade.name
let bench: DecodingBench

beforeEach(() => {
  bench = new DecodingBench()
  bench.router.add(STREAMS.trade)
})

/** `at` seconds after the first; with blanks the frame goes the slow way. */
function take(
  id: number,
  at: number,
  { blanks = false, origin = ORIGIN }: { blanks?: boolean; origin?: FrameOrigin } = {},
): void {
  const timeMs = Math.floor(RECEIVE_TIME_MS) + at * 1_000
  const data = { e: 'trade', E: timeMs, s: STREAMS.trade.symbol, t: id, p: '1.5', q: '2', T: timeMs, m: true, M: true }
  bench.feed(JSON.stringify({ stream: NAME, data }, null, blanks ? 1 : undefined), timeMs + 5, origin)
}

function ids(): number[] {
  return bench.published.map(({ payload }) => (payload as Trade).id)
}

function counts(): readonly [published: number, duplicate: number, held: number] {
  const { published, duplicate, held, data, ignored, payloadRejected } = bench.router.stats()
  expect(published + duplicate + held + ignored + payloadRejected).toBe(data)
  return [published, duplicate, held]
}

describe.each([false, true])('newer messages under old ids (the slow way: %s)', (blanks) => {
  it('are all published, in order and with their own times, when a third one comes', () => {
    for (let at = 0; at < 5; at++) take(1_000 + at, at, { blanks })
    take(7, 5, { blanks })
    take(8, 6, { blanks })
    expect([ids().length, counts()]).toEqual([5, [5, 0, 2]])
    take(9, 7, { blanks })
    expect(ids().slice(5)).toEqual([7, 8, 9])
    expect(counts()).toEqual([8, 0, 0])
    expect(bench.router.stats().resets).toBe(1)
    const young = bench.published.slice(5).map(({ payload }) => payload as Trade)
    expect(young.map(({ receiveTimeMs, venueTimeMs }) => receiveTimeMs - venueTimeMs)).toEqual([5, 5, 5])
    // The hole is from the last message under the old ids on.
    expect(bench.router.feed(NAME)?.resetSinceMs).toBe(Math.floor(RECEIVE_TIME_MS) + 4_005)
    take(10, 8, { blanks })
    expect(ids().at(-1)).toBe(10)
  })

  it('are repetition when the stream goes on above', () => {
    for (let at = 0; at < 5; at++) take(1_000 + at, at, { blanks })
    take(7, 5, { blanks })
    take(8, 6, { blanks })
    take(1_005, 7, { blanks })
    expect([ids().at(-1), counts()]).toEqual([1_005, [6, 2, 0]])
    // They count for nothing in a later doubt.
    take(9, 8, { blanks })
    expect(counts()).toEqual([6, 2, 1])
  })
})

describe('messages held', () => {
  it('are copies of two sockets once when both deliver the new ids', () => {
    const other = { ...ORIGIN, generation: ORIGIN.generation + 1 }
    for (let at = 0; at < 5; at++) take(1_000 + at, at)
    take(7, 5)
    take(7, 5, { origin: other })
    take(8, 6)
    take(8, 6, { origin: other })
    take(9, 7)
    expect(ids().slice(5)).toEqual([7, 8, 9])
    expect(counts()).toEqual([8, 2, 0])
  })

  it('are counted when their stream is removed', () => {
    for (let at = 0; at < 5; at++) take(1_000 + at, at)
    take(7, 5)
    expect(counts()).toEqual([5, 0, 1])
    const feed = bench.router.feed(NAME)
    bench.router.remove(NAME)
    expect(counts()).toEqual([5, 1, 0])
    expect(feed).toMatchObject({ messageCount: 6, publishedCount: 5, duplicateCount: 1, heldCount: 0 })
  })

  it('survive that the memory of their frames is used again', () => {
    for (let at = 0; at < 5; at++) take(1_000 + at, at)
    const timeMs = Math.floor(RECEIVE_TIME_MS)
    const memory = new Uint8Array(400)
    for (const [at, id] of [7, 8, 9].entries()) {
      const E = timeMs + (5 + at) * 1_000
      const data = { e: 'trade', E, s: STREAMS.trade.symbol, t: id, p: `${id}`, q: '2', T: E, m: true, M: true }
      const { written } = new TextEncoder().encodeInto(JSON.stringify({ stream: NAME, data }), memory)
      bench.router.onFrame(memory, 0, written, E, ORIGIN)
      memory.fill(0)
    }
    expect(bench.published.slice(5).map(({ payload }) => (payload as Trade).price)).toEqual([7, 8, 9])
  })

  it('are handled although a subscriber removes their stream on the first', () => {
    bench = new DecodingBench({
      onPublish: (topic, payload) => {
        bench.published.push({ topic, payload })
        if ((payload as Trade).id === 7) bench.router.remove(NAME)
      },
    })
    bench.router.add(STREAMS.trade)
    const feed = bench.router.feed(NAME)
    for (let at = 0; at < 5; at++) take(1_000 + at, at)
    for (const [at, id] of [7, 8, 9].entries()) take(id, 5 + at)
    expect(counts()).toEqual([8, 0, 0])
    expect(feed).toMatchObject({ messageCount: 8, publishedCount: 8, heldCount: 0 })
  })
})
