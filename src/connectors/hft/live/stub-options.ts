/** Options of the stub bot with their defaults, checked once. */
import type { Clock } from '../../../runtime/clock.js'
import { type FileStore, NodeFileStore } from '../../../runtime/file-store.js'
import { LiveClientError } from './errors.js'
import { LiveInstrument } from './live-instrument.js'

export interface StubConnectorBotOptions {
  /** Default: one BTCUSDT with tick 0.01 and lot 0.001. */
  readonly instruments?: readonly LiveInstrument[]
  /** Where the price starts. Default 50 000. */
  readonly basePrice?: number
  /** Everything random comes from it; the same seed gives the same streams. Default 42. */
  readonly seed?: number
  /** Standard deviation of the relative price step with each book change. Default 1e-4. */
  readonly volatility?: number
  /** Mean spread in price; each book change draws 0.5 to 1.5 times of it. Default 1. */
  readonly spread?: number
  /** Share of feeds that bring a trade. Default 0.7. */
  readonly tradeProb?: number
  /** Share of feeds that bring a new top of the book. Default 0.8. */
  readonly depthProb?: number
  /** Probability that a resting order fills when the market touches its price. Default 0.3. */
  readonly fillProb?: number
  /** Venue to bot. Default 100 us. */
  readonly feedLatencyNs?: bigint
  /** Request to reply; the request arrives at the venue after half of it. Default 1 ms. */
  readonly orderLatencyNs?: bigint
  /** Latencies vary by plus or minus this share. Default 0. */
  readonly latencyJitter?: number
  /** Between two feeds. Default 10 ms. */
  readonly feedIntervalMs?: number
  /** Feeds until the data ends. Default 1000; `Infinity` never ends. */
  readonly maxFeeds?: number
  /** Start of the stub's own time, ns since the epoch. Default 1 700 000 000 s. */
  readonly startTimestamp?: bigint
  /** How long a submit or cancel with `wait` waits for its reply, in the stub's time. Default 60 000. */
  readonly orderTimeoutMs?: number
  /** Lets the stub's time follow this clock. Without it waiting takes no time: the next feed is always there. */
  readonly pace?: Clock
  /** Where recordings are written and read. Default: the disk. */
  readonly files?: FileStore
}

export interface StubSettings {
  readonly instruments: readonly LiveInstrument[]
  readonly basePrice: number
  readonly seed: number
  readonly volatility: number
  readonly spread: number
  readonly tradeProb: number
  readonly depthProb: number
  readonly fillProb: number
  readonly feedLatencyNs: bigint
  readonly orderLatencyNs: bigint
  readonly latencyJitter: number
  readonly feedIntervalNs: bigint
  readonly maxFeeds: number
  readonly startTimestamp: bigint
  readonly orderTimeoutNs: bigint
  readonly pace: Clock | null
  readonly files: FileStore
}

/** Throws `LIVE_OPTION_INVALID` naming the option. */
export function stubSettings(options: StubConnectorBotOptions): StubSettings {
  const settings: StubSettings = {
    instruments: options.instruments ?? [new LiveInstrument('BTCUSDT', { tickSize: 0.01, lotSize: 0.001 })],
    basePrice: options.basePrice ?? 50_000,
    seed: options.seed ?? 42,
    volatility: options.volatility ?? 1e-4,
    spread: options.spread ?? 1,
    tradeProb: options.tradeProb ?? 0.7,
    depthProb: options.depthProb ?? 0.8,
    fillProb: options.fillProb ?? 0.3,
    feedLatencyNs: options.feedLatencyNs ?? 100_000n,
    orderLatencyNs: options.orderLatencyNs ?? 1_000_000n,
    latencyJitter: options.latencyJitter ?? 0,
    feedIntervalNs: BigInt(Math.round((options.feedIntervalMs ?? 10) * 1e6)),
    maxFeeds: options.maxFeeds ?? 1000,
    startTimestamp: options.startTimestamp ?? 1_700_000_000_000_000_000n,
    orderTimeoutNs: BigInt(Math.round((options.orderTimeoutMs ?? 60_000) * 1e6)),
    pace: options.pace ?? null,
    files: options.files ?? new NodeFileStore(),
  }
  check(settings.instruments.length > 0, 'instruments must name at least one')
  check(settings.basePrice > 0 && Number.isFinite(settings.basePrice), 'basePrice must be above 0')
  check(Number.isSafeInteger(settings.seed), 'seed must be a whole number')
  check(settings.volatility >= 0 && settings.volatility < 1, 'volatility must be from 0 and below 1')
  check(settings.spread > 0 && Number.isFinite(settings.spread), 'spread must be above 0')
  for (const name of ['tradeProb', 'depthProb', 'fillProb', 'latencyJitter'] as const) {
    check(settings[name] >= 0 && settings[name] <= 1, `${name} must be from 0 to 1`)
  }
  check(settings.feedLatencyNs >= 0n && settings.orderLatencyNs >= 0n, 'latencies must not be negative')
  check(settings.feedIntervalNs > 0n, 'feedIntervalMs must be above 0')
  check(settings.maxFeeds >= 0, 'maxFeeds must not be negative')
  return settings
}

function check(holds: boolean, rule: string): void {
  if (!holds) throw new LiveClientError('LIVE_OPTION_INVALID', `StubConnectorBot: ${rule}`, { isTerminal: true })
}
