/**
 * One run of a whole feed: the manager with every kind of stream on a simulated venue in memory, a time of faults and
 * calls as its schedule says, then a time of peace in which everything has to heal, then the end. Judged while it
 * goes on (books, health) and afterwards (`checks.ts`).
 */
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager } from '../../../src/live/index.js'
import { MemoryFileStore, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue } from '../../../src/sim/index.js'
import { BookMirror } from './book-mirror.js'
import { judge } from './checks.js'
import { HealthJudge } from './health-judge.js'
import { BREAK, Recorder, type Violation } from './recorder.js'
import { BOOK_SYMBOLS, type Schedule, type Step, SYMBOLS } from './schedule.js'
import { CountedClock, WatchedHttpClient, WatchedTransport } from './watched-doors.js'

export interface RunFigures {
  readonly published: number
  readonly candles: number
  readonly backfilled: number
  readonly tradesBackfilled: number
  /** Copies that the other socket of a pair had delivered before. */
  readonly redundantCopies: number
  readonly booksCompared: number
  readonly gapsOpened: number
  readonly faults: number
  readonly faultKinds: readonly string[]
  readonly reconnects: number
  readonly refreshes: number
  readonly resyncs: number
  readonly healMs: number
}

export interface RunOutcome {
  readonly schedule: Schedule
  readonly violations: readonly Violation[]
  readonly figures: RunFigures
  /** Of everything published, in order: equal for equal schedules. */
  readonly digest: string
  /** What happened, a line each, for the story of a failure. */
  readonly story: readonly string[]
}

/** Faults that send pings. */
const FLOODS = /^(pingFlood|framing pings)/
/** No fault lasts longer. */
const LAST_FAULT_MS = 12_000
/** After the last fault everything must be whole within this. */
const HEAL_MS_MAX = 120_000
/** `stop()` promises two seconds. */
const STOP_MS_MAX = 2_000
/** The venue may break nothing of this by itself. */
const EARNED = new Set([
  'messageRate',
  'streamsPerConnection',
  'connectAttempts',
  'requestWeight',
  'fundingCalls',
  'ban',
])

export async function runSchedule(schedule: Schedule): Promise<RunOutcome> {
  const { seed, market, faultyMs } = schedule
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    seed,
    clock,
    listen: false,
    market,
    symbols: [...SYMBOLS],
    preset: 'calm',
    warmupBars: 3,
    extras: false,
    lateAckChance: 0.2,
    oracle: { framesKept: 4_096 },
    ...(seed % 3 === 0 ? { errorShape: 'mixed' as const, shuffleKeys: true, addUnknownKeys: true } : {}),
  })
  const random = new SeededRandom(seed, 'whole feed')
  const bus = new Bus({ clock })
  const ownClock = new CountedClock(clock)
  const files = new MemoryFileStore()
  const recorder = new Recorder(bus, venue, clock)
  const complain = (rule: string, text: string): void => recorder.complain(rule, text)
  const mirrors = new Map(BOOK_SYMBOLS.map((symbol) => [symbol as string, new BookMirror(venue, market, symbol)]))
  const inner = new SimTransport(venue)
  const transport = new WatchedTransport(inner, clock, complain)
  const manager = new LiveDataFeedManager(
    {
      venue: market === 'spot' ? 'SIM_SPOT' : 'SIM_FUTURES',
      streams: schedule.streams,
      connection: {
        baseUrl: 'ws://sim',
        restUrl: 'http://sim',
        connectTimeoutMs: 3_000,
        pingIntervalMs: 4_000,
        pingTimeoutMs: 2_000,
        baseReconnectDelayMs: 200,
        reconnectDelayMsMax: 2_000,
        streamsPerConnectionMax: schedule.streamsPerConnectionMax,
        redundant: schedule.redundant,
      },
      health: { stalenessThresholdMs: 3_000, healthCheckIntervalMs: 500, watchdogTimeoutMs: 15_000 },
      candles: {
        closeGraceMs: schedule.closeGraceMs,
        holdMsMax: schedule.holdMsMax,
        ...(schedule.hasStateFile ? { stateDir: 'state' } : {}),
      },
      trades: { backfillTrades: schedule.backfillTrades },
      book: { emitDeltas: schedule.emitDeltas, publishIntervalMs: schedule.publishIntervalMs },
    },
    bus,
    {
      name: 'whole',
      runtime: {
        clock: ownClock,
        random: random.split('feed'),
        http: new WatchedHttpClient(new SimHttpClient(venue), clock, complain),
        files,
      },
      transport,
    },
  )
  bus.subscribe('mkt.orderbook', ({ payload }) => {
    const book = payload.state === 'LIVE' ? manager.book(payload.symbol) : undefined
    if (book === undefined || book.sequence !== payload.sequence) return
    const found = mirrors.get(payload.symbol)?.difference(book) ?? null
    if (found !== null) complain('book', `${payload.symbol} at ${payload.sequence}: ${found}`)
  })
  const health = new HealthJudge(recorder, clock, schedule)
  bus.subscribe('live.health', ({ payload }) => health.onHealth(payload))
  const slow = hostileSubscribers(bus, clock, random.split('subscribers'))

  const told: Told[] = []
  const tell = (text: string): void => {
    told.push({ atMs: clock.monotonicMs(), text })
  }
  await settled(manager.start(), clock, complain, 'start')
  const startedMs = clock.monotonicMs()
  for (const step of schedule.steps) {
    const untilMs = startedMs + step.atMs
    if (untilMs > clock.monotonicMs()) await clock.advance(untilMs - clock.monotonicMs())
    tell(describe(step))
    act(step, { manager, venue, clock, recorder, health, tell })
  }
  if (startedMs + faultyMs > clock.monotonicMs()) await clock.advance(startedMs + faultyMs - clock.monotonicMs())

  // Faults that last have ended by then; rules with uses left end here.
  await clock.advance(LAST_FAULT_MS)
  venue.core.faults.stop()
  const peaceMs = clock.monotonicMs()
  const sick = (): string | null => ailment(manager)
  while (sick() !== null && clock.monotonicMs() - peaceMs < HEAL_MS_MAX) await clock.advance(500)
  const healMs = clock.monotonicMs() - peaceMs
  const left = sick()
  if (left !== null) complain('liveness', `not whole ${HEAL_MS_MAX / 1_000} s after the last fault: ${left}`)
  const wholeAtMs = clock.monotonicMs()
  await clock.advance(6_000)
  judge({ schedule, venue, recorder, wholeAtMs })
  for (const { rule, detail, connection, timeMs } of venue.oracle.violations()) {
    if (!EARNED.has(rule)) continue
    // A flood of pings has to be answered, and the answers count.
    const isFlooded = recorder.faults.some((fault) => FLOODS.test(fault.text) && fault.connection === connection)
    if (!isFlooded)
      complain('limits', `${rule} on connection ${connection} at ${timeMs - 1_795_000_000_000}: ${detail}`)
  }
  checkSums(manager, recorder)
  slow.check(complain)

  const stats = manager.getStats()
  const stopMs = clock.monotonicMs()
  await settled(manager.stop(), clock, complain, 'stop')
  if (clock.monotonicMs() - stopMs > STOP_MS_MAX) complain('stop', `took ${clock.monotonicMs() - stopMs} ms`)
  for (const { gapId } of manager.gaps({ kind: 'opened' })) complain('gap open', `gap ${gapId} is open after stop`)
  if (manager.getStats().connection?.socketCount !== 0) complain('leak', 'sockets are left after stop')
  if (ownClock.timerCount !== 0) complain('leak', `${ownClock.timerCount} timers of the feed are left after stop`)
  if (schedule.hasStateFile) checkStateFile(files, recorder)
  slow.end()
  bus.close()
  await clock.advance(1_000)
  await settled(venue.stop(), clock, complain, 'stop of the venue')
  if (inner.openCount !== 0) complain('leak', `${inner.openCount} sockets are left`)
  // What the venue still had on the way.
  await clock.advance(60_000)
  if (clock.pendingTimerCount !== 0) complain('leak', `${clock.pendingTimerCount} timers are left at the venue`)
  return {
    schedule,
    violations: recorder.violations,
    story: storyOf(told, recorder),
    digest: recorder.digest(),
    figures: {
      published: recorder.published,
      candles: recorder.allCandles().length,
      backfilled: recorder.allCandles().filter(({ origin }) => origin === 'backfill').length,
      tradesBackfilled: stats.trades?.backfilled ?? 0,
      redundantCopies: stats.connection?.frames.redundant ?? 0,
      booksCompared: [...mirrors.values()].reduce((sum, { compared }) => sum + compared, 0),
      gapsOpened: stats.gapsOpened,
      faults: recorder.faults.length,
      faultKinds: [...new Set(recorder.faults.map(({ fault }) => fault))].sort(),
      reconnects: stats.connection?.reconnects ?? 0,
      refreshes: stats.connection?.refreshes ?? 0,
      resyncs: manager.getHealth().books.reduce((sum, { resyncCount }) => sum + resyncCount, 0),
      healMs,
    },
  }
}

interface Told {
  readonly atMs: number
  readonly text: string
}

/** The hostile subscribers at work. */
const NOISE = new Set(['BUS_OVERLOAD', 'HANDLER_ERROR'])

/** Calls, faults, what the feed wrote about itself and what broke, in the order of time. */
function storyOf(told: readonly Told[], recorder: Recorder): string[] {
  return [
    ...told,
    ...recorder.faults.map(({ atMs, text }) => ({ atMs, text: `venue: ${text}` })),
    ...recorder.log
      .filter(({ payload }) => !NOISE.has(payload.event))
      .map(({ atMs, payload }) => ({ atMs, text: `feed:  ${payload.event} ${payload.message}` })),
    ...recorder.violations.map(({ atMs, rule, text }) => ({ atMs, text: `BROKEN ${rule}: ${text}` })),
  ]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, text }) => `${(atMs / 1_000).toFixed(3).padStart(8)} s  ${text}`)
}

interface Stage {
  readonly manager: LiveDataFeedManager
  readonly venue: SimVenue
  readonly clock: VirtualClock
  readonly recorder: Recorder
  readonly health: HealthJudge
  readonly tell: (text: string) => void
}

/** Calls are not waited for: what a user asks for meets the faults that follow. A refused one is the user's news. */
function act(step: Step, { manager, venue, clock, recorder, health, tell }: Stage): void {
  const refused = (error: unknown): void => tell(`refused: ${String(error)}`)
  switch (step.act) {
    case 'fault':
      venue.inject(step.rule)
      return
    case 'refresh':
      manager.refresh().catch(refused)
      return
    case 'subscribe':
      recorder.onBreak(step.streams)
      manager.subscribe(step.streams).catch(refused)
      return
    case 'unsubscribe':
      manager.unsubscribe(step.streams).catch(refused)
      return
    case 'jumpWall':
      health.onWallJump()
      clock.jumpWall(step.byMs)
      return
  }
}

export function describe(step: Step): string {
  switch (step.act) {
    case 'fault':
      return `venue: ${JSON.stringify(step.rule)}`
    case 'jumpWall':
      return `our wall clock jumps by ${step.byMs} ms`
    case 'refresh':
      return 'call: refresh()'
    default:
      return `call: ${step.act}(${step.streams.map(({ symbol, type }) => `${symbol} ${type}`).join(', ')})`
  }
}

/** What is not whole yet, or `null`. */
function ailment(manager: LiveDataFeedManager): string | null {
  const { state, feeds, books, connections } = manager.getHealth()
  if (state !== 'RUNNING') return `the manager is ${state}`
  const parts = connections.flatMap(({ id, state: own, paths }) => [
    { id, state: own },
    ...paths.map((path) => ({ id: `${id}/${path.path}`, state: path.state })),
  ])
  const down = parts.find((part) => part.state !== 'OPEN')
  if (down !== undefined) return `${down.id} is ${down.state}`
  const silent = feeds.find((feed) => feed.isStale || (feed.state === 'NEVER_RECEIVED' && isSteady(feed.stream)))
  if (silent !== undefined) return `${silent.stream} is ${silent.state}`
  const book = books.find((one) => one.state !== 'LIVE')
  if (book !== undefined) return `the book of ${book.symbol} is ${book.state}`
  const [gap] = manager.gaps({ kind: 'opened' })
  return gap === undefined ? null : `gap ${gap.gapId} of ${gap.symbol} ${gap.streamType} is open`
}

/** Streams of a venue that is never quiet for long. */
function isSteady(stream: string): boolean {
  return /@(depth|bookTicker|ticker|miniTicker|markPrice|kline_1s)/.test(stream)
}

/** Every frame and every message is counted once by what became of it. */
function checkSums(manager: LiveDataFeedManager, recorder: Recorder): void {
  const stats = manager.getStats()
  const { router, connection } = stats
  if (router === null || connection === null) return
  const { messagesPublished, messagesIgnored, duplicatesDropped, messagesRejected, messagesHeld } = stats
  const sum = messagesPublished + messagesIgnored + duplicatesDropped + messagesRejected + messagesHeld
  if (sum !== stats.messagesReceived) {
    recorder.complain('conservation', `${stats.messagesReceived} messages received, ${sum} accounted for`)
  }
  const { frames } = connection
  const routed = frames.data + frames.control + frames.serverShutdown + frames.unplaced + frames.rejected
  if (routed !== router.received)
    recorder.complain('conservation', `${routed} frames handed on, ${router.received} routed`)
  if (frames.failed > 0) recorder.complain('conservation', `${frames.failed} frames ended in an exception`)
  const last = new Map(recorder.gaps.map(({ payload }) => [payload.gapId, payload.kind]))
  const { opened, open, filled, unfillable } = stats.gaps
  if (opened !== last.size || open + filled + unfillable !== opened) {
    recorder.complain('conservation', `${opened} gaps counted, ${last.size} told`)
  }
  for (const gap of manager.gaps()) {
    if (last.get(gap.gapId) !== gap.kind) recorder.complain('ledger', `gap ${gap.gapId} is listed as ${gap.kind}`)
  }
}

/** A process that starts again begins behind the last candle that was published, not before and not after. */
function checkStateFile(files: MemoryFileStore, recorder: Recorder): void {
  const text = [...files.files.values()].join('')
  for (const [key, line] of recorder.candles) {
    const [symbol, interval] = key.split(' ')
    const saved = text.split('\n').flatMap((record): number[] => {
      const at = record.indexOf('[')
      if (at < 0) return []
      const [, ofSymbol, ofInterval, openTimeMs] = JSON.parse(record.slice(at)) as [string, string, string, number]
      return ofSymbol === symbol && ofInterval === interval ? [openTimeMs] : []
    })
    const last = Math.max(0, ...line.map((seen) => (seen === BREAK ? 0 : seen.payload.openTimeMs)))
    if (last > 0 && Math.max(...saved) !== last) {
      recorder.complain('state file', `${key}: ${Math.max(...saved)} is saved, ${last} was published`)
    }
  }
}

/** Subscribers that throw, and some that are far too slow: nobody else may notice. */
function hostileSubscribers(
  bus: Bus,
  clock: VirtualClock,
  random: SeededRandom | ReturnType<SeededRandom['split']>,
): { check(complain: (rule: string, text: string) => void): void; end(): void } {
  const throwing = bus.subscribe('mkt.>', () => {
    if (random.chance(0.01)) throw new Error('a subscriber of the simulation throws')
  })
  const policies = ['dropOldest', 'dropNewest', 'conflate'] as const
  const slow = policies.map((overflow) =>
    bus.subscribe(
      'mkt.>',
      () =>
        new Promise<void>((resolve) => {
          clock.setTimer(resolve, 300)
        }),
      { capacity: 16, overflow },
    ),
  )
  return {
    check(complain) {
      for (const subscription of slow) {
        const { offered, delivered, dropped, queued, discarded, topic } = subscription.stats()
        if (offered !== delivered + dropped + queued + discarded)
          complain('bus', `${topic}: ${offered} offered do not add up`)
        if (queued > 16) complain('bus', `${topic}: ${queued} messages wait where 16 may`)
      }
    },
    end() {
      for (const subscription of [throwing, ...slow]) subscription.unsubscribe()
    },
  }
}

/** Lets time pass until the promise settles; a rejection and a promise that never settles are violations. */
async function settled(
  promise: Promise<unknown>,
  clock: VirtualClock,
  complain: (rule: string, text: string) => void,
  what: string,
): Promise<void> {
  let isSettled = false
  promise.then(
    () => {
      isSettled = true
    },
    (error: unknown) => {
      isSettled = true
      complain('promise', `${what} was rejected: ${String(error)}`)
    },
  )
  for (let passedMs = 0; !isSettled; passedMs += 10) {
    if (passedMs > 60_000) return complain('promise', `${what} never settled`)
    await clock.advance(10)
  }
}
