/**
 * Runs a fault plan: arms its rules, asks them at each frame, message, upgrade and request, and writes every
 * fault that fires to the oracle. It changes what clients are shown, never what is true.
 *
 * Each rule draws from its own random stream, named by the rule's text: adding a rule moves neither the market
 * nor the other rules.
 */
import type { Clock, Random, TimerHandle } from '../../runtime/index.js'
import type { SimOracle } from '../oracle/oracle.js'
import { pickSome, type Strike, strikeConnection } from './connection-faults.js'
import type {
  ControlFault,
  FaultConnection,
  FaultFeed,
  FaultFrame,
  FaultVenue,
  RestFault,
  UpgradeFault,
} from './fault-target.js'
import { concernsFrame, continueFrameRun, strikeFrame } from './frame-faults.js'
import { FAULT_VARIANTS, type FaultName, type FaultPlan, type FaultRule } from './plan.js'
import { concernsRest, type RestRequestInfo, strikeRest } from './rest-faults.js'
import { type FaultScope, type InjectedFault, RuleRun } from './rule-run.js'
import { matchesConnection, matchesStream, matchingStreams, selectsConnection } from './selector.js'
import { strikeVenue } from './venue-faults.js'

export interface FaultEngineOptions {
  readonly clock: Clock
  readonly random: Random
  readonly oracle: SimOracle
  readonly venue: FaultVenue
}

const SCOPES: Readonly<Record<FaultName, FaultScope>> = {
  reset: 'connections',
  close: 'connections',
  halfOpen: 'connections',
  serverShutdown: 'connections',
  ageCut: 'connections',
  pingFlood: 'connections',
  garbage: 'connections',
  slowLink: 'connections',
  silentAll: 'window',
  silentStream: 'window',
  ackSilent: 'messages',
  control: 'messages',
  connectFail: 'upgrades',
  httpStatus: 'upgrades',
  slowHandshake: 'upgrades',
  snapshotFail: 'rest',
  oldSnapshot: 'rest',
  spliceVariant: 'rest',
  framing: 'frames',
  duplicate: 'frames',
  reorder: 'frames',
  dropDiff: 'frames',
  candleClose: 'frames',
  venueReset: 'venue',
  clockSkew: 'venue',
}

export class FaultEngine {
  readonly #clock: Clock
  readonly #random: Random
  readonly #oracle: SimOracle
  readonly #venue: FaultVenue
  readonly #byScope: Record<FaultScope, RuleRun[]> = {
    connections: [],
    window: [],
    frames: [],
    messages: [],
    upgrades: [],
    rest: [],
    venue: [],
  }
  /** At-once rules that a frame may set off. */
  #onFrameChance: RuleRun[] = []
  readonly #strikes = new Map<RuleRun, Strike>()
  /** Rules of the plan, until its time zero. */
  readonly #awaitingZero: RuleRun[] = []
  /** Injected and not over. */
  readonly #injected = new Set<RuleRun>()
  readonly #pickedStreams = new Map<RuleRun, ReadonlySet<string>>()
  readonly #texts = new Map<string, number>()
  readonly #pending = new Set<TimerHandle>()
  #startMs = 0
  #isZeroSet = false
  #concernsFrames = false

  constructor(options: FaultEngineOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.#oracle = options.oracle
    this.#venue = options.venue
  }

  /** Loads the plan; its zero follows the first data frame. */
  start(plan: FaultPlan): void {
    this.#startMs = plan.startMs
    for (const rule of plan.rules) {
      const run = this.#add(rule)
      this.#awaitingZero.push(run)
      run.onVenueStart()
    }
  }

  /** Adds a rule whose time zero is now. */
  inject(rule: FaultRule): InjectedFault {
    // A test that injects thousands leaves no trail of rules that every frame would have to ask.
    for (const old of this.#injected) if (old.isOver) this.#end(old)
    const run = this.#add(rule)
    this.#injected.add(run)
    run.onVenueStart()
    run.onPlanZero()
    return { end: () => this.#end(run) }
  }

  /** Ends every injected rule that is not over; returns how many. Rules of the plan go on. */
  heal(): number {
    let count = 0
    for (const run of this.#injected) {
      if (!run.isOver) count++
      this.#end(run)
    }
    return count
  }

  stop(): void {
    for (const runs of Object.values(this.#byScope)) for (const run of runs) run.stop()
    for (const timer of this.#pending) this.#clock.clearTimer(timer)
    this.#pending.clear()
  }

  /**
   * Called for each data frame before it is sent. True: a fault took the frame over. A plan without frame
   * rules costs one comparison.
   */
  onFrame(connection: FaultConnection, feed: FaultFeed, frame: FaultFrame): boolean {
    if (!this.#isZeroSet) this.#setPlanZero()
    if (!this.#concernsFrames) return false
    for (const run of this.#byScope.window) {
      if (run.isOpen && run.fault !== null && this.#isSilenced(run, connection, feed)) {
        connection.drop(feed, frame, run.fault)
        return true
      }
    }
    for (const run of this.#byScope.frames) {
      const strike = this.#strike(run)
      if (run.frameRuns.size > 0 && continueFrameRun(run, connection, feed, frame, strike)) return true
      if (concernsFrame(run, connection, feed, frame) && run.takes('frame')) {
        strikeFrame(run, connection, feed, frame, strike)
        return true
      }
    }
    for (const run of this.#onFrameChance) {
      if (!matchesConnection(run.rule.on, connection) || !matchesStream(run.rule.on, feed.name)) continue
      if (!run.takes('frame')) continue
      strikeConnection(run, connection, this.#strike(run))
      if (!connection.isOpen) {
        connection.drop(feed, frame, this.#oracle.faults(run.rule.fault).at(-1)?.sequence ?? 0)
        return true
      }
    }
    return false
  }

  /** What happens to an upgrade, or `null`. */
  onUpgrade(request: {
    readonly market: 'spot' | 'futures'
    readonly route: string | null
    readonly target: string
  }): UpgradeFault | null {
    for (const run of this.#byScope.upgrades) {
      const { on } = run.rule
      if (on.market !== undefined && on.market !== request.market) continue
      if (on.route !== undefined && on.route !== (request.route ?? 'public')) continue
      if (!run.takes('request')) continue
      const fault = upgradeFault(run)
      this.#record(run, null, null, { ...fault, target: request.target })
      return fault
    }
    return null
  }

  onRest(request: RestRequestInfo): RestFault | null {
    for (const run of this.#byScope.rest) {
      if (!concernsRest(run, request) || !run.takes('request')) continue
      const struck = strikeRest(run, request, this.#venue)
      if (struck === null) continue
      this.#record(run, null, null, { path: request.path, query: request.params.toString(), ...struck.detail })
      return struck.fault
    }
    return null
  }

  /** Streams of a SUBSCRIBE that are acknowledged but will stay silent, with the fault that does it. */
  onSubscribe(connection: FaultConnection, streams: readonly string[]): ReadonlyMap<string, number> {
    const silent = new Map<string, number>()
    for (const run of this.#byScope.messages) {
      if (run.rule.fault !== 'ackSilent' || !matchesConnection(run.rule.on, connection)) continue
      const named = streams.filter((name) => matchesStream(run.rule.on, name))
      if (named.length === 0 || !run.takes('message')) continue
      for (const stream of pickSome(named, run.rule.pick, run)) {
        silent.set(stream, this.#record(run, connection, stream, {}))
      }
    }
    return silent
  }

  /** What becomes of the reply to a control message, or `null`. */
  onControl(connection: FaultConnection, method: string, streams: readonly string[]): ControlFault | null {
    for (const run of this.#byScope.messages) {
      const { rule } = run
      if (rule.fault !== 'control' || !matchesConnection(rule.on, connection)) continue
      if (streams.length > 0 && !streams.some((name) => matchesStream(rule.on, name))) continue
      if (!run.takes('message')) continue
      const fault = controlFault(run)
      this.#record(run, connection, null, { method, ...fault })
      return fault
    }
    return null
  }

  #add(rule: FaultRule): RuleRun {
    const text = JSON.stringify(rule)
    const copies = this.#texts.get(text) ?? 0
    this.#texts.set(text, copies + 1)
    const scope = scopeOf(rule)
    const run = new RuleRun(rule, scope, text, {
      clock: this.#clock,
      random: this.#random.split(`${text}#${copies}`),
      hooks: { onTrigger: (due) => this.#onTrigger(due), onWindowEnd: (ended) => this.#onWindowEnd(ended) },
    })
    this.#byScope[scope].push(run)
    if (scope === 'connections' && rule.per === 'frame') this.#onFrameChance.push(run)
    if (scope === 'window' || scope === 'frames' || rule.per === 'frame') this.#concernsFrames = true
    this.#strikes.set(run, {
      clock: this.#clock,
      record: (connection, detail, stream) => this.#record(run, connection, stream ?? null, detail),
      later: (action, delayMs) => this.#later(action, delayMs),
      lasts: (forMs, undo) => this.#lasts(run, forMs, undo),
    })
    return run
  }

  #end(run: RuleRun): void {
    if (!this.#injected.delete(run)) return
    run.stop()
    run.undo()
    // New arrays: a frame that is being asked about may be walking the old ones.
    this.#byScope[run.scope] = this.#byScope[run.scope].filter((other) => other !== run)
    this.#onFrameChance = this.#onFrameChance.filter((other) => other !== run)
    this.#strikes.delete(run)
    this.#pickedStreams.delete(run)
  }

  #setPlanZero(): void {
    this.#isZeroSet = true
    if (this.#awaitingZero.length === 0) return
    this.#later(() => {
      for (const run of this.#awaitingZero.splice(0)) run.onPlanZero()
    }, this.#startMs)
  }

  #onTrigger(run: RuleRun): void {
    switch (run.scope) {
      case 'connections':
        this.#strikeConnections(run)
        return
      case 'window':
        this.#openWindow(run)
        return
      case 'venue':
        strikeVenue(run, this.#venue, this.#strike(run))
        return
      default:
        // Frames, messages, upgrades and requests come to the open window by themselves.
        return
    }
  }

  #strikeConnections(run: RuleRun): void {
    const isPerStream = run.rule.fault === 'silentStream'
    const targets = this.#venue
      .connections()
      .filter((connection) => connection.isOpen && selectsConnection(run.rule.on, connection))
    // `pick` counts streams for a fault of streams, connections for all others.
    const picked = pickSome(targets, isPerStream && run.rule.pick !== undefined ? 1 : run.rule.pick, run)
    for (const connection of picked) strikeConnection(run, connection, this.#strike(run))
  }

  #openWindow(run: RuleRun): void {
    const { rule } = run
    if (rule.fault === 'silentStream' && (rule.pick !== undefined || rule.on.streamIndex !== undefined)) {
      const names = new Set<string>()
      for (const connection of this.#venue.connections()) {
        if (connection.isOpen && matchesConnection(rule.on, connection)) {
          for (const name of matchingStreams(rule.on, connection)) names.add(name)
        }
      }
      this.#pickedStreams.set(run, new Set(pickSome([...names].sort(), rule.pick, run)))
    }
    const streams = this.#pickedStreams.get(run)
    run.fault = this.#record(run, null, rule.on.stream ?? null, streams === undefined ? {} : { streams: [...streams] })
  }

  #onWindowEnd(run: RuleRun): void {
    this.#pickedStreams.delete(run)
  }

  #isSilenced(run: RuleRun, connection: FaultConnection, feed: FaultFeed): boolean {
    if (!matchesConnection(run.rule.on, connection)) return false
    const picked = this.#pickedStreams.get(run)
    return picked === undefined ? matchesStream(run.rule.on, feed.name) : picked.has(feed.name)
  }

  #strike(run: RuleRun): Strike {
    return this.#strikes.get(run)!
  }

  #record(
    run: RuleRun,
    connection: FaultConnection | null,
    stream: string | null,
    detail: Readonly<Record<string, unknown>>,
  ): number {
    const { rule } = run
    return this.#oracle.onFault({
      fault: rule.fault,
      variant: rule.variant ?? FAULT_VARIANTS[rule.fault][0] ?? null,
      rule: run.text,
      connection: connection?.index ?? null,
      stream,
      detail,
    }).sequence
  }

  #lasts(run: RuleRun, forMs: number | undefined, undo: () => void): void {
    // Nobody can end a rule of the plan: it keeps no way back beyond its own time.
    const end = this.#injected.has(run) ? run.remember(undo) : undo
    if (forMs !== undefined) this.#later(end, forMs)
  }

  #later(action: () => void, delayMs: number): void {
    const timer = this.#clock.setTimer(() => {
      this.#pending.delete(timer)
      action()
    }, delayMs)
    this.#pending.add(timer)
  }
}

function scopeOf(rule: FaultRule): FaultScope {
  if (rule.fault === 'httpStatus' && rule.on.rest !== undefined) return 'rest'
  if (rule.fault === 'connectFail' && rule.variant === 'refused') return 'venue'
  // Healing by a new subscription or socket: these streams are muted where they are, at one moment.
  if (rule.fault === 'silentStream' && rule.variant !== undefined && rule.variant !== 'window') return 'connections'
  return SCOPES[rule.fault]
}

function upgradeFault(run: RuleRun): UpgradeFault {
  const { rule } = run
  if (rule.fault === 'slowHandshake') return { kind: 'slow', delayMs: run.draw(rule.delay, 5000) }
  const delayMs = run.draw(rule.delay, 0)
  if (rule.fault === 'httpStatus') {
    return { kind: 'status', status: rule.status ?? 503, retryAfterMs: rule.retryAfter ?? null, delayMs }
  }
  const how = rule.variant === 'name' || rule.variant === 'tls' ? rule.variant : 'reset'
  return { kind: 'fail', how, delayMs }
}

function controlFault(run: RuleRun): ControlFault {
  const { rule } = run
  switch (rule.variant ?? 'errorNested') {
    case 'lostAck':
      return { kind: 'lost' }
    case 'lateAck':
      return { kind: 'late', delayMs: run.draw(rule.delay, 2000) }
    default:
      return {
        kind: 'error',
        shape: rule.variant === 'errorFlat' ? 'flat' : 'nested',
        withId: rule.variant !== 'errorNoId',
        code: rule.code ?? 2,
        msg: rule.reason ?? 'Invalid request: invalid stream',
      }
  }
}
