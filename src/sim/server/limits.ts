/**
 * The venue's limits as numbers and the small machines that enforce them: a token bucket, a sliding count of
 * connection attempts, the request weight of a clock minute, and the bans that follow from ignoring refusals.
 *
 * Every machine is told the time, so that it runs under any clock. Numbers: Binance spot and USD-M
 * documentation and measurements of 2026-10-07; what is our own choice says so.
 */
import type { MarketKind } from '../../types/venue.js'

export interface MarketLimits {
  /** JSON messages, pings and pongs of a client per second, as the refill of a token bucket. */
  readonly messagesPerSecond: number
  /** Messages that may come back to back. Measured on futures: 15 of 40 were answered. */
  readonly messageBurst: number
  readonly streamsPerConnectionMax: number
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly lifetimeMs: number
  /** Request weight per UTC clock minute and client address. */
  readonly weightPerMinute: number
}

export interface SimLimits {
  readonly spot: MarketLimits
  readonly futures: MarketLimits
  readonly connectAttempts: number
  readonly connectWindowMs: number
  /** Refusals a client may ignore before it is banned. Our choice: the venue does not publish it. */
  readonly ignoredRefusalsMax: number
  /** First ban; each further one is twice as long, up to `banMsMax`. */
  readonly banMs: number
  readonly banMsMax: number
  /** Largest text frame of a client. Our choice; 200 names in one SUBSCRIBE must pass. */
  readonly clientFrameBytesMax: number
  /** Longest request target. Our choice after old reports about the venue. */
  readonly urlCharsMax: number
  /** Bytes one connection may have waiting; a consumer that falls further behind is cut. */
  readonly sendQueueBytesMax: number
  /** Calls of `fundingRate` and `fundingInfo` together per 5 minutes and address. */
  readonly fundingCallsPer5Minutes: number
}

export type SimLimitsInput = {
  readonly [Name in keyof Omit<SimLimits, 'spot' | 'futures'>]?: SimLimits[Name] | undefined
} & {
  readonly spot?: Partial<MarketLimits> | undefined
  readonly futures?: Partial<MarketLimits> | undefined
  /** As measured on spot in autumn 2026: one message per 250 ms is closed, one per 500 ms holds. */
  readonly strict?: boolean | undefined
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const SPOT: MarketLimits = {
  messagesPerSecond: 5,
  messageBurst: 15,
  streamsPerConnectionMax: 1024,
  pingIntervalMs: 20_000,
  pongTimeoutMs: MINUTE_MS,
  lifetimeMs: 24 * HOUR_MS,
  weightPerMinute: 6000,
}

const FUTURES: MarketLimits = {
  messagesPerSecond: 10,
  messageBurst: 15,
  streamsPerConnectionMax: 1024,
  pingIntervalMs: 3 * MINUTE_MS,
  pongTimeoutMs: 10 * MINUTE_MS,
  lifetimeMs: 24 * HOUR_MS,
  weightPerMinute: 2400,
}

/** The venue's limits with the given ones replaced. */
export function resolveLimits(input: SimLimitsInput = {}): SimLimits {
  const { spot, futures, strict, ...rest } = input
  const strictSpot = strict === true ? { messagesPerSecond: 2, messageBurst: 2 } : {}
  return {
    connectAttempts: 300,
    connectWindowMs: 5 * MINUTE_MS,
    ignoredRefusalsMax: 10,
    banMs: 2 * MINUTE_MS,
    banMsMax: 72 * HOUR_MS,
    clientFrameBytesMax: 64 * 1024,
    urlCharsMax: 8000,
    sendQueueBytesMax: 64 * 1024 * 1024,
    fundingCallsPer5Minutes: 500,
    ...dropUndefined(rest),
    spot: { ...SPOT, ...strictSpot, ...dropUndefined(spot ?? {}) },
    futures: { ...FUTURES, ...dropUndefined(futures ?? {}) },
  }
}

export function marketLimits(limits: SimLimits, market: MarketKind): MarketLimits {
  return market === 'spot' ? limits.spot : limits.futures
}

/** Holds up to `burst` tokens and gains `perSecond`; one message takes one. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** False when nothing is left for this message. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    // The sum of many refills may miss a whole token by rounding; a client exactly on pace must pass.
    if (this.#tokens < 1 - 1e-9) return false
    this.#tokens = Math.max(0, this.#tokens - 1)
    return true
  }
}

/** How a request or an upgrade is refused. */
export interface Refusal {
  readonly status: 429 | 418
  readonly retryAfterMs: number
}

interface Standing {
  /** Refusals hold until here; what comes earlier is ignored advice. */
  refusedUntilMs: number
  ignored: number
  bannedUntilMs: number
  bans: number
}

/**
 * Who is refused and who is banned, by client address. A client that goes on while it is refused is banned,
 * each time for longer.
 */
export class BanLedger {
  readonly #limits: SimLimits
  readonly #standings = new Map<string, Standing>()

  constructor(limits: SimLimits) {
    this.#limits = limits
  }

  /** The refusal in force for this address, or `null`; asking during a refusal counts as ignoring it. */
  check(address: string, nowMs: number): Refusal | null {
    const standing = this.#standings.get(address)
    if (standing === undefined) return null
    if (nowMs < standing.bannedUntilMs) {
      standing.ignored++
      return { status: 418, retryAfterMs: standing.bannedUntilMs - nowMs }
    }
    if (nowMs >= standing.refusedUntilMs) {
      standing.ignored = 0
      return null
    }
    standing.ignored++
    if (standing.ignored <= this.#limits.ignoredRefusalsMax) {
      return { status: 429, retryAfterMs: standing.refusedUntilMs - nowMs }
    }
    const banMs = Math.min(this.#limits.banMs * 2 ** standing.bans, this.#limits.banMsMax)
    standing.bans++
    standing.ignored = 0
    standing.bannedUntilMs = nowMs + banMs
    return { status: 418, retryAfterMs: banMs }
  }

  /** Refuses this address for `forMs` from now. */
  refuse(address: string, nowMs: number, forMs: number): Refusal {
    const standing = this.#standings.get(address) ?? { refusedUntilMs: 0, ignored: 0, bannedUntilMs: 0, bans: 0 }
    standing.refusedUntilMs = Math.max(standing.refusedUntilMs, nowMs + forMs)
    this.#standings.set(address, standing)
    return { status: 429, retryAfterMs: forMs }
  }
}

/** Events of the last `windowMs` by client address; never holds more than `countMax` times per address. */
export class SlidingCount {
  readonly #countMax: number
  readonly #windowMs: number
  readonly #times = new Map<string, number[]>()

  constructor(countMax: number, windowMs: number) {
    this.#countMax = countMax
    this.#windowMs = windowMs
  }

  /** Counts one event; returns 0 when it is within the limit, else the time in ms until one would be again. */
  add(address: string, nowMs: number): number {
    let times = this.#times.get(address)
    if (times === undefined) {
      times = []
      this.#times.set(address, times)
    }
    let expired = 0
    while (expired < times.length && times[expired]! <= nowMs - this.#windowMs) expired++
    if (expired > 0) times.splice(0, expired)
    if (times.length < this.#countMax) {
      times.push(nowMs)
      return 0
    }
    return Math.max(1, times[0]! + this.#windowMs - nowMs)
  }

  count(address: string, nowMs: number): number {
    return (this.#times.get(address) ?? []).filter((time) => time > nowMs - this.#windowMs).length
  }
}

/** Request weight used by each address in the current UTC clock minute. The window is the minute, not sliding. */
export class WeightLedger {
  #minute = -1
  readonly #used = new Map<string, number>()

  /** Adds the weight and returns the sum of the minute. */
  add(address: string, wallMs: number, weight: number): number {
    this.#roll(wallMs)
    const used = (this.#used.get(address) ?? 0) + weight
    this.#used.set(address, used)
    return used
  }

  used(address: string, wallMs: number): number {
    this.#roll(wallMs)
    return this.#used.get(address) ?? 0
  }

  /** Time until the next clock minute. */
  static untilNextMinuteMs(wallMs: number): number {
    return MINUTE_MS - (((wallMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS)
  }

  #roll(wallMs: number): void {
    const minute = Math.floor(wallMs / MINUTE_MS)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#used.clear()
  }
}

function dropUndefined<T extends object>(values: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>
  }
}
