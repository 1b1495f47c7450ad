/**
 * The venue without sockets: accepts or refuses upgrades, owns the connections, answers REST, and lets faults
 * at all of it. The socket server and the in-memory transport are two ways to reach the same core.
 */
import type { Clock, Random, TimerHandle } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import { FaultEngine } from '../faults/fault-engine.js'
import type { FaultVenue } from '../faults/fault-target.js'
import type { FaultPlan } from '../faults/plan.js'
import { asciiLower } from '../faults/selector.js'
import type { MarketSource, PayloadIds } from '../market-source.js'
import type { SimOracle } from '../oracle/oracle.js'
import { VenueConnection } from './connection.js'
import type { ConnectionOptions } from './connection-context.js'
import { BanLedger, type Refusal, type SimLimits, SlidingCount } from './limits.js'
import { parseWsTarget, type WsTarget } from './request-path.js'
import { RestDispatch, type SimHttpReply, type SimHttpRequest } from './rest-dispatch.js'
import { StreamHub } from './stream-hub.js'
import type { VenueClock } from './venue-clock.js'
import type { ServerWire } from './wire.js'

export interface UpgradeRequest {
  /** Path and query as sent. */
  readonly target: string
  readonly address: string
  /** Market of connections without a futures route; the venue's own choice when left out. */
  readonly unroutedMarket?: MarketKind | undefined
}

/** What becomes of an upgrade; `delayMs` of venue time is waited first. */
export type UpgradeDecision =
  | { readonly kind: 'accept'; readonly delayMs: number; open(wire: ServerWire): VenueConnection }
  | {
      readonly kind: 'refuse'
      readonly delayMs: number
      readonly status: number
      readonly headers: ReadonlyMap<string, string>
      readonly body: string
    }
  /** No HTTP answer at all. */
  | { readonly kind: 'fail'; readonly delayMs: number; readonly how: 'reset' | 'refused' | 'name' | 'tls' }

/** A source whose clock can be wrong, whose symbols can be halted and whose ids can go back; a recording can do none of it. */
export interface AdjustableSource extends MarketSource {
  setClockSkew?(skewMs: number): void
  setStatus?(market: MarketKind, symbol: string, status: 'TRADING' | 'HALT' | 'SETTLING'): boolean
  setListed?(market: MarketKind, symbol: string, isListed: boolean): boolean
  restartUpdateIds?(market: MarketKind, symbol: string): boolean
  restartTradeIds?(market: MarketKind, symbol: string): boolean
}

export interface VenueCoreOptions {
  readonly clock: VenueClock
  readonly random: Random
  readonly source: AdjustableSource
  readonly oracle: SimOracle
  readonly limits: SimLimits
  readonly plan: FaultPlan
  readonly connection: ConnectionOptions
  readonly legacyV1: boolean
}

/** A drifting clock moves in steps of this much venue time. */
const DRIFT_STEP_MS = 100

export class VenueCore implements FaultVenue {
  readonly source: AdjustableSource
  readonly clock: Clock
  readonly limits: SimLimits
  readonly oracle: SimOracle
  readonly hub: StreamHub
  readonly faults: FaultEngine
  readonly rest: RestDispatch
  /** Set by whoever listens on sockets. */
  onListening: (isListening: boolean) => void = () => {}
  readonly #venueClock: VenueClock
  readonly #options: VenueCoreOptions
  readonly #connections = new Map<number, VenueConnection>()
  readonly #attempts: Readonly<Record<MarketKind, SlidingCount>>
  readonly #bans: Readonly<Record<MarketKind, BanLedger>>
  #connectionCount = 0
  #isListening = true
  #driftTimer: TimerHandle | null = null

  constructor(options: VenueCoreOptions) {
    this.#options = options
    this.source = options.source
    this.clock = options.clock
    this.#venueClock = options.clock
    this.limits = options.limits
    this.oracle = options.oracle
    this.hub = new StreamHub(options.source, options.oracle)
    this.faults = new FaultEngine({
      clock: options.clock,
      random: options.random.split(`faults/${options.plan.seed ?? 'venue'}`),
      oracle: options.oracle,
      venue: this,
    })
    const { connectAttempts, connectWindowMs } = options.limits
    this.#attempts = {
      spot: new SlidingCount(connectAttempts, connectWindowMs),
      futures: new SlidingCount(connectAttempts, connectWindowMs),
    }
    this.#bans = { spot: new BanLedger(options.limits), futures: new BanLedger(options.limits) }
    this.rest = new RestDispatch({
      clock: options.clock,
      source: options.source,
      oracle: options.oracle,
      faults: this.faults,
      limits: options.limits,
      bans: { spot: new BanLedger(options.limits), futures: new BanLedger(options.limits) },
      legacyV1: options.legacyV1,
    })
  }

  start(): void {
    this.faults.start(this.#options.plan)
    this.source.start()
  }

  /** Ends market, faults and taps; connections are told by whoever owns their sockets. */
  stop(): void {
    this.faults.stop()
    if (this.#driftTimer !== null) this.clock.clearTimer(this.#driftTimer)
    this.hub.close()
    this.source.stop()
  }

  upgrade(request: UpgradeRequest): UpgradeDecision {
    if (!this.#isListening) return { kind: 'fail', delayMs: 0, how: 'refused' }
    const target = parseWsTarget(request.target, this.limits.urlCharsMax)
    if (target.kind === 'refused') {
      if (target.status === 414)
        this.oracle.onViolation('urlSize', request.address, null, `${request.target.length} characters`)
      return refuse(target.status, new Map(), target.status === 501 ? '{"code":-1000,"msg":"not simulated"}' : '')
    }
    const market = this.#marketOf(target, request.unroutedMarket)
    const refusal = this.#countAttempt(market, request.address)
    if (refusal !== null) {
      const retryAfter = String(Math.ceil(refusal.retryAfterMs / 1000))
      return refuse(refusal.status, new Map([['retry-after', retryAfter]]), '')
    }
    const fault = this.faults.onUpgrade({ market, route: target.route, target: request.target })
    if (fault?.kind === 'status') {
      const headers = new Map<string, string>()
      if (fault.retryAfterMs !== null) headers.set('retry-after', String(Math.ceil(fault.retryAfterMs / 1000)))
      return { ...refuse(fault.status, headers, ''), delayMs: fault.delayMs }
    }
    if (fault?.kind === 'fail') return { kind: 'fail', delayMs: fault.delayMs, how: fault.how }
    return {
      kind: 'accept',
      delayMs: fault?.delayMs ?? 0,
      open: (wire) => this.#open(target, market, request, wire),
    }
  }

  /** Calls `respond` once, now or later; `delayMs` of the reply is for the caller to wait. */
  handleRest(request: SimHttpRequest, respond: (reply: SimHttpReply) => void): void {
    this.rest.handle(request, respond)
  }

  // --- FaultVenue -----------------------------------------------------------------------------------------

  connections(): readonly VenueConnection[] {
    return [...this.#connections.values()]
  }

  shownDiffIds(market: MarketKind, symbol: string): readonly PayloadIds[] {
    const wanted = asciiLower(symbol)
    for (const connection of [...this.#connections.values()].reverse()) {
      for (const feed of this.hub.feeds()) {
        if (feed.market !== market || feed.symbol !== wanted || !feed.isDiffDepth) continue
        if (!connection.isOpen || !connection.listensTo(feed)) continue
        const shown = this.oracle.sent(connection.index, feed.name).filter((record) => record.outcome !== 'dropped')
        if (shown.length > 0) return shown.map((record) => record.ids)
      }
    }
    return []
  }

  get isListening(): boolean {
    return this.#isListening
  }

  setListening(isListening: boolean): void {
    this.#isListening = isListening
    this.onListening(isListening)
  }

  stepClock(byMs: number): void {
    this.#venueClock.step(byMs)
    this.#showClockError()
  }

  driftClock(ppm: number): void {
    this.#venueClock.drift(ppm)
    if (this.#driftTimer !== null) this.clock.clearTimer(this.#driftTimer)
    this.#driftTimer = ppm === 0 ? null : this.clock.setRepeating(() => this.#showClockError(), DRIFT_STEP_MS)
    this.#showClockError()
  }

  setStatus(market: MarketKind, symbol: string, isHalted: boolean): boolean {
    const status = isHalted ? (market === 'spot' ? 'HALT' : 'SETTLING') : 'TRADING'
    return this.source.setStatus?.(market, symbol, status) ?? false
  }

  setListed(market: MarketKind, symbol: string, isListed: boolean): boolean {
    return this.source.setListed?.(market, symbol, isListed) ?? false
  }

  restartUpdateIds(market: MarketKind, symbol: string): boolean {
    return this.source.restartUpdateIds?.(market, symbol) ?? false
  }

  restartTradeIds(market: MarketKind, symbol: string): boolean {
    return this.source.restartTradeIds?.(market, symbol) ?? false
  }

  /** The market stamps its payloads; its history does not depend on the wall clock. */
  #showClockError(): void {
    this.source.setClockSkew?.(this.#venueClock.errorMs)
  }

  // --- upgrades -------------------------------------------------------------------------------------------

  #open(target: WsTarget, market: MarketKind, request: UpgradeRequest, wire: ServerWire): VenueConnection {
    const index = ++this.#connectionCount
    const connection = new VenueConnection(
      {
        index,
        market,
        route: target.route,
        combined: target.combined,
        timeUnit: market === 'spot' ? target.timeUnit : 'ms',
        address: request.address,
        target: request.target,
      },
      wire,
      this.#options.random.split(`connection/${index}`),
      {
        clock: this.clock,
        source: this.source,
        hub: this.hub,
        oracle: this.oracle,
        faults: this.faults,
        limits: this.limits,
        options: this.#options.connection,
        onClosed: (closed) => this.#connections.delete(closed.index),
      },
    )
    this.#connections.set(index, connection)
    connection.open(target.streams)
    return connection
  }

  /** A futures route means futures wherever futures are on; without one spot comes first. */
  #marketOf(target: WsTarget, unroutedMarket: MarketKind | undefined): MarketKind {
    const { markets } = this.source
    if (target.route !== null && markets.includes('futures')) return 'futures'
    if (unroutedMarket !== undefined && markets.includes(unroutedMarket)) return unroutedMarket
    return markets.includes('spot') ? 'spot' : 'futures'
  }

  #countAttempt(market: MarketKind, address: string): Refusal | null {
    const nowMs = this.clock.monotonicMs()
    const bans = this.#bans[market]
    const refused = bans.check(address, nowMs)
    if (refused !== null) {
      this.oracle.onViolation('ban', address, null, `upgrade during ${refused.status}`)
      return refused
    }
    const waitMs = this.#attempts[market].add(address, nowMs)
    if (waitMs === 0) return null
    this.oracle.onViolation('connectAttempts', address, null, `more than ${this.limits.connectAttempts}`)
    return bans.refuse(address, nowMs, waitMs)
  }
}

function refuse(
  status: number,
  headers: ReadonlyMap<string, string>,
  body: string,
): Extract<UpgradeDecision, { kind: 'refuse' }> {
  return { kind: 'refuse', delayMs: 0, status, headers, body }
}
