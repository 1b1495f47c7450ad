/** `feedbus live`: a feed from flags, a file and the environment, on any venue. */
import type { Command } from 'commander'
import { Bus } from '../../bus/index.js'
import { explainConfig, LiveDataFeedManager, LiveFeedConfig, parseStreamList } from '../../live/index.js'
import { SystemClock } from '../../runtime/index.js'
import type { SimVenue } from '../../sim/index.js'
import type { Venue } from '../../types/index.js'
import { isSimulated, startEmbeddedVenue } from '../embedded-venue.js'
import { type ExitCode, UsageError } from '../exit.js'
import { runSession } from '../session.js'
import { addFeedOptions, addSimulationOptions, type FeedOptions } from './feed-options.js'
import { venueKeys } from './venue-keys.js'

interface LiveOptions extends FeedOptions {
  readonly config?: string
  readonly baseUrl?: string
  readonly restUrl?: string
  readonly partial?: boolean
}

export function addLiveCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  const command = program.command('live').description('run a feed on a venue')
  addFeedOptions(command)
  addSimulationOptions(command)
  command
    .option('--config <file>', 'YAML or JSON configuration; flags and environment win over it')
    .option('--base-url <url>', 'WebSocket address instead of the venue table, e.g. ws://127.0.0.1:9001')
    .option('--rest-url <url>', 'REST address instead of the venue table')
    .option('--partial', 'also publish forming candles on mkt.candles.partial')
    .action((options: LiveOptions) => run(live(options)))
}

async function live(options: LiveOptions): Promise<ExitCode> {
  const clock = new SystemClock()
  const flags = configFlags(options)
  const input = explainConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    flags,
  }).input
  const needsVenue = isSimulated(input.venue as Venue) && input.connection?.baseUrl === undefined
  if (!needsVenue && (options.faults !== undefined || options.seed !== undefined || options.speed !== undefined)) {
    throw new UsageError(
      '--seed, --speed and --faults steer the embedded venue: use them with --venue SIM_SPOT or SIM_FUTURES and without --base-url.',
    )
  }
  let simVenue: SimVenue | null = null
  try {
    let config: LiveFeedConfig
    if (needsVenue) {
      const probe = new LiveFeedConfig({
        ...input,
        connection: { ...input.connection, baseUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:1' },
      })
      simVenue = await startEmbeddedVenue({
        venues: [probe.venue],
        symbols: probe.getAllSymbols(),
        seed: options.seed ?? 7,
        faults: options.faults ?? 'none',
        speed: typeof options.speed === 'number' ? options.speed : 1,
        clock,
      })
      const connection = { ...input.connection, baseUrl: simVenue.wsUrl, restUrl: simVenue.restUrl }
      config = new LiveFeedConfig({ ...input, connection })
    } else {
      config = LiveFeedConfig.parse(input)
    }
    const bus = new Bus({ clock })
    const manager = new LiveDataFeedManager(config, bus, { name: 'live', runtime: { clock } })
    return await runSession({
      title: `${config.venue}  ${config.streamSpecs().length} streams`,
      bus,
      clock,
      sources: [manager],
      http: options.http === undefined ? null : { ...options.http, isFixed: true },
      durationMs: options.duration ?? null,
      emitPatterns: options.emit ?? [],
      json: options.json ?? false,
      keys: simVenue === null ? [] : venueKeys(simVenue),
    })
  } finally {
    await simVenue?.stop()
  }
}

/** The flags that are configuration, in the shape of the configuration. */
function configFlags(options: LiveOptions): Record<string, unknown> {
  const flags: Record<string, unknown> = {}
  if (options.venue !== undefined) flags['venue'] = options.venue
  if (options.streams !== undefined) {
    if (options.symbols === undefined) throw new UsageError('--streams needs --symbols: say for which symbols.')
    flags['streams'] = parseStreamList(options.streams, options.symbols)
  } else if (options.symbols !== undefined) {
    flags['symbols'] = options.symbols
  }
  const connection: Record<string, string> = {}
  if (options.baseUrl !== undefined) connection['baseUrl'] = options.baseUrl
  if (options.restUrl !== undefined) connection['restUrl'] = options.restUrl
  if (Object.keys(connection).length > 0) flags['connection'] = connection
  if (options.partial === true) flags['emitPartialCandles'] = true
  return flags
}
