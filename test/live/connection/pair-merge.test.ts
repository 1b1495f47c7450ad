/** What the merge of a redundant pair makes of two streams of frames when something is wrong with one of them. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import { PairMerge } from '../../../src/live/connection/pair-merge.js'
import { ConnectionCounters } from '../../../src/live/connection/stats.js'
import { FrameKind } from '../../../src/live/frame.js'
import { resolveStreams, streamConfig } from '../../../src/live/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'

const [TRADE] = resolveStreams('SIM_SPOT', [streamConfig('BTCUSDT', 'TRADE')]) as [StreamSpec]
const HOLD_MS = 10_000

let clock: VirtualClock
let merge: PairMerge
let taken: number[]
/** Ids that the router refuses, by path. */
let broken: Set<string>

beforeEach(() => {
  clock = new VirtualClock()
  taken = []
  broken = new Set()
  merge = new PairMerge({
    clock,
    counters: new ConnectionCounters(),
    specOf: (name) => (name === TRADE.name ? TRADE : undefined),
    holdMsOf: () => HOLD_MS,
    sink: {
      onFrame: (bytes, start, end, _receiveTimeMs, origin) => {
        const { t } = (JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as { data: { t: number } }).data
        if (broken.has(`${origin.connectionId} ${t}`)) return FrameKind.REJECTED
        taken.push(t)
        return FrameKind.DATA
      },
    },
  })
  merge.onPathUp(0)
  merge.onPathUp(1)
})

function frame(path: 0 | 1, id: number, timeMs: number): void {
  const text = `{"stream":"${TRADE.name}","data":{"e":"trade","E":${timeMs},"s":"BTCUSDT","t":${id},"p":"1","q":"1","T":${timeMs},"m":true,"M":true}}`
  const bytes = Buffer.from(text)
  const origin = { connectionId: path === 0 ? 'a' : 'b', generation: 1 }
  merge.sinkOf(path).onFrame(bytes, 0, bytes.length, clock.wallMs(), origin)
}

describe('the merge of a redundant pair', () => {
  it('fills a hole on one path from the other', () => {
    frame(0, 1, 1)
    frame(1, 1, 1)
    frame(0, 3, 3)
    expect(taken).toEqual([1])
    frame(1, 2, 2)
    expect(taken).toEqual([1, 2, 3])
  })

  // A held frame that the router refused counted as the first copy, and the whole one of the other path was dropped.
  it('takes the copy of the other path for a held frame that could not be read', () => {
    broken.add('a 3')
    frame(0, 1, 1)
    frame(1, 1, 1)
    frame(0, 3, 3)
    frame(1, 2, 2)
    frame(1, 3, 3)
    expect(taken).toEqual([1, 2, 3])
    expect(merge.heldCount).toBe(0)
  })

  // Frames with old ids were handed on after the new ones had begun, and hid these.
  it('hands on what it holds of the old ids before the venue begins them again', async () => {
    frame(0, 101, 1)
    frame(1, 101, 1)
    frame(0, 105, 5)
    expect(taken).toEqual([101])
    for (let id = 1; id <= 6; id++) for (const path of [0, 1] as const) frame(path, id, 10 + id)
    await clock.advance(2 * HOLD_MS)
    const firstNew = taken.indexOf(1)
    expect(taken.slice(0, firstNew)).toEqual([101, 105])
    expect(Math.max(...taken.slice(firstNew))).toBe(6)
    expect(merge.heldCount).toBe(0)
    for (let id = 7; id <= 9; id++) frame(0, id, 20 + id)
    expect(taken.slice(-3)).toEqual([7, 8, 9])
  })
})
