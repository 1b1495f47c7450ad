/**
 * Keeps one connector connected: first connect, check before every event, reconnect with the documented pauses, and
 * the end when they are used up. What the events say is not its business.
 *
 *   IDLE ─▶ CONNECTING ──ok──▶ OPEN ──lost──▶ BACKOFF ─▶ CONNECTING …      attempts used up ─▶ FAILED, stop ─▶ CLOSED
 */
import { settlesWithin } from '../../live/scope.js'
import { type Clock, delay } from '../../runtime/clock.js'
import { ConnectionState } from '../../types/health.js'
import type { ConnectorEvent, ConnectorWrapper } from './connector-wrapper.js'
import { ConnectorError } from './errors.js'

/** Pause before each attempt after a failure; the connection is given up when the last attempt fails. */
export const RECONNECT_DELAYS_MS: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000]
/** A connect or subscription that takes longer counts as failed. */
const CONNECT_MS_MAX = 10_000
/** Events taken without giving other work a turn. */
const EVENTS_PER_TURN = 256

export interface ConnectorLinkOptions {
  readonly connector: ConnectorWrapper
  readonly clock: Clock
  readonly symbols: readonly string[]
  readonly pollIntervalMs: number
  readonly onConnected: () => void
  /** Lost after it was open; reconnecting follows. */
  readonly onLost: (reason: string) => void
  readonly onError: (error: unknown, attempt: number) => void
  readonly onEvent: (event: ConnectorEvent) => void
  /** Resolves when another event may be taken; `null`: at once. */
  readonly room: () => Promise<void> | null
  /** The attempts are used up. */
  readonly onFailed: (error: ConnectorError) => void
}

export class ConnectorLink {
  state: ConnectionState = ConnectionState.IDLE
  /** Attempts since the connection was last open. */
  attempt = 0
  /** Connections opened. */
  generation = 0
  readonly #options: ConnectorLinkOptions
  readonly #ending = new AbortController()

  constructor(options: ConnectorLinkOptions) {
    this.#options = options
  }

  /** Resolves when connected and subscribed for the first time; rejects when attempts are used up, or by `end`. */
  async open(): Promise<void> {
    const failure = await this.#attemptAll(true)
    if (failure !== null) throw failure
    void this.#run()
  }

  /** Ends everything that waits. The reason rejects an `open` under way. */
  end(reason: unknown): void {
    if (this.state !== ConnectionState.FAILED) this.state = ConnectionState.CLOSED
    this.#ending.abort(reason)
  }

  /** Reads events until the end. Never rejects. */
  async #run(): Promise<void> {
    const { connector, clock, pollIntervalMs, room } = this.#options
    const { signal } = this.#ending
    let taken = 0
    try {
      while (!signal.aborted) {
        const lost = await this.#lossOf(connector.isConnected())
        if (lost === null) {
          const event = await this.#nextEvent()
          if (signal.aborted) return
          if (event === null) await delay(clock, pollIntervalMs, signal)
          else if (event !== undefined) {
            this.#options.onEvent(event)
            const waiting = room()
            if (waiting !== null) await waiting
            // A connector that always has an event at hand would starve the event loop.
            if (++taken % EVENTS_PER_TURN === 0) await delay(clock, 0, signal)
          }
          if (event !== undefined) continue
        }
        if (signal.aborted) return
        this.#options.onLost(lost ?? 'the connector failed')
        const failure = await this.#attemptAll(false)
        if (failure !== null) {
          this.#options.onFailed(failure)
          return
        }
      }
    } catch {
      // Only the end rejects here: delays are aborted by it.
    }
  }

  /** Why the connection is lost, `null` when it is not. */
  async #lossOf(isConnected: Promise<boolean>): Promise<string | null> {
    try {
      return (await isConnected) ? null : 'the connector is no longer connected'
    } catch (error) {
      this.#options.onError(error, 0)
      return String(error)
    }
  }

  /** `undefined` when asking failed, which counts as a loss. */
  async #nextEvent(): Promise<ConnectorEvent | null | undefined> {
    try {
      return await this.#options.connector.nextEvent()
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#options.onError(error, 0)
      return undefined
    }
  }

  /** `null` once connected, else the error to give up with. Throws the reason of `end`. */
  async #attemptAll(isFirst: boolean): Promise<ConnectorError | null> {
    const { clock } = this.#options
    const { signal } = this.#ending
    this.attempt = 0
    let cause: unknown = null
    for (let index = isFirst ? -1 : 0; index < RECONNECT_DELAYS_MS.length; index++) {
      if (index >= 0) {
        this.state = ConnectionState.BACKOFF
        await delay(clock, RECONNECT_DELAYS_MS[index] as number, signal)
        this.attempt = index + 1
      }
      this.state = ConnectionState.CONNECTING
      try {
        await this.#connect()
        signal.throwIfAborted()
        this.attempt = 0
        this.generation++
        this.state = ConnectionState.OPEN
        this.#options.onConnected()
        return null
      } catch (error) {
        signal.throwIfAborted()
        cause = error
        this.#options.onError(error, this.attempt)
      }
    }
    this.state = ConnectionState.FAILED
    const text = cause instanceof Error ? cause.message : String(cause)
    const count = RECONNECT_DELAYS_MS.length
    return new ConnectorError('CONNECTOR_UNREACHABLE', `given up after ${count} attempts: ${text}`, { cause })
  }

  async #connect(): Promise<void> {
    const { connector, symbols, clock } = this.#options
    const connecting = (async (): Promise<void> => {
      await connector.connect()
      for (const symbol of symbols) {
        await connector.subscribeTrades(symbol)
        await connector.subscribeDepth(symbol)
      }
    })()
    if (!(await settlesWithin(connecting, CONNECT_MS_MAX, clock))) {
      connecting.catch(() => {})
      throw new Error(`not connected within ${CONNECT_MS_MAX} ms`)
    }
    await connecting
  }
}
