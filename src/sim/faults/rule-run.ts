/**
 * One rule of a plan while it runs: when its window is open, how many uses are left, and the random stream
 * that is its own. What a fault does is elsewhere.
 */
import type { Clock, Random, TimerHandle } from '../../runtime/index.js'
import type { Range } from './duration.js'
import type { FaultRule } from './plan.js'

/** A fault that was injected, in the hands of whoever did it. */
export interface InjectedFault {
  /**
   * Ends the rule and what it still does: its window closes, it strikes no more, held sockets, muted streams, a
   * closed port, a halted symbol and a wrong clock are put right. What is under way (a late candle, an announced
   * close) still comes, and nothing that was lost is given back. Idempotent.
   */
  end(): void
}

/** What a rule acts on decides how its timing is read. */
export type FaultScope =
  /** At once, on the connections there are. */
  | 'connections'
  /** For a time, on every matching frame. */
  | 'window'
  /** On single matching frames, in runs. */
  | 'frames'
  /** On control messages of clients. */
  | 'messages'
  | 'upgrades'
  | 'rest'
  | 'venue'

export interface RuleRunHooks {
  /** The rule's moment has come: act at once (`connections`, `venue`), or a window opened. */
  onTrigger(run: RuleRun): void
  onWindowEnd(run: RuleRun): void
}

export class RuleRun {
  readonly rule: FaultRule
  readonly scope: FaultScope
  /** The rule as written, for records. */
  readonly text: string
  readonly random: Random
  /** Sequence of the fault record that opened the current window. */
  fault: number | null = null
  /** Frames left in a run, by `connection stream`, with the fault record they belong to. */
  readonly frameRuns: Map<string, { left: number; fault: number }> = new Map()
  readonly #clock: Clock
  readonly #hooks: RuleRunHooks
  /** Ways back from what it has done and still lasts. */
  readonly #undos = new Set<() => void>()
  #isOpen = false
  #usesLeftInWindow = 0
  #usesLeft: number
  #isArmed = false
  /** Its moment has come, and there is no next one. */
  #hasTriggered = false
  #timer: TimerHandle | null = null
  #windowTimer: TimerHandle | null = null

  constructor(
    rule: FaultRule,
    scope: FaultScope,
    text: string,
    dependencies: { clock: Clock; random: Random; hooks: RuleRunHooks },
  ) {
    this.rule = rule
    this.scope = scope
    this.text = text
    this.random = dependencies.random
    this.#clock = dependencies.clock
    this.#hooks = dependencies.hooks
    this.#usesLeft = rule.count ?? Number.POSITIVE_INFINITY
  }

  /** A rule without any timing holds from the venue's start; at-once faults need a moment and take plan zero. */
  get isUntimed(): boolean {
    const { at, every, probability } = this.rule
    return at === undefined && every === undefined && probability === undefined
  }

  /** Nothing more will happen, and nothing of it lasts. */
  get isOver(): boolean {
    const isBusy = this.#isOpen || this.frameRuns.size > 0 || this.#undos.size > 0
    return !isBusy && (this.#usesLeft <= 0 || this.#hasTriggered)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The venue starts: untimed rules open. */
  onVenueStart(): void {
    if (this.isUntimed && !this.#actsAtOnce) this.#open()
  }

  /** Plan time zero. */
  onPlanZero(): void {
    this.#isArmed = true
    const { at, every } = this.rule
    if (at !== undefined) this.#schedule(at)
    else if (every !== undefined) this.#schedule(this.#nextPeriodMs(every))
    else if (this.isUntimed && this.#actsAtOnce) this.#schedule(0)
  }

  /**
   * True when the rule applies to this event of its scope: its window is open with uses left, or its
   * probability says so. Takes one use.
   */
  takes(per: 'frame' | 'message' | 'request'): boolean {
    if (this.#usesLeft <= 0) return false
    if (this.rule.probability !== undefined) {
      if (!this.#isArmed || this.rule.per !== per || !this.random.chance(this.rule.probability)) return false
      this.#usesLeft--
      return true
    }
    if (!this.#isOpen || this.#usesLeftInWindow <= 0) return false
    this.#usesLeft--
    this.#usesLeftInWindow--
    if (this.#usesLeftInWindow <= 0 || this.#usesLeft <= 0) this.#close()
    return true
  }

  /** A duration of the rule drawn from its range, or the default. */
  draw(range: Range | undefined, fallbackMs: number): number {
    if (range === undefined) return fallbackMs
    return range.min === range.max ? range.min : range.min + this.random.next() * (range.max - range.min)
  }

  drawCount(range: Range | undefined, fallback: number): number {
    return range === undefined ? fallback : this.random.int(range.min, range.max)
  }

  /** Keeps a way back from something that lasts; the function returned goes it, once. */
  remember(undo: () => void): () => void {
    const once = (): void => {
      if (this.#undos.delete(once)) undo()
    }
    this.#undos.add(once)
    return once
  }

  /** Goes every way back that is left. */
  undo(): void {
    for (const once of this.#undos) once()
  }

  /** It strikes no more. What it did stays; see `undo`. */
  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer)
    if (this.#windowTimer !== null) this.#clock.clearTimer(this.#windowTimer)
    this.#timer = null
    this.#windowTimer = null
    this.#isOpen = false
    this.#usesLeft = 0
    this.frameRuns.clear()
  }

  get #actsAtOnce(): boolean {
    return this.scope === 'connections' || this.scope === 'venue'
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.setTimer(() => this.#trigger(), delayMs)
  }

  #trigger(): void {
    this.#timer = null
    if (this.#usesLeft <= 0) return
    if (this.#actsAtOnce) {
      this.#usesLeft--
      this.#hooks.onTrigger(this)
    } else {
      this.#open()
    }
    const { every } = this.rule
    if (every === undefined) this.#hasTriggered = true
    else if (this.#usesLeft > 0) this.#schedule(this.#nextPeriodMs(every))
  }

  #nextPeriodMs(everyMs: number): number {
    const jitter = this.rule.jitter ?? 0
    return jitter === 0 ? everyMs : everyMs * (1 + jitter * (2 * this.random.next() - 1))
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    const { for: forRange, every, count } = this.rule
    if (every === undefined) this.#hasTriggered = true
    const isBounded = this.scope === 'window' || forRange !== undefined || this.isUntimed
    this.#usesLeftInWindow = isBounded ? Number.POSITIVE_INFINITY : every === undefined ? (count ?? 1) : 1
    if (forRange !== undefined) {
      this.#windowTimer = this.#clock.setTimer(
        () => {
          this.#windowTimer = null
          this.#close()
        },
        this.draw(forRange, 0),
      )
    }
    if (this.scope === 'window') this.#usesLeft--
    this.#hooks.onTrigger(this)
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#windowTimer !== null) this.#clock.clearTimer(this.#windowTimer)
    this.#windowTimer = null
    this.#hooks.onWindowEnd(this)
    this.fault = null
  }
}
