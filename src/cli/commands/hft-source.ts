/**
 * `feedbus live --source hft`, and what `DATA_SOURCE=hft_connector` makes of `feedbus live`: market data through a
 * connector process in shared memory, or through the stub of one.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { Bus } from '../../bus/index.js'
import {
  ConnectorError,
  getSettings,
  HFT_CONNECTOR_KINDS,
  type HftConnectorKind,
  HftSource,
  isNativeAvailable,
  type Settings,
  StubbedConnector,
  setupConnectorMode,
} from '../../connectors/hft/index.js'
import { SystemClock } from '../../runtime/index.js'
import type { FeedSource } from '../../types/index.js'
import { ExitCode, UsageError } from '../exit.js'
import { runSession } from '../session.js'
import { type FeedOptions, httpOptions } from './feed-options.js'

export interface HftOptions extends FeedOptions {
  readonly source?: 'ws' | 'hft'
  readonly connector?: string
  readonly exchange?: HftConnectorKind
  readonly tickSize?: number
  readonly lotSize?: number
  readonly stub?: boolean
  readonly ipcRoot?: string
  readonly ipcPrefix?: string
}

/** What BTCUSDT futures have; any other symbol must be told its own, because the first bot's count for all. */
const KNOWN_SYMBOL = 'BTCUSDT'
const KNOWN_TICK_SIZE = 0.1
const KNOWN_LOT_SIZE = 0.001

export function addHftOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--source <source>', 'ws: the venue itself; hft: a connector process (default: DATA_SOURCE)').choices([
        'ws',
        'hft',
      ]),
    )
    .option('--connector <name>', 'name the connector process was started with (default: CONNECTOR_NAME)')
    .addOption(new Option('--exchange <kind>', 'kind of the connector process').choices(HFT_CONNECTOR_KINDS))
    .option('--tick-size <step>', 'smallest price step of the symbols (default: 0.1 for BTCUSDT)', parseStep)
    .option('--lot-size <step>', 'smallest quantity step of the symbols (default: 0.001 for BTCUSDT)', parseStep)
    .option('--stub', 'a simulated connector: needs neither a process nor the native addon')
    .option('--ipc-root <folder>', 'folder of the shared-memory services, where it is not the usual one')
    .option('--ipc-prefix <text>', 'prefix of the shared-memory files, where it is not the usual one')
}

/** Whether the flags, or without `--source` the environment, ask for a connector. Throws for bad variables. */
export function isHftWanted(options: HftOptions): boolean {
  if (options.source !== undefined) return options.source === 'hft'
  return options.stub === true || getSettings().dataSource === 'hft_connector'
}

export async function liveFromConnector(options: HftOptions): Promise<ExitCode> {
  refuseOthers(options)
  const http = httpOptions(options)
  const settings = getSettings()
  if (!settings.connectorPaperTrading) {
    // Who asks for real orders expects a program that places them; running on without would look like it did.
    throw new ConnectorError(
      'CONNECTOR_OPTIONS',
      'CONNECTOR_PAPER_TRADING=false asks for real orders, and feedbus live only reads market data: unset it here',
    )
  }
  const clock = new SystemClock()
  const bus = new Bus({ clock })
  const connector = options.connector ?? settings.connectorName
  if (connector === null && options.stub !== true && options.source === 'hft') {
    throw new UsageError('--source hft needs --connector NAME (or CONNECTOR_NAME), or --stub for a simulated one.')
  }
  const isStub = options.stub === true || connector === null
  if (!isStub) {
    const native = isNativeAvailable()
    if (!native.ok) {
      process.stderr.write(`NATIVE_UNAVAILABLE ${native.reason ?? 'the native addon cannot be loaded'}\n`)
      process.stderr.write('Without it, a simulated connector runs: feedbus live --source hft --stub\n')
      return ExitCode.RUNTIME_FAILURE
    }
  } else if (options.stub !== true) {
    process.stderr.write('CONNECTOR_NAME is not set: this is a simulated connector (as with --stub)\n')
  }
  const symbols = options.symbols ?? [settings.symbol]
  const source = isStub
    ? stubSource(options, settings, bus, clock, symbols)
    : hftSource(options, connector ?? '', bus, clock, symbols)
  return runSession({
    title: isStub ? 'simulated connector' : `connector ${connector} (${options.exchange ?? 'binancefutures'})`,
    bus,
    clock,
    sources: [source],
    http,
    durationMs: options.duration ?? null,
    emitPatterns: options.emit ?? [],
    json: options.json ?? false,
    reportPath: options.report ?? null,
    keys: [],
  })
}

function stubSource(
  options: HftOptions,
  settings: Settings,
  bus: Bus,
  clock: SystemClock,
  symbols: readonly string[],
): FeedSource {
  return setupConnectorMode(
    {
      bus,
      settings,
      symbols,
      runtime: { clock },
      // On a terminal the table owns the screen.
      ...(process.stdout.isTTY && process.stderr.isTTY ? { logLine: null } : {}),
    },
    () => new StubbedConnector({ clock, ...(options.seed === undefined ? {} : { seed: options.seed }) }),
  )
}

function hftSource(
  options: HftOptions,
  connector: string,
  bus: Bus,
  clock: SystemClock,
  symbols: readonly string[],
): FeedSource {
  const { tickSize, lotSize, ipcRoot, ipcPrefix } = options
  const unknown = symbols.filter((symbol) => symbol.toUpperCase() !== KNOWN_SYMBOL)
  if (unknown.length > 0 && (tickSize === undefined || lotSize === undefined)) {
    throw new UsageError(
      `${unknown.join(', ')} needs --tick-size and --lot-size: a connector takes the first bot's word.`,
    )
  }
  return new HftSource(
    {
      connector,
      kind: options.exchange ?? 'binancefutures',
      instruments: symbols.map((symbol) => ({
        symbol,
        tickSize: tickSize ?? KNOWN_TICK_SIZE,
        lotSize: lotSize ?? KNOWN_LOT_SIZE,
      })),
      runtime: { clock },
      node: {
        ...(ipcRoot === undefined ? {} : { rootPath: ipcRoot }),
        ...(ipcPrefix === undefined ? {} : { prefix: ipcPrefix }),
      },
    },
    bus,
  )
}

/** Flags that choose a venue have no meaning here, and silence about them would be a guess. */
function refuseOthers(options: HftOptions): void {
  if (options.venue !== undefined || options.streams !== undefined || options.faults !== undefined) {
    throw new UsageError(
      '--venue, --streams and --faults belong to --source ws; a connector has --exchange and --symbols.',
    )
  }
}

function parseStep(text: string): number {
  const step = Number(text)
  if (text.trim() !== '' && step > 0 && Number.isFinite(step)) return step
  throw new InvalidArgumentError(`"${text}" is not a step; write a number above 0, e.g. 0.1.`)
}
