/**
 * `feedbus up`: embedded venue, feed and HTTP in one process; what `npm start` runs. Without options it shows
 * both markets, with streams that move within seconds.
 */
import type { Command } from 'commander'
import { Bus } from '../../bus/index.js'
import { LiveDataFeedManager, LiveFeedConfig, parseStreamList } from '../../live/index.js'
import { SystemClock } from '../../runtime/index.js'
import { Venue } from '../../types/index.js'
import { startEmbeddedVenue } from '../embedded-venue.js'
import { type ExitCode, UsageError } from '../exit.js'
import { parseSymbols } from '../option-values.js'
import { runSession } from '../session.js'
import { addFeedOptions, addSimulationOptions, type FeedOptions, httpOptions } from './feed-options.js'
import { venueKeys } from './venue-keys.js'

const DEFAULT_SYMBOLS = ['BTCUSDT', 'ETHUSDT']
const DEFAULT_HTTP = { host: '127.0.0.1', port: 9464 }
/** One-second candles exist on spot only; they let a newcomer see finalized candles at once. */
const DEFAULT_STREAMS = {
  SIM_SPOT: 'kline:1s,kline:1m,depth:20,bookTicker,aggTrade,ticker',
  SIM_FUTURES: 'kline:1m,depth:20,markPrice@1s,aggTrade,ticker',
} as const
/**
 * Every default stream speaks at least every two seconds, so five seconds of silence are a fault, and a person
 * who stalls one need not wait half a minute to see it. `feedbus live` keeps the defaults of the library.
 */
const STALENESS_THRESHOLD_MS = 5_000
const WATCHDOG_TIMEOUT_MS = 60_000

export function addUpCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('up')
    .description('run the embedded simulated venue with a feed on it; no network needed')
  addFeedOptions(command, [Venue.SIM_SPOT, Venue.SIM_FUTURES], parseSymbols)
  addSimulationOptions(command)
  command
    .addHelpText(
      'after',
      `
Defaults: both markets with ${DEFAULT_SYMBOLS.join(',')}, --http ${DEFAULT_HTTP.host}:${DEFAULT_HTTP.port} (or a free port),
streams per market: ${Object.values(DEFAULT_STREAMS).join('\n                    ')}
A stream is STALE after ${STALENESS_THRESHOLD_MS / 1000} s of silence here (30 s in feedbus live).
Keys on a terminal: c cuts the connections, s stalls a stream, d shows the address of the dashboard, q quits.`,
    )
    .action((options: FeedOptions) => run(up(options)))
}

async function up(options: FeedOptions): Promise<ExitCode> {
  if (options.speed === 'max')
    throw new UsageError('--speed max serves recordings only (feedbus sim --from); give a factor.')
  const venues = options.venue === undefined ? [Venue.SIM_SPOT, Venue.SIM_FUTURES] : [options.venue]
  const symbols = options.symbols ?? DEFAULT_SYMBOLS
  const seed = options.seed ?? 7
  const faults = options.faults ?? 'none'
  const speed = options.speed ?? 1
  // On a slowed-down venue the same streams speak less often.
  const stalenessThresholdMs = Math.round(STALENESS_THRESHOLD_MS * Math.max(1, 1 / speed))
  const health = {
    stalenessThresholdMs,
    healthCheckIntervalMs: 1_000,
    watchdogTimeoutMs: Math.max(WATCHDOG_TIMEOUT_MS, 2 * stalenessThresholdMs),
  }
  const clock = new SystemClock()
  // Streams are checked before anything is started: a typing error must not leave a server behind.
  const streamsOf = (venue: Venue) =>
    parseStreamList(options.streams ?? DEFAULT_STREAMS[venue as keyof typeof DEFAULT_STREAMS], symbols)
  const configOf = (venue: Venue, baseUrl: string, restUrl: string): LiveFeedConfig =>
    new LiveFeedConfig({
      venue,
      streams: streamsOf(venue),
      emitPartialCandles: true,
      connection: { baseUrl, restUrl },
      health,
    })
  for (const venue of venues) configOf(venue, 'ws://127.0.0.1:1', 'http://127.0.0.1:1')

  const simVenue = await startEmbeddedVenue({ venues, symbols, seed, faults, speed, clock })
  try {
    const bus = new Bus({ clock })
    const sources = venues.map(
      (venue) =>
        new LiveDataFeedManager(configOf(venue, simVenue.wsUrl, simVenue.restUrl), bus, {
          name: venue === Venue.SIM_SPOT ? 'spot' : 'futures',
          runtime: { clock },
        }),
    )
    return await runSession({
      title: `${venues.join(' + ')} (seed ${seed}, faults ${faults})`,
      bus,
      clock,
      sources,
      http: httpOptions(options, DEFAULT_HTTP),
      durationMs: options.duration ?? null,
      emitPatterns: options.emit ?? [],
      json: options.json ?? false,
      reportPath: options.report ?? null,
      keys: venueKeys({ venue: simVenue, sources, clock, stalenessThresholdMs, speed }),
    })
  } finally {
    await simVenue.stop()
  }
}
