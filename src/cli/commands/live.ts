/** `feedbus live`: a feed from flags, a file and the environment, on any venue. */
import type { Command } from 'commander'
import { Bus } from '../../bus/index.js'
import { explainConfig, LiveDataFeedManager } from '../../live/index.js'
import { SystemClock } from '../../runtime/index.js'
import { isSimulated, startEmbeddedVenue } from '../embedded-venue.js'
import { type ExitCode, UsageError } from '../exit.js'
import { formatCounted } from '../format.js'
import { runSession } from '../session.js'
import { addFeedOptions, addSimulationOptions, httpOptions } from './feed-options.js'
import { addHftOptions, type HftOptions, isHftWanted, liveFromConnector } from './hft-source.js'
import { venueKeys } from './venue-keys.js'

interface LiveOptions extends HftOptions {
  readonly config?: string
  readonly baseUrl?: string
  readonly restUrl?: string
  readonly partial?: boolean
  readonly stateDir?: string
  readonly redundant?: string
}

export function addLiveCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  const command = program.command('live').description('run a feed on a venue')
  addFeedOptions(command)
  command
    .option('--config <file>', 'YAML or JSON configuration; FEEDBUS_… variables win over it, flags over both')
    .option('--base-url <url>', 'WebSocket address instead of the venue table, e.g. ws://127.0.0.1:9001')
    .option('--rest-url <url>', 'REST address instead of the venue table')
    .option('--state-dir <folder>', 'remember the last candles there, so that a restart goes on after them')
    .option('--redundant <types>', 'carry these kinds of stream over two sockets: DEPTH,AGG_TRADE or all')
    .option('--partial', 'also publish forming candles on mkt.candles.partial')
  command.optionsGroup('Simulated venue (SIM_SPOT and SIM_FUTURES without --base-url):')
  addSimulationOptions(command)
  command.optionsGroup('Connector process (--source hft):')
  addHftOptions(command)
  command
    .addHelpText(
      'after',
      `
Examples:
  feedbus live --venue BINANCE_SPOT --symbols BTCUSDT --streams kline:1m,depth:full --http 127.0.0.1:9464
  feedbus live --config feed.yaml --emit 'mkt.candles,live.gap' --state-dir state
  feedbus live --venue SIM_FUTURES --symbols BTCUSDT --faults gentle --duration 60s
  feedbus live --source hft --stub --emit 'mkt.*'`,
    )
    .action((options: LiveOptions) => run(live(options)))
}

async function live(options: LiveOptions): Promise<ExitCode> {
  if (isHftWanted(options)) return liveFromConnector(options)
  const http = httpOptions(options)
  const clock = new SystemClock()
  const { config } = explainConfig({ file: options.config, env: process.env, flags: configFlags(options) })
  const isEmbedded = isSimulated(config.venue) && config.connection.baseUrl === ''
  if (!isEmbedded && [options.faults, options.seed, options.speed].some((option) => option !== undefined)) {
    throw new UsageError(
      '--seed, --speed and --faults steer the embedded venue: use them with --venue SIM_SPOT or SIM_FUTURES and without --base-url.',
    )
  }
  if (options.speed === 'max') {
    throw new UsageError('--speed max serves recordings only (feedbus sim --from); give a factor.')
  }
  const simVenue = isEmbedded
    ? await startEmbeddedVenue({
        venues: [config.venue],
        symbols: config.getAllSymbols(),
        seed: options.seed ?? 7,
        faults: options.faults ?? 'none',
        speed: options.speed ?? 1,
        clock,
      })
    : null
  try {
    const reachable =
      simVenue === null ? config : config.withEndpoints({ baseUrl: simVenue.wsUrl, restUrl: simVenue.restUrl })
    const bus = new Bus({ clock })
    const manager = new LiveDataFeedManager(reachable, bus, { name: 'live', runtime: { clock } })
    return await runSession({
      title: `${config.venue}  ${formatCounted(config.streamSpecs().length, 'stream')}`,
      bus,
      clock,
      sources: [manager],
      http,
      durationMs: options.duration ?? null,
      emitPatterns: options.emit ?? [],
      json: options.json ?? false,
      reportPath: options.report ?? null,
      keys:
        simVenue === null
          ? []
          : venueKeys({
              venue: simVenue,
              sources: [manager],
              clock,
              stalenessThresholdMs: config.health.stalenessThresholdMs,
              speed: options.speed ?? 1,
            }),
    })
  } finally {
    await simVenue?.stop()
  }
}

/** The flags that are configuration; the others belong to the command. */
function configFlags(options: LiveOptions): Readonly<Record<string, unknown>> {
  const { venue, symbols, streams, baseUrl, restUrl, stateDir, redundant, partial } = options
  return {
    venue,
    symbols,
    streams,
    baseUrl,
    restUrl,
    stateDir,
    redundant,
    ...(partial === true ? { emitPartialCandles: true } : {}),
  }
}
