/** The short form of a stream list for command line and environment: `kline:1m,depth:20@100ms,depth:full`. */
import { CANDLE_INTERVALS, type CandleInterval, StreamType } from '../../types/stream.js'
import { type ConfigPath, configError, type Problem } from './problem.js'
import { didYouMean, nearest, quote } from './suggest.js'
import type { DepthLevels, StreamConfig } from './types.js'

type Kind = Omit<StreamConfig, 'symbol'>

/** Names in a list, in the order of the documentation. */
const NAMES: Readonly<Record<string, StreamType>> = {
  kline: StreamType.KLINE,
  depth: StreamType.DEPTH,
  bookTicker: StreamType.BOOK_TICKER,
  markPrice: StreamType.MARK_PRICE,
  aggTrade: StreamType.AGG_TRADE,
  trade: StreamType.TRADE,
  ticker: StreamType.TICKER,
  miniTicker: StreamType.MINI_TICKER,
  liquidation: StreamType.LIQUIDATION,
}

/** What people also say. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  candle: 'kline',
  candles: 'kline',
  orderbook: 'depth',
  book: 'depth',
  bbo: 'bookTicker',
  funding: 'markPrice',
  fundingrate: 'markPrice',
  trades: 'trade',
  forceorder: 'liquidation',
  liquidations: 'liquidation',
}

const LEVELS: Readonly<Record<string, DepthLevels | undefined>> = { '5': 5, '10': 10, '20': 20, full: undefined }

/**
 * Streams of a list for each of the symbols, symbol by symbol. Entries are `name[:argument][@speed]`:
 * `kline:1m`, `depth:20`, `depth:20@100ms`, `depth:full`, `bookTicker`, `markPrice@1s`, `aggTrade`, `trade`,
 * `ticker`, `miniTicker`, `liquidation`. Throws `ConfigError` with one issue per bad entry. Whether a venue
 * offers a stream is checked when the configuration is made.
 */
export function parseStreamList(text: string, symbols: readonly string[]): StreamConfig[] {
  const { streams, problems } = readStreamList(text, symbols, ['streams'])
  if (problems.length > 0) throw configError(problems)
  return streams
}

/** As `parseStreamList`, with problems as values. All of them are at `path`: a list has no places of its own. */
export function readStreamList(
  text: string,
  symbols: readonly string[],
  path: ConfigPath,
): { streams: StreamConfig[]; problems: Problem[] } {
  const kinds: Kind[] = []
  const messages: string[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    const kind = readEntry(entry)
    if (typeof kind === 'string') messages.push(kind)
    else kinds.push(kind)
  }
  if (symbols.length === 0)
    messages.push(`a stream list (${quote(text)}) needs symbols, e.g. --symbols BTCUSDT,ETHUSDT`)
  const streams = symbols.flatMap((symbol) => kinds.map((kind) => ({ symbol, ...kind })))
  return { streams, problems: messages.map((message) => ({ path, message })) }
}

/** The stream asked for, or what is wrong with the text. */
function readEntry(entry: string): Kind | string {
  if (entry === '') return 'an entry of the stream list is empty; write names separated by single commas'
  const [head = '', speed, ...more] = entry.split('@')
  const [name = '', argument, ...further] = head.split(':')
  if (more.length > 0 || further.length > 0 || speed === '' || argument === '') {
    return `${quote(entry)} is not of the form name, name:argument or name:argument@speed`
  }
  const type = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
  if (type === undefined) return unknownName(name)
  const updateSpeed = speed === undefined ? {} : { updateSpeed: speed }
  switch (type) {
    case StreamType.KLINE:
      return readKline(entry, argument, speed)
    case StreamType.DEPTH:
      return readDepth(entry, argument, updateSpeed)
    case StreamType.MARK_PRICE:
      return argument === undefined
        ? { type, ...updateSpeed }
        : `${quote(entry)}: markPrice takes a speed, e.g. markPrice@1s`
    default:
      return argument === undefined && speed === undefined
        ? { type }
        : `${quote(entry)}: ${name} takes nothing after its name`
  }
}

function readKline(entry: string, interval: string | undefined, speed: string | undefined): Kind | string {
  if (speed !== undefined) return `${quote(entry)}: kline has no update speed`
  if (interval === undefined) return `${quote(entry)} needs an interval, e.g. kline:1m`
  if (!isInterval(interval)) return `${quote(entry)}: ${quote(interval)} is not one of ${CANDLE_INTERVALS.join(', ')}`
  return { type: StreamType.KLINE, interval }
}

function readDepth(entry: string, levels: string | undefined, updateSpeed: Pick<Kind, 'updateSpeed'>): Kind | string {
  const forms = 'depth:5, depth:10, depth:20 or depth:full'
  if (levels === undefined) return `${quote(entry)} needs levels: ${forms}`
  if (!Object.hasOwn(LEVELS, levels)) return `${quote(entry)}: levels must be ${forms}${didYouMean(levels, ['full'])}`
  const depthLevels = LEVELS[levels]
  return { type: StreamType.DEPTH, ...(depthLevels === undefined ? {} : { depthLevels }), ...updateSpeed }
}

function unknownName(name: string): string {
  const names = Object.keys(NAMES)
  const meant = OTHER_NAMES[name.toLowerCase()] ?? nearest(name, names)
  return `${quote(name)} is not one of ${names.join(', ')}${meant === undefined ? '' : `. Did you mean ${meant}?`}`
}

function isInterval(text: string): text is CandleInterval {
  return (CANDLE_INTERVALS as readonly string[]).includes(text)
}
