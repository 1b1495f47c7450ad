/**
 * What a finished run is judged by: everything published against the venue's own record. Each rule can be broken on
 * its own and names what broke it; `books` and `health` are judged while the run goes on.
 */
import type { OracleTrade, PayloadIds, SimVenue } from '../../../src/sim/index.js'
import type {
  Candle,
  GapEvent,
  OrderBookDelta,
  OrderBookSnapshot,
  StreamType,
  Trade,
} from '../../../src/types/index.js'
import { complaints } from '../../live/candles/rig.js'
import { BREAK, type Line, type Recorder, type Seen } from './recorder.js'
import { PARTIAL_SYMBOL, type Schedule } from './schedule.js'

export interface Account {
  readonly schedule: Schedule
  readonly venue: SimVenue
  readonly recorder: Recorder
  /** When everything was found whole after the faults. */
  readonly wholeAtMs: number
}

/** Younger messages than this may still be on the way when a run ends. */
const ON_THE_WAY_MS = 1_500

export function judge(account: Account): void {
  checkGapLives(account)
  checkTrades(account)
  if (account.schedule.emitDeltas) checkDeltas(account)
  checkLatestValues(account)
  checkTimeGaps(account)
  checkCandles(account)
  account.recorder.checkUnchanged()
}

// --- gaps ---------------------------------------------------------------------------------------------------

/** The last word on each gap of a kind, by id. */
function gapsOf(recorder: Recorder, symbol: string, type: StreamType, unit: GapEvent['unit']): GapEvent[] {
  const last = new Map<number, GapEvent>()
  for (const { payload } of recorder.gaps) {
    if (payload.symbol === symbol && payload.streamType === type && payload.unit === unit)
      last.set(payload.gapId, payload)
  }
  return [...last.values()]
}

function openedAt(recorder: Recorder, gapId: number): number {
  return recorder.gaps.find(({ payload }) => payload.gapId === gapId)?.atMs ?? 0
}

function checkGapLives({ recorder, wholeAtMs }: Account): void {
  const open = new Map<number, GapEvent>()
  const closed = new Set<number>()
  for (const { payload } of recorder.gaps) {
    const { gapId, kind } = payload
    if (kind === 'opened') {
      if (open.has(gapId) || closed.has(gapId)) recorder.complain('gap twice', `gap ${gapId} opened again`)
      open.set(gapId, payload)
    } else {
      if (!open.delete(gapId)) recorder.complain('gap twice', `gap ${gapId} was ${kind} without being open`)
      closed.add(gapId)
    }
    if (payload.from > payload.to)
      recorder.complain('gap bounds', `gap ${gapId} runs from ${payload.from} to ${payload.to}`)
  }
  for (const gap of open.values()) {
    // A quiet symbol may fall silent again after everything was whole.
    if (gap.cause === 'SILENT' && openedAt(recorder, gap.gapId) > wholeAtMs) continue
    recorder.complain('gap open', `gap ${gap.gapId} of ${gap.symbol} ${gap.streamType} (${gap.cause}) never closed`)
  }
}

// --- trades -------------------------------------------------------------------------------------------------

function checkTrades(account: Account): void {
  const { schedule, venue, recorder } = account
  for (const [key, line] of recorder.trades) {
    const [symbol = '', kind] = key.split(' ')
    const type: StreamType = kind === 'single' ? 'TRADE' : 'AGG_TRADE'
    const name = `${symbol.toLowerCase()}@${kind === 'single' ? 'trade' : 'aggTrade'}`
    const gaps = gapsOf(recorder, symbol, type, 'tradeId')
    const lost = gaps.filter((gap) => gap.kind !== 'filled')
    const isLost = (id: number): boolean => lost.some(({ from, to }) => id >= from && id <= to)
    /** Executions outside the book have an id and are not published. */
    const isHidden = (id: number): boolean =>
      schedule.market === 'futures' &&
      kind === 'single' &&
      !isMarketTrade(venue.oracle.trades(symbol, id, id, 'futures'))
    let last: number | null = null
    let before: Seen<Trade> | null = null
    for (const seen of line) {
      if (seen === BREAK) {
        last = null
        before = null
        continue
      }
      const { payload, atMs } = seen
      const { id } = payload
      if (last !== null && id <= last) {
        if (isReset(recorder, symbol, type, atMs)) {
          if (before !== null) checkRestart(account, name, type, before, seen)
          last = null
        } else recorder.complain(id === last ? 'duplicated' : 'reordered', `${name}: ${id} after ${last}`)
      }
      before = seen
      for (let missing = (last ?? id - 1) + 1; missing < id; missing++) {
        if (isLost(missing) || isHidden(missing)) continue
        recorder.complain('unreported', `${name}: ${missing} is missing before ${id}, and no gap says so`)
        break
      }
      last = Math.max(last ?? id, id)
      compareTrade(venue, schedule, recorder, payload, name)
    }
    for (const { gapId, from, to } of lost) {
      const published = line.find((seen) => seen !== BREAK && seen.payload.id >= from && seen.payload.id <= to)
      if (published !== undefined)
        recorder.complain('unreal gap', `${name}: gap ${gapId} (${from} to ${to}) was delivered`)
    }
    for (const { gapId, from, to } of gaps) {
      if (to - from > HOLE_MAX)
        recorder.complain('gap bounds', `${name}: gap ${gapId} (${from} to ${to}) spans ids that were never given`)
    }
    const idOf = ({ t, a }: PayloadIds): number | undefined => (kind === 'single' ? t : a)
    checkTail(recorder, name, idOf, last)
    checkDeafness(recorder, name, idOf, line, isHidden)
  }
}

/** Ids go back much further when they begin again. */
const HOLE_MAX = 1_000_000

/**
 * Ids began again between two published trades: whatever the venue sent between them lies in the hole in time that says
 * so.
 */
function checkRestart(
  { schedule, venue, recorder }: Account,
  name: string,
  type: StreamType,
  before: Seen<Trade>,
  after: Seen<Trade>,
): void {
  const idOf = ({ t, a }: PayloadIds): number | undefined => (type === 'TRADE' ? t : a)
  const truth = venue.oracle.truth(name, schedule.market)
  const from = truth.findLastIndex(({ ids }) => idOf(ids) === before.payload.id)
  const to = truth.findLastIndex(({ ids }) => idOf(ids) === after.payload.id)
  const missed = from < 0 ? undefined : truth.slice(from + 1, to).at(0)
  const told = recorder.gaps.find(
    ({ payload, atMs }) =>
      payload.cause === 'RESET' &&
      payload.symbol === after.payload.symbol &&
      payload.streamType === type &&
      atMs >= before.atMs &&
      atMs <= after.atMs,
  )
  if (told === undefined) {
    recorder.complain('unreported', `${name}: ids began again at ${after.payload.id}, and no gap says so then`)
    return
  }
  if (missed === undefined || schedule.steps.some(({ act }) => act === 'jumpWall')) return
  const missedMs = missed.timeMs - venue.clock.wallMs() + recorder.clock.monotonicMs()
  const fromMs = before.atMs + (told.payload.from - before.payload.receiveTimeMs)
  // The bounds of a gap are our receive times; over a clamped link those are as much later as the clamp lasts.
  const isClamped = schedule.steps.some((step) => step.act === 'fault' && step.rule.fault === 'slowLink')
  if (fromMs > missedMs + (isClamped ? CLAMP_MS_MAX : ON_THE_WAY_MS)) {
    recorder.complain(
      'unreported',
      `${name}: ${idOf(missed.ids)} is missing before ids began again, outside of the gap`,
    )
  }
}

/** A feed that takes all that comes for repetition ends with ids that are not published, however small they are. */
function checkDeafness(
  recorder: Recorder,
  name: string,
  idOf: (ids: PayloadIds) => number | undefined,
  line: Line<Trade>,
  isHidden: (id: number) => boolean,
): void {
  const untilMs = recorder.clock.monotonicMs() - ON_THE_WAY_MS
  const ids = new Set(line.flatMap((seen) => (seen === BREAK ? [] : [seen.payload.id])))
  const last = line.at(-1)
  const frames = recorder.shown.get(name)?.frames ?? []
  if (last === undefined || last === BREAK) return
  const unheard = new Set<number>()
  for (const frame of frames) {
    const id = idOf(frame.ids)
    if (id === undefined || frame.atMs <= last.atMs || frame.atMs > untilMs || ids.has(id) || isHidden(id)) continue
    unheard.add(id)
  }
  // Fewer may be waiting for the one that tells a restart from repetition.
  if (unheard.size > DOUBTED_MAX) {
    recorder.complain('tail', `${name}: ${unheard.size} messages were sent after ${last.payload.id}, none is published`)
  }
}

const DOUBTED_MAX = 2
/** Faults of a schedule last ten seconds at most. */
const CLAMP_MS_MAX = 11_000

/** What the venue handed to a connection before the last moments must be there. */
function checkTail(
  recorder: Recorder,
  name: string,
  idOf: (ids: PayloadIds) => number | undefined,
  last: number | null,
): void {
  const untilMs = recorder.clock.monotonicMs() - ON_THE_WAY_MS
  const due = recorder.shown
    .get(name)
    ?.frames.filter(({ atMs }) => atMs < untilMs)
    .at(-1)
  const id = due === undefined ? undefined : idOf(due.ids)
  if (last !== null && id !== undefined && id > last) {
    recorder.complain('tail', `${name}: ends at ${last}, ${id} was sent`)
  }
}

function isMarketTrade(trades: readonly OracleTrade[]): boolean {
  return trades[0]?.kind !== 'INSURANCE_FUND' && trades[0]?.kind !== 'ADL' && trades[0]?.kind !== 'NA'
}

function compareTrade(venue: SimVenue, { market }: Schedule, recorder: Recorder, trade: Trade, name: string): void {
  if (trade.kind !== 'single') return
  const [real] = venue.oracle.trades(trade.symbol, trade.id, trade.id, market)
  if (real === undefined) return
  if (
    trade.price !== Number(real.price) ||
    trade.qty !== Number(real.qty) ||
    trade.isBuyerMaker !== real.isBuyerMaker
  ) {
    recorder.complain('value', `${name}: trade ${trade.id} was published as ${trade.qty} at ${trade.price}`)
  }
}

/** The ledger said that the ids of this stream began again. */
function isReset(recorder: Recorder, symbol: string, type: StreamType, atMs: number): boolean {
  return recorder.gaps.some(
    ({ payload, atMs: toldMs }) =>
      payload.symbol === symbol && payload.streamType === type && payload.cause === 'RESET' && toldMs <= atMs,
  )
}

// --- depth --------------------------------------------------------------------------------------------------

function checkDeltas({ schedule, venue, recorder }: Account): void {
  for (const [symbol, line] of recorder.deltas) {
    const name = `${symbol.toLowerCase()}@depth@100ms`
    const gaps = gapsOf(recorder, symbol, 'DEPTH', 'updateId')
    const covers = (from: number, to: number): boolean => gaps.some((gap) => gap.from <= from && gap.to >= to)
    let last: number | null = null
    for (const seen of line) {
      if (seen === BREAK) {
        last = null
        continue
      }
      const { payload, atMs } = seen
      if (payload.isSnapshot === true) {
        if (last !== null && payload.sequence < last && isReset(recorder, symbol, 'DEPTH', atMs))
          last = payload.sequence
        last = Math.max(last ?? payload.sequence, payload.sequence)
        continue
      }
      if (last !== null && payload.sequence <= last) {
        if (isReset(recorder, symbol, 'DEPTH', atMs)) last = null
        else recorder.complain('reordered', `${name}: ${payload.sequence} after ${last}`)
      }
      const before = schedule.market === 'spot' ? payload.firstSequence - 1 : (payload.previousSequence ?? 0)
      if (last !== null && before > last && !covers(last + 1, before)) {
        recorder.complain('unreported', `${name}: ${last + 1} to ${before} are missing, and no gap says so`)
      }
      last = Math.max(last ?? payload.sequence, payload.sequence)
    }
    checkDepthGaps(recorder, venue, schedule, name, gaps, line)
    checkTail(recorder, name, ({ u }) => u, last)
  }
}

/** Every hole reported is one, and its bounds are those of messages. */
function checkDepthGaps(
  recorder: Recorder,
  venue: SimVenue,
  { market }: Schedule,
  name: string,
  gaps: readonly GapEvent[],
  line: Line<OrderBookDelta>,
): void {
  const truth = venue.oracle.truth(name, market)
  const firsts = new Set(truth.map(({ ids }) => ids.U))
  const lasts = new Set(truth.map(({ ids }) => ids.u))
  for (const { gapId, from, to } of gaps) {
    const inside = line.find(
      (seen) =>
        seen !== BREAK &&
        seen.payload.isSnapshot !== true &&
        seen.payload.sequence >= from &&
        seen.payload.sequence <= to,
    )
    if (inside !== undefined) recorder.complain('unreal gap', `${name}: gap ${gapId} (${from} to ${to}) was delivered`)
    const isExact = lasts.has(from - 1) && (market === 'spot' ? firsts.has(to + 1) : lasts.has(to))
    if (!isExact)
      recorder.complain('gap bounds', `${name}: gap ${gapId} (${from} to ${to}) does not lie between messages`)
  }
}

// --- latest values ------------------------------------------------------------------------------------------

function checkLatestValues({ recorder }: Account): void {
  for (const [symbol, line] of recorder.bbos) {
    checkRising(recorder, `${symbol} best bid and offer`, symbol, 'BOOK_TICKER', line, ({ sequence }) => sequence, true)
  }
  for (const [symbol, line] of recorder.pictures) {
    if (symbol !== PARTIAL_SYMBOL) checkPictures(recorder, symbol, line)
    else checkRising(recorder, `${symbol} partial depth`, symbol, 'DEPTH', line, ({ sequence }) => sequence, false)
  }
  for (const [symbol, line] of recorder.fundings) {
    checkRising(recorder, `${symbol} mark price`, symbol, 'MARK_PRICE', line, ({ venueTimeMs }) => venueTimeMs, true)
  }
}

function checkRising<T>(
  recorder: Recorder,
  name: string,
  symbol: string,
  type: StreamType,
  line: Line<T>,
  idOf: (payload: T) => number,
  isStrict: boolean,
): void {
  let last: number | null = null
  for (const seen of line) {
    if (seen === BREAK) {
      last = null
      continue
    }
    const id = idOf(seen.payload)
    const isBack = last !== null && (isStrict ? id <= last : id < last)
    if (isBack && !isReset(recorder, symbol, type, seen.atMs)) {
      recorder.complain('reordered', `${name}: ${id} after ${last}`)
    }
    last = id
  }
}

/** A LIVE book never goes back, unless the venue did. */
function checkPictures(recorder: Recorder, symbol: string, line: Line<OrderBookSnapshot>): void {
  let last = -1
  for (const seen of line) {
    if (seen === BREAK) {
      last = -1
      continue
    }
    const { payload, atMs } = seen
    if (payload.state !== 'LIVE') continue
    if (payload.isCrossed) recorder.complain('crossed', `${symbol}: LIVE at ${payload.sequence} and crossed`)
    if (payload.sequence < last && !isReset(recorder, symbol, 'DEPTH', atMs)) {
      recorder.complain('reordered', `${symbol}: book at ${payload.sequence} after ${last}`)
    }
    last = payload.sequence
  }
}

/** While a hole in time is open nothing of that stream comes, and a long silence has one. */
function checkTimeGaps({ schedule, venue, recorder }: Account): void {
  const opened = new Map<number, Seen<GapEvent>>()
  for (const seen of recorder.gaps) {
    const { payload } = seen
    if (payload.unit !== 'time') continue
    if (payload.kind === 'opened') {
      opened.set(payload.gapId, seen)
      continue
    }
    // Said afterwards: what came meanwhile was taken for repetition.
    if (payload.cause === 'RESET') continue
    const from = opened.get(payload.gapId)
    const line = latestValues(recorder, payload.symbol, payload.streamType)
    if (from === undefined || line === undefined) continue
    // The message that ends a gap is published at the same moment.
    const inside = line.some((one) => one !== BREAK && one.atMs > from.atMs && one.atMs < seen.atMs)
    if (inside) {
      recorder.complain('unreal gap', `${payload.symbol} ${payload.streamType}: messages came in gap ${payload.gapId}`)
    }
  }
  for (const { symbol, type, name } of steadyStreams(schedule)) {
    const told = [...opened.values()].filter(({ payload }) => payload.symbol === symbol && payload.streamType === type)
    const truth = venue.oracle.truth(name, schedule.market)
    const meanMs = ((truth.at(-1)?.timeMs ?? 0) - (truth[0]?.timeMs ?? 0)) / Math.max(1, truth.length - 1)
    let before: Seen<unknown> | null = null
    for (const seen of latestValues(recorder, symbol, type) ?? []) {
      const last = before
      before = seen === BREAK ? null : seen
      if (seen === BREAK || last === null) continue
      const pauseMs = seen.atMs - last.atMs
      if (pauseMs < Math.max(LONG_SILENCE_MS, 20 * meanMs)) continue
      const missed = truth.filter(({ timeMs }) => {
        const atMs = timeMs - venue.clock.wallMs() + recorder.clock.monotonicMs()
        return atMs > last.atMs + ON_THE_WAY_MS && atMs < seen.atMs - ON_THE_WAY_MS
      }).length
      const isTold = told.some(({ atMs }) => atMs > last.atMs && atMs <= seen.atMs)
      if (missed > 3 && !isTold) {
        recorder.complain('silence', `${name}: nothing for ${Math.round(pauseMs)} ms, and no gap says so`)
      }
    }
  }
}

/** Longer than the staleness threshold grows for a stream that has just lost some messages. */
const LONG_SILENCE_MS = 8_000

function steadyStreams(schedule: Schedule): { symbol: string; type: StreamType; name: string }[] {
  return schedule.streams.flatMap(
    ({ symbol, type, depthLevels }): { symbol: string; type: StreamType; name: string }[] => {
      const wire = symbol.toLowerCase()
      if (type === 'BOOK_TICKER') return [{ symbol, type, name: `${wire}@bookTicker` }]
      if (type === 'TICKER') return [{ symbol, type, name: `${wire}@ticker` }]
      return depthLevels === undefined ? [] : [{ symbol, type, name: `${wire}@depth${depthLevels}` }]
    },
  )
}

/** What a stream of latest values published; `undefined` for other kinds. */
function latestValues(recorder: Recorder, symbol: string, type: StreamType): Line<unknown> | undefined {
  if (type === 'BOOK_TICKER') return recorder.bbos.get(symbol) as Line<unknown> | undefined
  if (type === 'TICKER' || type === 'MINI_TICKER') return recorder.tickers.get(symbol) as Line<unknown> | undefined
  if (type === 'MARK_PRICE') return recorder.fundings.get(symbol) as Line<unknown> | undefined
  const isPartial = type === 'DEPTH' && symbol === PARTIAL_SYMBOL
  return isPartial ? (recorder.pictures.get(symbol) as Line<unknown> | undefined) : undefined
}

// --- candles ------------------------------------------------------------------------------------------------

function checkCandles({ schedule, venue, recorder }: Account): void {
  const told = recorder.gaps.map(({ payload }) => payload).filter(({ streamType }) => streamType === 'KLINE')
  // Given up when the stream was, and fetched for its next life under a gap of its own: the later word counts.
  const gaps = told.filter(
    ({ kind, gapId, symbol, detail, from, to }) =>
      kind !== 'unfillable' ||
      !told.some(
        (later) =>
          later.kind === 'filled' &&
          later.gapId > gapId &&
          later.symbol === symbol &&
          later.detail === detail &&
          later.from <= from &&
          later.to >= to,
      ),
  )
  for (const [key, line] of recorder.candles) {
    const [symbol = '', interval = ''] = key.split(' ')
    let last = -1
    for (const { openTimeMs } of line.flatMap((seen) => (seen === BREAK ? [] : [seen.payload]))) {
      if (openTimeMs <= last) recorder.complain('candle', `${key}: ${openTimeMs} after ${last}`)
      last = openTimeMs
    }
    // A stream that was given up and asked for again begins anew; only its last life has to reach the end.
    const lives = livesOf(line).filter((candles) => candles.length > 0)
    for (const [index, candles] of lives.entries()) {
      if (candles.length === 0) continue
      const slack = index < lives.length - 1 ? Number.POSITIVE_INFINITY : interval === '1s' ? 6 : 2
      for (const text of complaints({ venue, candles, gaps }, symbol, interval as '1s' | '1m', slack)) {
        recorder.complain('candle', text)
      }
    }
  }
  if (schedule.steps.some((step) => step.act === 'fault' && step.rule.fault === 'candleClose')) return
  for (const candle of recorder.allCandles()) {
    const { symbol, interval, openTimeMs } = candle
    const range = { market: schedule.market, fromMs: openTimeMs, toMs: openTimeMs }
    const [real] = venue.oracle.candles(symbol, interval, range)
    if (real === undefined) continue
    if (candle.close !== Number(real.close) || candle.volume !== Number(real.volume)) {
      recorder.complain('value', `${symbol} ${interval} ${openTimeMs}: published with other values than the venue's`)
    }
  }
}

function livesOf(line: Line<Candle>): Candle[][] {
  const lives: Candle[][] = [[]]
  for (const seen of line) {
    if (seen === BREAK) lives.push([])
    else lives.at(-1)?.push(seen.payload)
  }
  return lives
}
