/** `feedbus sim`: only the simulated venue, for any client, also one that is not ours. */
import { type Command, Option } from 'commander'
import { SystemClock } from '../../runtime/index.js'
import { SimVenue } from '../../sim/index.js'
import type { MarketKind } from '../../types/index.js'
import { ExitCode, UsageError } from '../exit.js'
import { parseDurationMs, parsePort, parseSeed, parseSpeed, parseSymbols } from '../option-values.js'

interface SimOptions {
  readonly port: number
  readonly symbols: string[]
  readonly market: MarketKind | 'both'
  readonly seed: number
  readonly speed: number | 'max'
  readonly faults: string
  readonly from?: string
  readonly atEnd: 'hold' | 'close' | 'loop'
  readonly tls?: boolean
  readonly oracle?: string
  readonly control?: boolean
  readonly duration?: number
}

export function addSimCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  program
    .command('sim')
    .description('run only the simulated venue (WebSocket and REST on one port)')
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort, 0)
    .addOption(
      new Option('--symbols <list>', 'comma-separated')
        .argParser(parseSymbols)
        .default(['BTCUSDT', 'ETHUSDT'], 'BTCUSDT,ETHUSDT'),
    )
    .addOption(
      new Option('--market <market>', 'which markets to serve').choices(['spot', 'futures', 'both']).default('both'),
    )
    .option('--seed <number>', 'seed of the market', parseSeed, 7)
    .option('--speed <factor>', 'time factor; with --from also max', parseSpeed, 1)
    .option('--faults <plan>', 'none, gentle, rough, limits, handover, or a file', 'none')
    .option('--from <capture>', 'serve this recording (CAPTURE.jsonl.gz) instead of a simulated market')
    .addOption(
      new Option('--at-end <what>', 'what follows the end of a recording')
        .choices(['hold', 'close', 'loop'])
        .default('hold'),
    )
    .option('--tls', 'serve wss and https with a self-signed certificate')
    .option('--oracle <file>', 'write what was sent and what was true as JSON lines')
    .option('--control', 'open the control port for faults')
    .option('--duration <time>', 'stop after this long', parseDurationMs)
    .action((options: SimOptions) => run(sim(options)))
}

async function sim(options: SimOptions): Promise<ExitCode> {
  if (options.speed === 'max' && options.from === undefined) {
    throw new UsageError('--speed max serves recordings only: use it with --from, or give a factor.')
  }
  const clock = new SystemClock()
  const venue = await SimVenue.start({
    port: options.port,
    symbols: options.symbols,
    market: options.market,
    seed: options.seed,
    speed: options.speed,
    faults: options.faults,
    clock,
    ...(options.from === undefined ? {} : { from: options.from, atEnd: options.atEnd }),
    ...(options.tls === true ? { tls: true } : {}),
    ...(options.oracle === undefined ? {} : { oracleFile: options.oracle }),
    ...(options.control === true ? { control: true } : {}),
  })
  process.stdout.write(`listening ${venue.wsUrl} ${venue.restUrl}\n`)
  if (venue.controlUrl !== null) process.stdout.write(`control ${venue.controlUrl}\n`)
  if (venue.caFile !== null) process.stdout.write(`tls NODE_EXTRA_CA_CERTS=${venue.caFile}\n`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    if (options.duration !== undefined) clock.setTimer(resolve, options.duration)
  })
  await venue.stop()
  return ExitCode.OK
}
