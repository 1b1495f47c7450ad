/** The short form of `npm run fuzz`: broken frames crash nothing, are all counted, and publish nothing impossible. */
import { describe, expect, it } from 'vitest'
import { fuzzFrames } from '../../scripts/lib/frame-fuzz.mjs'
import { createHandlers } from '../../src/live/handlers/index.js'
import { MessageRouter } from '../../src/live/router/index.js'

const FRAMES_PER_SEED = 100_000

describe('broken frames', () => {
  it.each([1, 20_261_121])(
    'are counted once each and decoded the same from bytes and through JSON.parse (seed %s)',
    (seed) => {
      const counts = fuzzFrames({ createHandlers, MessageRouter, count: FRAMES_PER_SEED, seed })
      expect(counts.frames).toBe(FRAMES_PER_SEED)
      // Each way a frame can end was taken often: a fuzzer that breaks everything or nothing proves nothing.
      for (const way of ['published', 'duplicate', 'payloadRejected', 'rejected', 'unplaced', 'fallback'] as const) {
        expect(counts[way], way).toBeGreaterThan(FRAMES_PER_SEED / 500)
      }
    },
    180_000,
  )
})
