/**
 * A process that is put to sleep and wakes up, as a laptop does whose lid was closed: stopped with SIGSTOP for longer than
 * every deadline of the feed, and continued. The venue is this process and goes on, on real sockets.
 *
 * FEEDBUS_SLEEP_MS=<ms> sleeps longer (60 000 by hand).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { delay, SystemClock } from '../../../src/runtime/index.js'
import { SimVenue } from '../../../src/sim/index.js'
import type { GapEvent } from '../../../src/types/gap.js'
import { type TranspiledProgram, transpileProgram } from '../../support/transpiled.js'
import { waitFor } from '../../support/wait-for.js'

const CHILD = fileURLToPath(new URL('./sleep-child.ts', import.meta.url))
/** Longer than ping deadline, staleness and watchdog of the child. */
const SLEEP_MS = Number(process.env['FEEDBUS_SLEEP_MS'] ?? 8_000)
const clock = new SystemClock()

type FeedLine = readonly [stream: string, state: string, ageMs: number | null, p99Ms: number | null]
type Line =
  | { readonly kind: 'candle'; readonly at: number; readonly openTimeMs: number; readonly origin: string }
  | { readonly kind: 'trade'; readonly at: number; readonly id: number }
  | { readonly kind: 'gap'; readonly at: number; readonly gap: GapEvent }
  | { readonly kind: 'log'; readonly at: number; readonly event: string; readonly message: string }
  | {
      readonly kind: 'health'
      readonly at: number
      readonly state: string
      readonly books: readonly string[]
      readonly feeds: readonly FeedLine[]
    }
type Of<K extends Line['kind']> = Extract<Line, { kind: K }>

let program: TranspiledProgram
let folder: string
let venue: SimVenue
let child: ChildProcess | null = null

beforeAll(() => {
  program = transpileProgram(CHILD)
  folder = mkdtempSync(join(tmpdir(), 'feedbus-sleep-'))
})
afterEach(async () => {
  child?.kill('SIGKILL')
  child = null
  await venue.stop()
})
afterAll(() => {
  program.remove()
  rmSync(folder, { recursive: true, force: true })
})

class Sleeper {
  readonly #output: string

  constructor(name: string) {
    this.#output = join(folder, `${name}.jsonl`)
    const args = [venue.wsUrl, venue.restUrl, this.#output]
    child = spawn(process.execPath, [program.main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** Everything written so far, in its order. */
  all(): Line[] {
    if (!existsSync(this.#output)) return []
    const whole = readFileSync(this.#output, 'utf8').split('\n').slice(0, -1)
    return whole.map((text) => JSON.parse(text) as Line)
  }

  lines<K extends Line['kind']>(kind: K, fromMs = 0): Of<K>[] {
    return this.all().filter((line): line is Of<K> => line.kind === kind && line.at >= fromMs)
  }

  /** Asleep for the whole time; `meanwhile` happens in the middle. Returns when it woke. */
  async sleep(meanwhile: () => void): Promise<number> {
    child?.kill('SIGSTOP')
    await delay(clock, SLEEP_MS / 2)
    meanwhile()
    await delay(clock, SLEEP_MS / 2)
    const wokeMs = clock.wallMs()
    child?.kill('SIGCONT')
    return wokeMs
  }

  async isWellAgain(wokeMs: number): Promise<void> {
    await waitFor(
      () => {
        const last = this.lines('health', wokeMs).at(-1)
        return (
          last?.books.every((state) => state === 'LIVE') &&
          last.feeds.every(([, state]) => state === 'OK') &&
          this.lines('candle').some(({ openTimeMs }) => openTimeMs > wokeMs)
        )
      },
      { timeoutMs: 60_000, what: 'everything to be well after waking' },
    )
  }

  async end(): Promise<void> {
    const { exitCode } = child as ChildProcess
    const ended = exitCode === null ? once(child as ChildProcess, 'close') : Promise.resolve()
    child?.kill('SIGTERM')
    await ended
  }

  /** Every candle once and in order; every trade, or the gap that has exactly its ids. */
  expectComplete(): void {
    const candles = this.lines('candle').map(({ openTimeMs }) => openTimeMs)
    const truth = venue.oracle.candles('BTCUSDT', '1s', { fromMs: candles[0] ?? 0, toMs: candles.at(-1) ?? 0 })
    expect(candles).toEqual(truth.map(({ openTime }) => openTime))
    const ids = this.lines('trade').map(({ id }) => id)
    const holes = ids.flatMap((id, index) => {
      const before = ids[index - 1]
      return before === undefined || id === before + 1
        ? []
        : [{ from: before + 1, to: id - 1, missing: id - 1 - before }]
    })
    const told = this.lines('gap')
      .map(({ gap }) => gap)
      .filter(({ streamType, kind }) => streamType === 'TRADE' && kind === 'opened')
    expect(told.map(({ from, to, missing }) => ({ from, to, missing }))).toEqual(holes)
  }

  events(fromMs = 0): string[] {
    return this.lines('log', fromMs).map(({ event }) => event)
  }
}

async function begin(name: string): Promise<Sleeper> {
  venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'spot', preset: 'calm', extras: false, seed: 11 })
  const sleeper = new Sleeper(name)
  await waitFor(() => sleeper.lines('candle').length >= 3 && sleeper.lines('health').at(-1)?.books[0] === 'LIVE', {
    timeoutMs: 60_000,
    what: 'three candles and a book',
  })
  return sleeper
}

describe('a feed whose process slept', () => {
  it('and whose socket lived loses nothing, and raises no alarm over its own pause', {
    timeout: 240_000 + 2 * SLEEP_MS,
  }, async () => {
    const sleeper = await begin('lived')
    const wokeMs = await sleeper.sleep(() => {})
    await sleeper.isWellAgain(wokeMs)
    await sleeper.end()
    sleeper.expectComplete()
    const events = sleeper.events(wokeMs)
    expect(events.filter((event) => /WATCHDOG|STALE|SILENT|DISCONNECTED|GAP/.test(event))).toEqual([])
    // What had waited in the socket is old, and the figures say so.
    const p99 = Math.max(...sleeper.lines('health', wokeMs).flatMap(({ feeds }) => feeds.map(([, , , ms]) => ms ?? 0)))
    expect(p99).toBeGreaterThan(SLEEP_MS / 2)
  })

  it('and whose socket died meanwhile says what is missing, and fetches the candles', {
    timeout: 240_000 + 2 * SLEEP_MS,
  }, async () => {
    const sleeper = await begin('died')
    const wokeMs = await sleeper.sleep(() => expect(venue.cut()).toBe(1))
    await sleeper.isWellAgain(wokeMs)
    // What waited in the socket may have been the last trade for a while.
    const gapsOf = (type: string): GapEvent[] =>
      sleeper.lines('gap').flatMap(({ gap }) => (gap.streamType === type ? [gap] : []))
    for (const type of ['TRADE', 'BOOK_TICKER', 'DEPTH'])
      await waitFor(() => gapsOf(type).length === 2, { timeoutMs: 60_000, what: `the gap in ${type}` })
    await sleeper.end()
    sleeper.expectComplete()
    const events = sleeper.events(wokeMs)
    expect(events.filter((event) => event === 'WATCHDOG_TRIGGERED')).toEqual([])
    expect(events.filter((event) => event === 'CONNECTION_DISCONNECTED')).toHaveLength(1)
    expect(sleeper.lines('candle', wokeMs).some(({ origin }) => origin === 'backfill')).toBe(true)
    const kinds = (type: string): string[] => gapsOf(type).map(({ kind }) => kind)
    expect(kinds('TRADE')).toEqual(['opened', 'unfillable'])
    expect(kinds('BOOK_TICKER')).toEqual(['opened', 'filled'])
    expect(kinds('DEPTH')).toEqual(['opened', 'filled'])
    // The last quote before the hole was read on waking, and had come before the middle of the sleep.
    expect(gapsOf('BOOK_TICKER')[0]?.from).toBeLessThan(wokeMs - SLEEP_MS / 2)
    // No book is said to be LIVE between the loss and the next snapshot.
    const all = sleeper.all()
    const lostAt = all.findIndex((line) => line.kind === 'log' && line.event === 'CONNECTION_DISCONNECTED')
    const healedAt = all.findIndex((line, at) => at > lostAt && line.kind === 'log' && line.event === 'BOOK_RECOVERED')
    expect(healedAt).toBeGreaterThan(lostAt)
    const between = all.slice(lostAt, healedAt).filter((line) => line.kind === 'health')
    for (const { books } of between) expect(books).not.toEqual(['LIVE'])
  })
})
