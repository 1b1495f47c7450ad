/**
 * When silence of a connector is a fault, and what can be done about it. Shared memory gives no sign of a connector
 * that lost its venue: it reconnects there but never subscribes again, and stays silent until it is restarted. So
 * the alarm names that cure, and asking it again is only tried because it costs nothing.
 */
import { LogEventName } from '../../types/log-event.js'
import { BookState } from '../../types/order-book.js'
import type { BookDesk, DeskBook } from './book-desk.js'
import type { FeedMeter } from './feed-meter.js'
import type { SourceCore } from './source-core.js'

/** Half of the window latency quantiles look back on. */
const LATENCY_HALF_WINDOW_MS = 30_000
/** At most one line of rejected messages per stream in this time. */
const REJECTED_LOG_MS = 1_000

export interface SilenceWatchOptions {
  readonly core: SourceCore
  readonly desk: BookDesk
  readonly connector: string
  readonly stalenessThresholdMs: number
  readonly watchdogTimeoutMs: number
  readonly isPeerPresent: () => boolean
}

export class SilenceWatch {
  readonly #options: SilenceWatchOptions
  readonly #rejectedAtMs = new WeakMap<FeedMeter, number>()
  readonly #silentFromStart = new Set<FeedMeter>()
  #sinceMs = 0
  #rotatedAtMs = 0
  #isAlarmed = false

  constructor(options: SilenceWatchOptions) {
    this.#options = options
  }

  /** Connected (again): silence counts from now. */
  start(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#rotatedAtMs = nowMs
    this.#isAlarmed = false
    this.#silentFromStart.clear()
  }

  /** Called at every health check. */
  scan(nowMs: number): void {
    const { desk } = this.#options
    const isRotating = nowMs - this.#rotatedAtMs >= LATENCY_HALF_WINDOW_MS
    if (isRotating) this.#rotatedAtMs = nowMs
    let newestMs = this.#sinceMs
    for (const book of desk.all()) {
      for (const meter of [book.depth, book.trades]) {
        meter.sample(nowMs)
        if (isRotating) meter.rotateLatency()
        if (meter.lastAtMs > newestMs) newestMs = meter.lastAtMs
        this.#check(book, meter, nowMs)
      }
    }
    this.#alarm(nowMs - newestMs)
  }

  /** The first level after the book was called stale: what was missed only a snapshot can tell. */
  onLevelAfterSilence(book: DeskBook): void {
    this.#options.desk.doubt(book, 'SILENT', 'levels again after silence')
  }

  onRejected(meter: FeedMeter, what: string): void {
    meter.rejectedCount++
    const { audit, runtime } = this.#options.core
    const nowMs = runtime.clock.monotonicMs()
    const lastMs = this.#rejectedAtMs.get(meter)
    if (lastMs !== undefined && nowMs - lastMs < REJECTED_LOG_MS) return
    this.#rejectedAtMs.set(meter, nowMs)
    const { name, symbol, type } = meter.spec
    audit.write(LogEventName.MESSAGE_REJECTED, 'WARNING', `${name}: ${what}`, {
      stream: name,
      symbol,
      streamType: type,
      code: 'MESSAGE_INVALID',
      count: meter.rejectedCount,
    })
  }

  #check(book: DeskBook, meter: FeedMeter, nowMs: number): void {
    const { stalenessThresholdMs, core, desk } = this.#options
    const { name, symbol, type } = meter.spec
    const ageMs = meter.ageMs(nowMs)
    if (ageMs === null) {
      this.#checkFirst(meter, nowMs)
      return
    }
    const limitMs = meter.staleAfterMs(stalenessThresholdMs)
    const isStale = ageMs > limitMs
    if (isStale === meter.isStale) return
    meter.isStale = isStale
    const data = { symbol, streamType: type, detail: '', stream: name, ageMs, limitMs }
    if (isStale) {
      const text = `${name}: no message for ${seconds(ageMs)}, allowed ${seconds(limitMs)}`
      core.audit.write(LogEventName.FEED_STALE, 'WARNING', text, data)
      if (meter === book.depth) desk.stale(book)
    } else {
      core.audit.write(LogEventName.FEED_RECOVERED, 'INFO', `${name}: messages again`, data)
    }
    core.health.request()
  }

  #checkFirst(meter: FeedMeter, nowMs: number): void {
    const silentMs = nowMs - this.#sinceMs
    if (silentMs <= this.#options.stalenessThresholdMs || this.#silentFromStart.has(meter)) return
    this.#silentFromStart.add(meter)
    const { name, symbol, type } = meter.spec
    this.#options.core.audit.write(
      LogEventName.SUBSCRIPTION_SILENT,
      'WARNING',
      `${name}: registered with connector ${this.#options.connector}, but nothing received for ${seconds(silentMs)}`,
      { symbol, streamType: type, detail: '', stream: name, silentMs },
    )
  }

  #alarm(silentMs: number): void {
    const { core, desk, connector, watchdogTimeoutMs, isPeerPresent } = this.#options
    if (silentMs <= watchdogTimeoutMs || !isPeerPresent()) {
      if (silentMs <= watchdogTimeoutMs) this.#isAlarmed = false
      return
    }
    if (this.#isAlarmed) return
    this.#isAlarmed = true
    core.audit.write(
      LogEventName.WATCHDOG_TRIGGERED,
      'ERROR',
      `no market data from connector ${connector} for ${seconds(silentMs)} although its process is there: after losing ` +
        'its venue socket a connector never subscribes again; only a restart of the connector process cures it',
      { connector, silentMs, cure: 'restart the connector process' },
    )
    for (const book of desk.all()) {
      if (book.state !== BookState.SYNCING) desk.doubt(book, 'SILENT', 'the connector is silent')
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
