/**
 * The last resort: notices that nothing speaks at all, or nothing on one connection while others go on.
 *
 * Owns since when such a silence counts, so that each is reported once per waiting time. Leaves single streams to
 * `SilenceJudge` and what is restarted to the manager. Counts only while a connection is open and some stream ought to
 * speak.
 */
import { staleAfterMs } from './cadence.js'
import type { FeedWatch } from './feed-watch.js'
import type { OpenConnection, OpenConnections } from './open-connections.js'
import type { ScanTime } from './scan-time.js'

export interface WatchdogOptions {
  /** Silence that triggers it; longer where the most talkative stream is slower than that by its own pace. */
  readonly timeoutMs: number
  /** No message on any stream for `silentMs`, although a connection is open. */
  readonly onSilent: (silentMs: number) => void
  /** The same for the streams of one connection that had spoken on time, while other connections go on. */
  readonly onConnectionSilent: (connectionId: string, silentMs: number) => void
}

export class Watchdog {
  readonly #options: WatchdogOptions
  /** Running time since when silence counts. */
  #armedAtMs = 0

  constructor(options: WatchdogOptions) {
    this.#options = options
  }

  arm(runningMs: number): void {
    this.#armedAtMs = runningMs
  }

  judge(watches: Iterable<FeedWatch>, open: OpenConnections, time: ScanTime): void {
    const all = [...watches]
    if (!this.#judgeAll(all, open, time) && open.size > 1) this.#judgeConnections(all, open, time)
  }

  /** Says whether it fired. */
  #judgeAll(watches: readonly FeedWatch[], open: OpenConnections, time: ScanTime): boolean {
    const { runningMs } = time
    if (open.size === 0) {
      this.#armedAtMs = runningMs
      return false
    }
    let newestMs = this.#armedAtMs
    let allowedMs = Number.POSITIVE_INFINITY
    for (const watch of watches) {
      if (watch.hasReceived) newestMs = Math.max(newestMs, runningMs - watch.silenceMs(time))
      // The most talkative stream decides; a set of illiquid symbols alone may be quiet for longer.
      allowedMs = Math.min(allowedMs, staleAfterMs(watch.cadence, 0, watch.pace.meanIntervalMs()))
    }
    const silentMs = runningMs - newestMs
    if (silentMs < Math.max(this.#options.timeoutMs, allowedMs)) return false
    this.#armedAtMs = runningMs
    this.#options.onSilent(silentMs)
    return true
  }

  /**
   * One connection may go silent as a whole, pongs and all, while others speak: then neither its ping deadline nor
   * the silence of everything shows it, and subscribing again does not help. Only streams that have spoken count, and
   * of those without a timer only where their pace is known: a connection of quiet symbols may be quiet.
   */
  #judgeConnections(watches: readonly FeedWatch[], open: OpenConnections, time: ScanTime): void {
    const { timeoutMs, onConnectionSilent } = this.#options
    const { runningMs } = time
    const allowedMs = new Map<OpenConnection, number>()
    const newestMs = new Map<OpenConnection, number>()
    for (const watch of watches) {
      const connection = open.get(watch.feed.connectionId)
      if (connection === undefined || !watch.hasReceived) continue
      const spokeAtMs = runningMs - watch.silenceMs(time)
      newestMs.set(connection, Math.max(newestMs.get(connection) ?? connection.watchdogArmedAtMs, spokeAtMs))
      const meanIntervalMs = watch.pace.meanIntervalMs()
      if (watch.cadence.kind === 'activity' && meanIntervalMs === 0) continue
      const limitMs = staleAfterMs(watch.cadence, timeoutMs, meanIntervalMs)
      allowedMs.set(connection, Math.min(allowedMs.get(connection) ?? limitMs, limitMs))
    }
    for (const [connectionId, connection] of open.entries()) {
      const silentMs = runningMs - (newestMs.get(connection) ?? runningMs)
      if (silentMs < (allowedMs.get(connection) ?? Number.POSITIVE_INFINITY)) continue
      connection.watchdogArmedAtMs = runningMs
      onConnectionSilent(connectionId, silentMs)
    }
  }
}
