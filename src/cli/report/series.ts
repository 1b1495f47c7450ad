/**
 * What a session leaves behind over time, in bounded memory: counts as points that are thinned when there are too
 * many, and the life of each connection as segments of which old ones are joined. Pure.
 */
import type { LogEvent } from '../../types/index.js'

export interface CountPoint {
  readonly timeMs: number
  /** Messages since the source started. */
  readonly total: number
  /** Most streams that were stale since the point before. */
  readonly stale: number
}

export interface RatePoint {
  readonly fromMs: number
  readonly toMs: number
  readonly perSecond: number
  readonly stale: number
}

/** Health also comes with every change of state; a rate over a few milliseconds would be noise. */
const STEP_MS_MIN = 800

/** Counts only grow, so leaving out points loses detail and no message. */
export class CountSeries {
  readonly #pointsMax: number
  #points: CountPoint[] = []

  constructor(pointsMax = 720) {
    this.#pointsMax = pointsMax
  }

  get length(): number {
    return this.#points.length
  }

  add(point: CountPoint): void {
    const [before, last] = this.#points.slice(-2)
    const isSameMoment = before !== undefined && last?.timeMs === point.timeMs
    if (before !== undefined && last !== undefined && (isSameMoment || last.timeMs - before.timeMs < STEP_MS_MIN)) {
      this.#points[this.#points.length - 1] = { ...point, stale: Math.max(last.stale, point.stale) }
      return
    }
    this.#points.push(point)
    if (this.#points.length > this.#pointsMax) this.#thin()
  }

  rates(): RatePoint[] {
    const rates: RatePoint[] = []
    let before: CountPoint | undefined
    for (const point of this.#points) {
      if (before === undefined) {
        before = point
        continue
      }
      // What came without time passing is part of the next rate.
      if (point.timeMs <= before.timeMs) continue
      // A source that was started again counts from zero.
      const grown = point.total >= before.total ? point.total - before.total : point.total
      rates.push({
        fromMs: before.timeMs,
        toMs: point.timeMs,
        perSecond: (grown * 1_000) / (point.timeMs - before.timeMs),
        stale: point.stale,
      })
      before = point
    }
    return rates
  }

  /** Every second point; the first and the last stay. */
  #thin(): void {
    const kept: CountPoint[] = []
    let stale = 0
    for (const [index, point] of this.#points.entries()) {
      stale = Math.max(stale, point.stale)
      if (index % 2 === 1 && index !== this.#points.length - 1) continue
      kept.push({ ...point, stale })
      stale = 0
    }
    this.#points = kept
  }
}

export interface Segment {
  readonly fromGeneration: number
  toGeneration: number
  readonly startMs: number
  /** `null` while the socket is open. */
  endMs: number | null
  /** How it ended. */
  end: 'lost' | 'handed over' | null
  /** Close code or reason of a hand-over. */
  why: string
}

export interface ConnectionLife {
  readonly source: string
  readonly connectionId: string
  readonly segments: Segment[]
}

/** Sockets of every connection, read from the audit trail. */
export class ConnectionLives {
  readonly #segmentsMax: number
  readonly #lives = new Map<string, ConnectionLife>()

  constructor(segmentsMax = 200) {
    this.#segmentsMax = segmentsMax
  }

  list(): ConnectionLife[] {
    return [...this.#lives.values()]
  }

  onLog(event: LogEvent, source: string): void {
    const connectionId = event.data['connectionId']
    if (typeof connectionId !== 'string') return
    if (event.event === 'CONNECTION_ESTABLISHED') {
      this.#open(source, connectionId, numberOf(event.data['generation']), event.timeMs)
    } else if (event.event === 'CONNECTION_DISCONNECTED') {
      this.#end(source, connectionId, event.timeMs, 'lost', `code ${numberOf(event.data['code'])}`)
    } else if (event.event === 'CONNECTION_REFRESHED') {
      const { fromGeneration, toGeneration, overlapMs, reason } = event.data
      const why = typeof reason === 'string' ? reason : ''
      this.#end(source, connectionId, event.timeMs, 'handed over', why, numberOf(fromGeneration))
      this.#open(source, connectionId, numberOf(toGeneration), event.timeMs - numberOf(overlapMs))
    }
  }

  #open(source: string, connectionId: string, generation: number, startMs: number): void {
    const { segments } = this.#life(source, connectionId)
    if (segments.some((segment) => segment.endMs === null && segment.toGeneration === generation)) return
    segments.push({
      fromGeneration: generation,
      toGeneration: generation,
      startMs,
      endMs: null,
      end: null,
      why: '',
    })
    if (segments.length > this.#segmentsMax) joinOldest(segments)
  }

  #end(
    source: string,
    connectionId: string,
    timeMs: number,
    end: 'lost' | 'handed over',
    why: string,
    generation?: number,
  ): void {
    const { segments } = this.#life(source, connectionId)
    const open = segments.findLast(
      (segment) => segment.endMs === null && (generation === undefined || segment.toGeneration === generation),
    )
    if (open !== undefined) Object.assign(open, { endMs: timeMs, end, why })
  }

  #life(source: string, connectionId: string): ConnectionLife {
    const key = `${source} ${connectionId}`
    const known = this.#lives.get(key)
    if (known !== undefined) return known
    const life = { source, connectionId, segments: [] }
    this.#lives.set(key, life)
    return life
  }
}

function joinOldest(segments: Segment[]): void {
  const [first, second] = segments
  if (first === undefined || second === undefined || second.endMs === null) return
  segments.splice(0, 2, { ...second, fromGeneration: first.fromGeneration, startMs: first.startMs })
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
