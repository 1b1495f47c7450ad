/**
 * What one run of the whole feed goes through, drawn from a seed and nothing else: the streams, the faults of the
 * venue with their times, and what the user does meanwhile. Plain data, so that a failing run can be printed,
 * shortened step by step and repeated.
 */
import type { StreamConfig } from '../../../src/live/index.js'
import { streamConfig } from '../../../src/live/index.js'
import { type Random, SeededRandom } from '../../../src/runtime/index.js'
import type { FaultName, FaultRuleInput } from '../../../src/sim/index.js'
import { FAULT_VARIANTS } from '../../../src/sim/index.js'
import { StreamType } from '../../../src/types/index.js'

export type Action =
  | { readonly act: 'fault'; readonly rule: FaultRuleInput }
  | { readonly act: 'refresh' }
  | { readonly act: 'subscribe' | 'unsubscribe'; readonly streams: readonly StreamConfig[] }
  /** Our own wall clock is set. */
  | { readonly act: 'jumpWall'; readonly byMs: number }

/** Something that happens `atMs` after the feed started. */
export type Step = Action & { readonly atMs: number }

export interface Schedule {
  readonly seed: number
  readonly market: 'spot' | 'futures'
  readonly streams: readonly StreamConfig[]
  readonly streamsPerConnectionMax: number
  readonly emitDeltas: boolean
  readonly closeGraceMs: number
  readonly holdMsMax: number
  readonly publishIntervalMs: number
  /** Kinds that travel over two sockets at once. */
  readonly redundant: readonly StreamType[]
  /** Missing aggregated trades are fetched. */
  readonly backfillTrades: boolean
  /** The place in candles is kept in a state file. */
  readonly hasStateFile: boolean
  /** Faults and calls, by time. */
  readonly steps: readonly Step[]
  /** How long the time of faults lasts; afterwards everything has to heal. */
  readonly faultyMs: number
}

/** Symbols with a maintained book; the third has a partial one, so that their pictures are told apart. */
export const BOOK_SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const
export const PARTIAL_SYMBOL = 'SOLUSDT'
export const SYMBOLS: readonly string[] = [...BOOK_SYMBOLS, PARTIAL_SYMBOL]

/** Every kind of fault that the venue knows. */
export const FAULT_KINDS: readonly FaultName[] = Object.keys(FAULT_VARIANTS) as FaultName[]

export function drawSchedule(seed: number, given: { readonly faults?: readonly FaultName[] } = {}): Schedule {
  const random = new SeededRandom(seed, 'schedule')
  const market = random.chance(0.4) ? 'futures' : 'spot'
  const streams = allStreams(market, random)
  const late = streams.filter(() => random.chance(0.15))
  // Candles of futures last a minute at least: two of them have to end.
  const faultyMs = market === 'spot' ? random.int(15_000, 40_000) : random.int(70_000, 110_000)
  const kinds = given.faults ?? drawKinds(random)
  return {
    seed,
    market,
    streams: streams.filter((stream) => !late.includes(stream)),
    streamsPerConnectionMax: oneOf(random, [4, 8, 200]),
    emitDeltas: random.chance(0.6),
    closeGraceMs: random.int(1_500, 3_000),
    holdMsMax: random.int(5_000, 60_000),
    publishIntervalMs: random.chance(0.8) ? 0 : 200,
    ...drawSafeguards(random.split('safeguards')),
    steps: [
      ...drawFaults(random.split('faults'), market, kinds, faultyMs),
      ...drawCalls(random.split('calls'), streams, late, faultyMs),
    ].sort((a, b) => a.atMs - b.atMs),
    faultyMs,
  }
}

/** What a user may turn on for more safety; each changes the way that everything else takes. */
function drawSafeguards(random: Random): Pick<Schedule, 'redundant' | 'backfillTrades' | 'hasStateFile'> {
  const share = oneOf(random, [0, 0.3, 0.7, 1])
  return {
    redundant: Object.values(StreamType).filter(() => random.chance(share)),
    backfillTrades: random.chance(0.5),
    hasStateFile: random.chance(0.5),
  }
}

/** One of each kind, for a schedule that leaves none out. */
export function scheduleOfAllKinds(seed: number): Schedule {
  return drawSchedule(seed, { faults: FAULT_KINDS })
}

/**
 * Ids of every symbol begin again, about when sockets are lost, replaced and handed over: each is harmless alone to
 * whoever compares ids, and together they decide what is a copy and what is new.
 */
export function scheduleOfRestarts(seed: number): Schedule {
  const drawn = drawSchedule(seed, { faults: RESTART_COMPANY })
  const random = new SeededRandom(seed, 'restarts')
  const steps = SYMBOLS.flatMap((symbol): Step[] => {
    const atMs = random.int(2_000, drawn.faultyMs - 2_000)
    const variant = oneOf(random, ['ids', 'tradeIds', 'allIds'])
    const near = (): number => Math.max(500, atMs + random.int(-1_500, 1_500))
    return [
      { atMs, act: 'fault', rule: { fault: 'venueReset', variant, on: { market: drawn.market, symbol } } },
      ...(random.chance(0.5) ? [{ atMs: near(), act: 'refresh' } as const] : []),
      ...(random.chance(0.5)
        ? [
            {
              atMs: near(),
              act: 'fault',
              rule: { fault: 'reset', ...(random.chance(0.5) ? { pick: 1 } : {}) },
            } as const,
          ]
        : []),
      ...(random.chance(0.3)
        ? [
            {
              atMs: near(),
              act: 'fault',
              rule: {
                fault: 'dropDiff',
                variant: 'trade',
                on: { symbol },
                probability: 0.5,
                per: 'frame',
                run: 2,
                count: 2,
              },
            } as const,
          ]
        : []),
    ]
  })
  return { ...drawn, steps: [...drawn.steps, ...steps].sort((a, b) => a.atMs - b.atMs) }
}

const RESTART_COMPANY: readonly FaultName[] = ['ageCut', 'slowLink', 'duplicate', 'oldSnapshot']

function allStreams(market: Schedule['market'], random: Random): StreamConfig[] {
  const isSpot = market === 'spot'
  const streams: StreamConfig[] = []
  for (const symbol of BOOK_SYMBOLS) {
    streams.push(
      streamConfig(symbol, 'KLINE', { interval: isSpot ? '1s' : '1m' }),
      streamConfig(symbol, 'DEPTH', { updateSpeed: '100ms' }),
      streamConfig(symbol, 'AGG_TRADE'),
      streamConfig(symbol, 'BOOK_TICKER'),
    )
  }
  streams.push(
    streamConfig('BTCUSDT', 'TRADE'),
    streamConfig('BTCUSDT', 'TICKER'),
    streamConfig(PARTIAL_SYMBOL, 'DEPTH', { depthLevels: oneOf(random, [5, 10, 20]) }),
    streamConfig(PARTIAL_SYMBOL, 'TRADE'),
    streamConfig(PARTIAL_SYMBOL, 'KLINE', { interval: '1m' }),
  )
  if (isSpot) streams.push(streamConfig('ETHUSDT', 'MINI_TICKER'))
  else {
    streams.push(streamConfig('BTCUSDT', 'MARK_PRICE', { updateSpeed: '1s' }), streamConfig('ETHUSDT', 'MARK_PRICE'))
    streams.push(streamConfig('ETHUSDT', 'LIQUIDATION'))
  }
  return streams
}

/** Some runs are calm, some violent, each with its own mix. */
function drawKinds(random: Random): FaultName[] {
  const share = oneOf(random, [0.1, 0.3, 0.6])
  const kinds = FAULT_KINDS.filter(() => random.chance(share))
  return kinds.length === 0 ? [oneOf(random, FAULT_KINDS)] : kinds
}

function drawFaults(random: Random, market: Schedule['market'], kinds: readonly FaultName[], faultyMs: number): Step[] {
  const steps: Step[] = []
  for (const kind of kinds) {
    // Two clock errors at once would add up to more than the grace time of a candle.
    const times = kind === 'clockSkew' ? 1 : random.int(1, 2)
    for (let index = 0; index < times; index++) {
      const rule = drawRule(random, market, kind)
      if (rule !== null) steps.push({ atMs: random.int(500, faultyMs - 1_000), act: 'fault', rule })
    }
  }
  return steps
}

/** One rule that ends by itself. */
function drawRule(random: Random, market: Schedule['market'], fault: FaultName): FaultRuleInput | null {
  const symbol = oneOf(random, SYMBOLS)
  const on = random.chance(0.6) ? { symbol } : {}
  const forMs = random.int(1_000, 10_000)
  const variants = FAULT_VARIANTS[fault]
  const variant = variants.length === 0 ? {} : { variant: oneOf(random, variants) }
  const pick = random.chance(0.7) ? { pick: 1 } : {}
  switch (fault) {
    case 'reset':
    case 'ageCut':
      return { fault, ...variant, ...pick }
    case 'close':
      return {
        fault,
        ...oneOf(random, [
          { code: 1000 },
          { code: 1001 },
          { code: 1008, reason: 'Too many requests' },
          { code: 1008, reason: 'Pong timeout' },
          { code: 1008, reason: 'Invalid request' },
          { code: 1011 },
        ]),
        ...pick,
      }
    case 'halfOpen':
      return { fault, ...pick, ...(random.chance(0.5) ? { for: forMs } : {}) }
    case 'silentAll':
      return { fault, for: forMs }
    case 'silentStream':
      return { fault, ...variant, on, for: forMs, ...(random.chance(0.6) ? { pick: random.int(1, 2) } : {}) }
    case 'ackSilent':
      return { fault, on, probability: 0.7, per: 'message', count: random.int(1, 3) }
    case 'connectFail':
      return { fault, ...variant, for: forMs }
    case 'httpStatus': {
      const status = oneOf(random, [503, 429, 418])
      const retryAfter = status === 503 ? {} : { retryAfter: random.int(1_000, 12_000) }
      const target = random.chance(0.6) ? { on: { rest: oneOf(random, ['depth', 'klines', '*']) } } : {}
      return { fault, status, ...retryAfter, ...target, for: forMs }
    }
    case 'slowHandshake':
      return { fault, delay: random.int(200, 6_000), for: forMs }
    case 'slowLink':
      return { fault, ...pick, for: forMs, bytesPerSecond: random.int(2_000, 40_000) }
    case 'framing':
    case 'duplicate':
    case 'reorder':
      return {
        fault,
        ...variant,
        on,
        probability: oneOf(random, [0.01, 0.1, 0.5]),
        per: 'frame',
        count: random.int(1, 20),
      }
    case 'dropDiff':
      return { fault, ...variant, on, probability: 0.2, per: 'frame', run: random.int(1, 12), count: random.int(1, 4) }
    case 'spliceVariant':
    case 'oldSnapshot':
      return { fault, ...variant, probability: 0.7, per: 'request', count: random.int(1, 3) }
    case 'snapshotFail':
      return {
        fault,
        ...variant,
        probability: 0.7,
        per: 'request',
        count: random.int(1, 3),
        delay: random.int(100, 3_000),
      }
    case 'candleClose':
      return { fault, ...variant, on, count: random.int(1, 4), delay: random.int(0, 5_000) }
    case 'serverShutdown':
      return market === 'spot' ? { fault, lead: random.int(500, 6_000), ...pick } : null
    case 'control':
      return {
        fault,
        ...variant,
        probability: 0.7,
        per: 'message',
        count: random.int(1, 2),
        delay: random.int(100, 3_000),
      }
    case 'venueReset':
      return { fault, ...variant, on: { market, symbol }, for: random.int(1_000, 6_000) }
    case 'clockSkew':
      return { fault, ...variant, offset: random.int(-1_300, 1_300), ppm: random.int(-300, 300), for: forMs }
    case 'pingFlood':
      return { fault, ...variant, times: random.int(5, 60), ...pick }
    case 'garbage':
      return { fault, ...variant, ...pick }
  }
}

/** What the user does: streams come and go, planned hand-overs, and a machine that jumps or sleeps. */
function drawCalls(
  random: Random,
  streams: readonly StreamConfig[],
  late: readonly StreamConfig[],
  faultyMs: number,
): Step[] {
  const steps: Step[] = []
  const atMs = (): number => random.int(500, faultyMs - 1_000)
  if (late.length > 0) steps.push({ atMs: atMs(), act: 'subscribe', streams: late })
  if (random.chance(0.5)) {
    const some = streams.filter(() => random.chance(0.2))
    const outMs = random.int(500, faultyMs - 9_000)
    if (some.length > 0 && some.length < streams.length) {
      steps.push({ atMs: outMs, act: 'unsubscribe', streams: some })
      steps.push({ atMs: outMs + random.int(50, 8_000), act: 'subscribe', streams: some })
    }
  }
  for (let count = random.int(0, 2); count > 0; count--) steps.push({ atMs: atMs(), act: 'refresh' })
  if (random.chance(0.1)) {
    steps.push({ atMs: atMs(), act: 'jumpWall', byMs: oneOf(random, [-3_600_000, -2_000, 2_000, 3_600_000]) })
  }
  return steps
}

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.int(0, values.length - 1)] as T
}
