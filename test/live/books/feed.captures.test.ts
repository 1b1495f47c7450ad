/**
 * Real captured updates through the whole feed: venue in memory playing the recording at its own pace, connections,
 * router, handlers, books, bus. Compared with the independent truth at every checkpoint, and with the outcome that
 * each fault scenario states.
 */
import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { type StreamConfig, streamConfig } from '../../../src/live/index.js'
import { CAPTURES, readCapture } from '../../support/captures.js'
import { type BookRig, bookHash, bookRig } from '../../support/maintained-books.js'
import { describeWithData, sharedData } from '../../support/shared-data.js'

interface BookTruth {
  readonly depth_messages: number
  readonly final: { readonly u: number; readonly top20_sha256: string; readonly full_sha256: string }
  readonly checkpoints_every_1000_applied: readonly { readonly u: number; readonly top20_sha256: string }[]
}

interface Truth {
  readonly ws_by_stream: Readonly<Record<string, number>>
  readonly symbols: Readonly<Record<string, { readonly book?: BookTruth }>>
}

interface Scenario {
  readonly name: string
  readonly rest_answers: readonly { readonly after_line: number; readonly lastUpdateId: number }[]
  readonly expect: {
    readonly gaps_detected: number
    readonly detected_at_lines?: readonly number[]
    readonly final: { readonly lastUpdateId: number; readonly top20_sha256: string }
  }
}

/** Longest recording, with time for a start. */
const LIMIT_MS = 1_800_000

const open: BookRig[] = []
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close()
})

function json<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

function depthStreams(truth: Truth): StreamConfig[] {
  return Object.keys(truth.ws_by_stream).flatMap((name) => {
    const [symbol = '', kind, updateSpeed] = name.split('@')
    if (kind !== 'depth') return []
    return [streamConfig(symbol.toUpperCase(), 'DEPTH', updateSpeed === undefined ? {} : { updateSpeed })]
  })
}

describeWithData(
  'books of a recording, through the whole feed',
  CAPTURES.flatMap((name) => [`captures/${name}.jsonl.gz`, `captures/truth/${name}.truth.json`]),
  (...paths) => {
    it.each(CAPTURES.map((name, index) => [name, paths[2 * index]!, paths[2 * index + 1]!] as const))(
      '%s: agree with every checkpoint and at the end, without a gap',
      { timeout: 180_000 },
      async (_name, path, truthPath) => {
        const truth = json<Truth>(truthPath)
        const rig = await bookRig({ from: { path, startDelayMs: 300 } }, depthStreams(truth), quiet)
        open.push(rig)
        const books = Object.entries(truth.symbols).filter(([, { book }]) => (book?.depth_messages ?? 0) > 0)
        const wanted = new Map(
          books.flatMap(([symbol, { book }]) =>
            book!.checkpoints_every_1000_applied.map((point) => [`${symbol} ${point.u}`, point.top20_sha256] as const),
          ),
        )
        const seen = new Map<string, string>()
        rig.bus.subscribe('mkt.orderbook.delta', ({ payload: { symbol, sequence } }) => {
          if (wanted.has(`${symbol} ${sequence}`))
            seen.set(`${symbol} ${sequence}`, bookHash(rig.manager.book(symbol)!, 20))
        })
        const ends = (): (readonly [string, number | undefined])[] =>
          books.map(([symbol]) => [symbol, rig.manager.book(symbol)?.sequence] as const)
        await rig.until(
          () =>
            rig.venue.isPlayedOut &&
            books.every(([symbol, { book }]) => rig.manager.book(symbol)?.sequence === book?.final.u),
          `the ends of all books, at ${JSON.stringify(ends())}`,
          LIMIT_MS,
          1_000,
        )
        for (const [symbol, { book }] of books) {
          const view = rig.manager.book(symbol)!
          expect([symbol, view.state, view.resyncCount]).toEqual([symbol, 'LIVE', 0])
          expect(bookHash(view, 20), symbol).toBe(book!.final.top20_sha256)
          expect(bookHash(view), symbol).toBe(book!.final.full_sha256)
        }
        expect(rig.gaps).toEqual([])
        expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(wanted))
        expect(rig.pictures.filter(({ isCrossed }) => isCrossed)).toEqual([])
        expect(rig.manager.getStats().messagesRejected).toBe(0)
      },
    )
  },
)

/** The recording ends while the clock goes on; nothing here is about silence. */
const quiet = {
  book: { emitDeltas: true },
  health: { stalenessThresholdMs: 86_400_000, watchdogTimeoutMs: 86_400_000 },
} as const

describeWithData(
  'a fault scenario, through the whole feed',
  ['faults/spot-btcusdt.json', 'faults/usdm-btcusdt.json'],
  () => {
    const scenarios = ['faults/spot-btcusdt.json', 'faults/usdm-btcusdt.json'].flatMap((file) => {
      const plan = sharedData(file)!
      const { capture, scenarios: list } = json<{ capture: string; scenarios: Scenario[] }>(plan)
      return list.map((scenario) => [`${file.slice(7, 11)} ${scenario.name}`, scenario, plan, capture] as const)
    })
    it.each(scenarios)(
      '%s is noticed where it happens, and ends in the stated book',
      { timeout: 180_000 },
      async (_name, scenario, plan, capture) => {
        const isSpot = capture.includes('spot')
        const stream = streamConfig('BTCUSDT', 'DEPTH', { updateSpeed: isSpot ? '100ms' : '0ms' })
        const rig = await bookRig({ faults: { kind: 'lines', file: plan, scenario: scenario.name } }, [stream], quiet)
        open.push(rig)
        const { final, gaps_detected: gapCount, detected_at_lines: lines = [] } = scenario.expect
        await rig.until(
          () => rig.venue.isPlayedOut && rig.manager.book('BTCUSDT')?.sequence === final.lastUpdateId,
          `update ${final.lastUpdateId}, at ${rig.manager.book('BTCUSDT')?.sequence}`,
          LIMIT_MS,
          1_000,
        )
        const view = rig.manager.book('BTCUSDT')!
        expect(view.state).toBe('LIVE')
        expect(bookHash(view, 20)).toBe(final.top20_sha256)
        const opened = rig.gaps.filter(({ kind }) => kind === 'opened')
        expect(opened).toHaveLength(gapCount)
        expect(view.resyncCount).toBe(gapCount)
        expect(rig.manager.gaps().map(({ kind, by }) => `${kind} ${by}`)).toEqual(opened.map(() => 'filled snapshot'))
        const captured = gapCount === 0 ? [] : readCapture(sharedData(`captures/${capture}`)!)
        for (const [index, line] of lines.entries()) {
          const { data } = JSON.parse(captured[line - 1]!.raw!) as { data: { U: number; u: number; pu?: number } }
          const gap = opened[index]!
          // The hole ends right before the update at the stated line.
          expect(gap.to).toBe(isSpot ? data.U - 1 : data.pu)
          const healed = scenario.rest_answers[index]!.lastUpdateId
          const inside = rig.pictures.filter(({ sequence }) => sequence >= gap.from && sequence < healed)
          expect(inside.filter(({ state }) => state === 'LIVE')).toEqual([])
          expect(rig.pictures.some(({ state, sequence }) => state === 'RESYNCING' && sequence === gap.from - 1)).toBe(
            true,
          )
        }
      },
    )
  },
)
