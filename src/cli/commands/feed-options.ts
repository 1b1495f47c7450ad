/** The options that `up` and `live` share. */
import { type Command, Option } from 'commander'
import { Venue } from '../../types/index.js'
import { parseEmitPatterns } from '../emit-patterns.js'
import { UsageError } from '../exit.js'
import {
  type HostPort,
  parseCount,
  parseDurationMs,
  parseHostPort,
  parseList,
  parseSeed,
  parseSpeed,
} from '../option-values.js'
import type { HttpOptions } from '../session.js'

export interface FeedOptions {
  readonly venue?: Venue
  readonly symbols?: string[]
  readonly streams?: string
  readonly http?: HostPort
  readonly viewersMax?: number
  readonly duration?: number
  readonly emit?: string[]
  readonly json?: boolean
  readonly report?: string
  readonly seed?: number
  readonly speed?: number | 'max'
  readonly faults?: string
}

export const STREAM_LIST_HELP =
  'kline:1m, depth:5|10|20|full, bookTicker, markPrice, aggTrade, trade, ticker, miniTicker, liquidation; a speed may follow: depth:20@100ms'

/** `symbols` reads the list: what a symbol may look like depends on who is asked for it. */
export function addFeedOptions(
  command: Command,
  venues: readonly string[] = Object.values(Venue),
  symbols: (text: string) => string[] = parseList,
): Command {
  return (
    command
      .addOption(new Option('--venue <venue>', 'where the data comes from').choices(venues))
      .option('--symbols <list>', 'comma-separated, e.g. BTCUSDT,ETHUSDT', symbols)
      .option('--streams <list>', `comma-separated: ${STREAM_LIST_HELP}`)
      .option('--http <address>', 'serve dashboard, metrics and health at HOST:PORT', parseHostPort)
      .option('--viewers-max <count>', 'pages of the dashboard open at once (default: 16)', parseCount)
      .option('--duration <time>', 'stop after this long, e.g. 60s', parseDurationMs)
      .option(
        '--emit <patterns>',
        "print matching envelopes as JSON lines on stdout, e.g. 'mkt.*,live.gap'",
        parseEmitPatterns,
      )
      .option('--report <file>', 'write one HTML page about the session when it ends')
      .option('--json', 'status, log and summary as JSON lines')
      // picocolors reads this flag and NO_COLOR by itself; declared here so that it is known and in the help.
      .option('--no-color', 'no colours, as with NO_COLOR=1')
  )
}

/** What `--http` and `--viewers-max` ask for; `fallback` is where a command serves that was not told. */
export function httpOptions({ http, viewersMax }: FeedOptions, fallback?: HostPort): HttpOptions | null {
  const address = http ?? fallback
  if (address !== undefined) return { ...address, isFixed: http !== undefined, viewersMax }
  if (viewersMax !== undefined) throw new UsageError('--viewers-max is about the dashboard: it goes with --http.')
  return null
}

export function addSimulationOptions(command: Command): Command {
  return command
    .option('--seed <number>', 'seed of the simulated market (default: 7)', parseSeed)
    .option('--speed <factor>', 'time factor of the simulated market (default: 1)', parseSpeed)
    .option('--faults <plan>', 'fault plan: none (default), gentle, rough, limits, handover, or a file')
}
