/**
 * A live client over a connector's shared memory, or over the stub: trades, book updates, statistics, a graceful end
 * on SIGINT, SIGTERM, after the duration, or when the connection is lost.
 *
 *   npm run example hft-live-connector -- --stub --duration 5
 *   npm run example hft-live-connector -- --connector bf --symbol BTCUSDT --tick-size 0.1 --lot-size 0.001
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import {
  HashMapMarketDepthLiveBot,
  type LiveBot,
  LiveClient,
  LiveInstrument,
  StubConnectorBot,
  using,
} from 'feedbus/hft'
import { SystemClock } from 'feedbus/runtime'
import { MarketStatistics } from './lib/market-statistics.js'

const HELP = `usage: hft-live-connector [--stub] [--duration SECONDS] [options]

  --stub              use the built-in stub instead of a connector
  --duration SECONDS  end after this time, e.g. 2 or 2s (default 10)
  --connector NAME    name the connector was started with (default bf)
  --kind KIND         binancefutures, binancespot or bybit (default binancefutures)
  --symbol SYMBOL     instrument (default BTCUSDT)
  --tick-size STEP    its price step (default 0.1)
  --lot-size STEP     its quantity step (default 0.001)
  --ipc-root FOLDER   folder of the shared-memory services, where it is not the usual one
  --ipc-prefix TEXT   prefix of the shared-memory files, where it is not the usual one
  --seed NUMBER       seed of the stub (default 42)
  --silent-after N    let the stub fall silent after N seconds, to see a lost connection
  --help              show this text`

const { values: options } = parse({
  options: {
    stub: { type: 'boolean', default: false },
    duration: { type: 'string', default: '10' },
    connector: { type: 'string', default: 'bf' },
    kind: { type: 'string', default: 'binancefutures' },
    symbol: { type: 'string', default: 'BTCUSDT' },
    'tick-size': { type: 'string', default: '0.1' },
    'lot-size': { type: 'string', default: '0.001' },
    'ipc-root': { type: 'string' },
    'ipc-prefix': { type: 'string' },
    seed: { type: 'string', default: '42' },
    'silent-after': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

/** What was mistyped is a line and the usage, not a stack. */
function parse<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
    process.exit(2)
  }
}

if (options.help) {
  console.log(HELP)
  process.exit(0)
}

/** `2`, `2.5` and `2s` are seconds. */
function seconds(text: string, option: string): number {
  const value = /^\d+(?:\.\d+)?s?$/.test(text) ? Number.parseFloat(text) : Number.NaN
  if (Number.isNaN(value)) {
    console.error(`--${option} takes seconds, e.g. 2 or 2s; it is "${text}"`)
    process.exit(2)
  }
  return value
}

const durationMs = seconds(options.duration, 'duration') * 1_000
const kind = options.kind
if (kind !== 'binancefutures' && kind !== 'binancespot' && kind !== 'bybit') {
  console.error(`--kind is binancefutures, binancespot or bybit; it is "${kind}"`)
  process.exit(2)
}

const instrument = new LiveInstrument(options.symbol, {
  tickSize: Number(options['tick-size']),
  lotSize: Number(options['lot-size']),
  connector: options.connector,
  kind,
})

/** The one line that differs between trying out and running. */
function makeBot(): LiveBot {
  if (!options.stub) {
    const { 'ipc-root': rootPath, 'ipc-prefix': prefix } = options
    const node = { ...(rootPath === undefined ? {} : { rootPath }), ...(prefix === undefined ? {} : { prefix }) }
    return new HashMapMarketDepthLiveBot([instrument], { waitForConnectorMs: 5_000, connection: { node } })
  }
  const stub = new StubConnectorBot({
    instruments: [instrument],
    seed: Number(options.seed),
    pace: new SystemClock(),
    maxFeeds: Number.POSITIVE_INFINITY,
  })
  const silentAfter = options['silent-after']
  if (silentAfter !== undefined)
    setTimeout(() => stub.faults.silence(true), seconds(silentAfter, 'silent-after') * 1_000).unref()
  return stub
}

const statistics = new MarketStatistics()
/** Resolves with why the program ends. */
let end: (reason: string) => void = () => {}
const ending = new Promise<string>((resolve) => {
  end = resolve
})
process.once('SIGINT', () => end('SIGINT'))
process.once('SIGTERM', () => end('SIGTERM'))

const client = new LiveClient(makeBot(), {
  feedTimeoutNs: options.stub ? 1_000_000_000n : 10_000_000_000n,
  healthCheckIntervalMs: 1_000,
  onConnectionLost: (_health, reason) => end(`connection lost (${reason}): stopping`),
  onError: (error) => console.error(`${error.code}: ${error.message}`),
})

async function readTrades(): Promise<void> {
  while (client.isRunning) {
    const trade = await client.getTrade(1_000)
    if (trade === null) continue
    statistics.onTrade(trade)
    if (statistics.totalTrades % 50 === 1)
      console.log(`trade ${trade.price} x ${trade.qty} ${trade.side > 0 ? 'buy' : 'sell'}`)
  }
}

async function readBooks(): Promise<void> {
  while (client.isRunning) {
    const book = await client.getBookUpdate(1_000)
    if (book === null) continue
    statistics.onBookUpdate(book)
    if (statistics.depthUpdates % 100 === 1) console.log(`book  ${book.bidPrice} / ${book.askPrice}`)
  }
}

try {
  let readers: Promise<unknown> = Promise.resolve()
  await using(client, async () => {
    console.log(
      `${options.stub ? 'stub' : `connector ${instrument.connector}`}: ${instrument.symbol}, ${durationMs / 1_000} s`,
    )
    const timer = setTimeout(() => end('duration reached'), durationMs)
    readers = Promise.all([readTrades(), readBooks()])
    console.log(`Ending: ${await ending}`)
    clearTimeout(timer)
  })
  await readers
  const { feedLatencyNs } = client.health
  console.log(`\nMarket statistics of ${instrument.symbol}\n${statistics}`)
  console.log(`Feed latency:      ${feedLatencyNs === null ? 'n/a' : `${Number(feedLatencyNs) / 1e3} us`}`)
  console.log('Shutdown complete')
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  console.error(`${code ?? 'error'}: ${message}`)
  console.error('hint: --stub runs without a connector; docs/hft-connector.md tells how to build the native layer')
  process.exitCode = 1
}
