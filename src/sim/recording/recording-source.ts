/**
 * A recording as a market source: plays its payloads, byte for byte, in file order, to whoever subscribed.
 *
 * Playback begins once the first client has settled: `startDelayMs` after the newest subscription, so that a
 * client which subscribes in several messages misses nothing. It is paced by the recorded times, or runs as
 * fast as clients take it without outrunning their send queues.
 */
import type { Clock, TimerHandle } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { Scenario } from '../faults/scenario.js'
import type { MarketSource, RestReply, SimPayload, StreamTap, TimeUnit } from '../market-source.js'
import type { Recording, RestRecord, WsRecord } from './container.js'
import { RecordedMarket } from './recorded-market.js'
import { RecordedRest } from './recorded-rest.js'
import { addFields, readIds, routeOfStream, type Shift, shiftText, symbolOfStream } from './wire-text.js'

export interface RecordingSourceOptions {
  readonly clock: Clock
  readonly isMaxSpeed: boolean
  /** `manual`: only `play()` begins. */
  readonly start: 'auto' | 'manual'
  readonly startDelayMs: number
  readonly atEnd: 'hold' | 'close' | 'loop'
  /** Venue time at the first line; default the recording's own. */
  readonly startWallMs?: number | undefined
  readonly scenario: Scenario | null
  /** The recording has ended and connections are to be closed. */
  readonly onEnd: () => void
  /** Most bytes any client has waiting. */
  readonly queuedBytes: () => number
}

/** A client this far behind pauses playback at full speed; far below the bound at which it would be cut. */
const CONGESTED_BYTES = 1024 * 1024
/** Lines between two looks at the clients' queues. */
const BATCH_LINES = 1000
/** Full speed still lets sockets work between batches. */
const BREATH_MS = 0.2
/** How long a scenario waits for the resync it expects before it goes on without. */
const ANSWER_WAIT_MS = 5000
const MINUTE_MS = 60_000
/** Ids jump by this much when a recording starts again, so that clients notice and resynchronize. */
const LOOP_GAP = 1000

interface WaitingRequest {
  readonly line: number
  readonly answer: () => void
}

export class RecordingSource implements MarketSource {
  readonly markets: readonly MarketKind[]
  readonly oracle: RecordedMarket
  readonly #market: MarketKind
  readonly #recording: Recording
  readonly #options: RecordingSourceOptions
  readonly #clock: Clock
  readonly #rest: RecordedRest
  readonly #events: readonly (WsRecord | RestRecord)[]
  readonly #streams: ReadonlySet<string>
  readonly #taps = new Map<string, Set<(payload: SimPayload) => void>>()
  readonly #served = new Set<number>()
  #waiting: WaitingRequest[] = []
  #index = 0
  #line = 0
  #state: 'waiting' | 'playing' | 'ended' | 'stopped' = 'waiting'
  #timer: TimerHandle | null = null
  /** Venue time of the recording's first line. */
  #baseMs = 0
  #shift: Shift = { ids: 0, timeMs: 0 }
  #heldSinceMs: number | null = null

  constructor(recording: Recording, options: RecordingSourceOptions) {
    this.#recording = recording
    this.#options = options
    this.#clock = options.clock
    this.#streams = new Set(recording.ws.map((record) => record.stream))
    this.#market = marketOf(recording)
    this.markets = [this.#market]
    const symbols = new Set([...this.#streams].map(symbolOfStream))
    this.oracle = new RecordedMarket(this.#market, [...symbols].sort())
    this.#rest = new RecordedRest(recording, this.#market, this.oracle, () => this.nowMs())
    this.#events = [...recording.ws, ...recording.rest].sort((x, y) => x.line - y.line)
  }

  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Line last played, from 1; 0 before the start. */
  get line(): number {
    return this.#line
  }

  start(): void {}

  stop(): void {
    this.#state = 'stopped'
    this.#clearTimer()
    this.#waiting = []
    this.#taps.clear()
  }

  /** Begins now; does nothing once it plays. */
  play(): void {
    if (this.#state !== 'waiting') return
    this.#clearTimer()
    this.#state = 'playing'
    this.#baseMs = this.#clock.monotonicMs()
    this.#step()
  }

  nowMs(): number {
    const startMs = (this.#options.startWallMs ?? this.#recording.startWallMs) + this.#shift.timeMs
    if (this.#state === 'waiting') return startMs
    if (this.#options.isMaxSpeed) return startMs + (this.#events[Math.max(0, this.#index - 1)]?.atMs ?? 0)
    return startMs + this.#clock.monotonicMs() - this.#baseMs
  }

  tap(_market: MarketKind, stream: string, _timeUnit: TimeUnit, emit: (payload: SimPayload) => void): StreamTap | null {
    if (!this.#streams.has(stream)) return null
    let taps = this.#taps.get(stream)
    if (taps === undefined) {
      taps = new Set()
      this.#taps.set(stream, taps)
    }
    taps.add(emit)
    this.#armStart()
    return { close: () => void this.#taps.get(stream)?.delete(emit) }
  }

  routeOf(stream: string): 'public' | 'market' {
    return routeOfStream(stream)
  }

  /** A scenario holds an answer back until its line has been played. */
  restLater(_market: MarketKind, path: string, params: URLSearchParams, answer: (reply: RestReply) => void): boolean {
    if (!path.endsWith('/depth')) return false
    const due = this.#dueAnswer()
    if (due === null || due.afterLine <= this.#line) return false
    this.#waiting.push({ line: due.afterLine, answer: () => answer(this.rest(this.#market, path, params)) })
    return true
  }

  rest(_market: MarketKind, path: string, params: URLSearchParams): RestReply {
    const reply = this.#rest.get(path, params)
    if (!path.endsWith('/depth') || reply.status !== 200) return reply
    const due = this.#dueAnswer()
    if (due === null || due.afterLine > this.#line) return reply
    this.#served.add(due.afterLine)
    return { ...reply, body: due.body, origin: 'recorded' }
  }

  // --- playing --------------------------------------------------------------------------------------------

  /** Waits until the newest subscription is `startDelayMs` old. */
  #armStart(): void {
    if (this.#state !== 'waiting' || this.#options.start === 'manual') return
    this.#clearTimer()
    this.#timer = this.#clock.setTimer(() => this.play(), this.#options.startDelayMs)
  }

  #step(): void {
    this.#timer = null
    const { isMaxSpeed, queuedBytes } = this.#options
    for (let lines = 0; this.#state === 'playing'; lines++) {
      const event = this.#events[this.#index]
      if (event === undefined) {
        this.#onLastLine()
        return
      }
      if (this.#mustHoldFor(event)) return
      const isTired = isMaxSpeed && (lines >= BATCH_LINES || (lines % 16 === 0 && queuedBytes() > CONGESTED_BYTES))
      const dueInMs = isMaxSpeed ? 0 : this.#baseMs + event.atMs - this.#clock.monotonicMs()
      if (isTired || dueInMs > 0.001) {
        this.#wait(isTired ? BREATH_MS : dueInMs)
        return
      }
      this.#index++
      this.#playEvent(event)
    }
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.setTimer(() => this.#step(), ms)
  }

  #playEvent(event: WsRecord | RestRecord): void {
    this.#line = event.line
    if (event.kind === 'rest') {
      const symbol = event.params.get('symbol')
      if (symbol !== undefined && event.path.endsWith('/depth')) {
        this.oracle.onSnapshot(symbol, this.#shifted(event.body))
      }
    } else {
      // What is true does not depend on what a scenario lets clients see.
      const text = this.#shifted(event.payload)
      this.oracle.onPayload(event.stream, text)
      this.#show(event, text)
    }
    if (this.#waiting.length > 0) this.#answerWaiting()
  }

  #show(event: WsRecord, text: string): void {
    const taps = this.#taps.get(event.stream)
    const { scenario } = this.#options
    if (taps === undefined || taps.size === 0 || scenario?.dropLines.has(event.line) === true) return
    const shown = scenario?.addFields == null ? text : addFields(text, scenario.addFields)
    const payload: SimPayload = { text: shown, ids: readIds(event.stream, shown) }
    const times = scenario?.repeatLines.has(event.line) === true ? 2 : 1
    for (let time = 0; time < times; time++) for (const emit of taps) emit(payload)
  }

  #onLastLine(): void {
    switch (this.#options.atEnd) {
      case 'loop':
        this.#startAgain()
        return
      case 'close':
        this.#state = 'ended'
        this.#options.onEnd()
        return
      case 'hold':
        this.#state = 'ended'
    }
  }

  /** Ids go on above the last ones and times stay on the minute grid, so that candles line up. */
  #startAgain(): void {
    const lapMs = Math.ceil((this.#recording.durationMs + 1) / MINUTE_MS) * MINUTE_MS
    this.#shift = { ids: this.#shift.ids + idSpan(this.#recording) + LOOP_GAP, timeMs: this.#shift.timeMs + lapMs }
    this.#baseMs += lapMs
    this.#index = 0
    this.oracle.reset()
    this.#wait(this.#options.isMaxSpeed ? BREATH_MS : Math.max(0, this.#baseMs - this.#clock.monotonicMs()))
  }

  #shifted(text: string): string {
    return this.#shift.ids === 0 ? text : shiftText(text, this.#shift)
  }

  // --- scenarios ------------------------------------------------------------------------------------------

  /** The scenario's snapshot for a request that comes now, if it has not been given yet. */
  #dueAnswer(): { readonly afterLine: number; readonly body: string } | null {
    const answers = this.#options.scenario?.answers ?? []
    let due: (typeof answers)[number] | null = null
    for (const answer of answers) if (answer.fromLine <= this.#line) due = answer
    return due === null || this.#served.has(due.afterLine) ? null : due
  }

  /** Playback does not run past the line of a snapshot nobody has fetched yet. */
  #mustHoldFor(event: WsRecord | RestRecord): boolean {
    const open = this.#options.scenario?.answers.find(
      (answer) => answer.afterLine < event.line && !this.#served.has(answer.afterLine),
    )
    if (open === undefined) {
      this.#heldSinceMs = null
      return false
    }
    const nowMs = this.#clock.monotonicMs()
    this.#heldSinceMs ??= nowMs
    if (nowMs - this.#heldSinceMs >= ANSWER_WAIT_MS) {
      this.#served.add(open.afterLine)
      this.#heldSinceMs = null
      return false
    }
    // The recorded times move by what was waited.
    this.#baseMs += 1
    this.#wait(1)
    return true
  }

  #answerWaiting(): void {
    const due = this.#waiting.filter((request) => request.line <= this.#line)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter((request) => request.line > this.#line)
    for (const request of due) request.answer()
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    this.#timer = null
  }
}

/** Futures diffs chain by `pu`; failing that, the recorded URLs tell. */
function marketOf(recording: Recording): MarketKind {
  const diff = recording.ws.find((record) => record.stream.includes('@depth'))
  if (diff !== undefined) return diff.payload.includes('"pu":') ? 'futures' : 'spot'
  const urls = [...recording.connects, ...recording.rest.map((record) => record.path)]
  return urls.some((url) => /fstream|dstream|\/fapi\/|\/dapi\//.test(url)) ? 'futures' : 'spot'
}

/** The widest range of ids of any stream. */
function idSpan(recording: Recording): number {
  const firsts = new Map<string, number>()
  let span = 0
  for (const { stream, payload } of recording.ws) {
    const ids = readIds(stream, payload)
    const id = ids.u ?? ids.t ?? ids.a
    if (id === undefined) continue
    const first = firsts.get(stream)
    if (first === undefined) firsts.set(stream, id)
    else span = Math.max(span, id - first)
  }
  return span
}
