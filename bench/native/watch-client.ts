/**
 * A bot in JavaScript as a process of its own: registers, keeps books, counts, and answers commands as JSON lines.
 *
 *   watch-client.ts NAME --mode pump|poll --symbols a,b --bot N --root PATH/ --prefix P
 *                   [--tick T] [--lot L] [--ring N] [--books no]
 *
 * With `--books no` it only counts and reads: what is measured then is the way to it. Commands: stats, book {symbol}, resync {symbol}, submit {…}, cancel {symbol, orderId}, cpu. The end of stdin ends it.
 */
import { createInterface } from 'node:readline'
import { HftConnection, RecordKind, type RecordView, type WireError } from '../../src/connectors/hft/native/index.js'
import { sayLine } from '../lib/json-lines.mjs'
import { argumentsOf } from './arguments.js'
import { RecordBook } from './record-book.js'

const { name, option } = argumentsOf(process.argv.slice(2))
const symbols = option('symbols', 'btcusdt').split(',')
const tickSize = Number(option('tick', '0.1'))
const lotSize = Number(option('lot', '0.001'))
const books = new Map<string, RecordBook>()
const counts = { batchStart: 0, batchEnd: 0, feed: 0, order: 0, position: 0, error: 0 }
const byKind: Record<number, number> = {}
const orders: unknown[] = []
const errors: unknown[] = []
const events: Record<string, number> = {}
let lastNumber = 0
let lost = 0

const connection = await HftConnection.open({
  connector: name,
  kind: 'binancefutures',
  botId: BigInt(option('bot', '1')),
  mode: option('mode', 'pump') === 'poll' ? 'poll' : 'pump',
  ringRecords: Number(option('ring', '65536')),
  waitForConnectorMs: 10_000,
  keepAlive: true,
  node: { rootPath: option('root', '/tmp/iceoryx2/'), prefix: option('prefix', 'iox2_') },
})
for (const event of ['peerChanged', 'peerLost', 'overflow', 'decodeError'] as const) {
  connection.on(event, () => {
    events[event] = (events[event] ?? 0) + 1
  })
}

function take(records: RecordView, i: number): void {
  switch (records.kind(i)) {
    case RecordKind.BATCH_START:
      counts.batchStart += 1
      for (const book of books.values()) book.apply(records, i)
      return
    case RecordKind.BATCH_END:
      counts.batchEnd += 1
      return
    case RecordKind.FEED:
      counts.feed += 1
      takeFeed(records, i)
      return
    case RecordKind.ORDER:
      counts.order += 1
      orders.push({
        orderId: records.orderId(i),
        side: records.side(i),
        status: records.status(i),
        timeInForce: records.timeInForce(i),
        maker: records.maker(i),
        execPriceTick: records.execPriceTick(i),
      })
      return
    case RecordKind.POSITION:
      counts.position += 1
      return
    case RecordKind.ERROR: {
      counts.error += 1
      const error: WireError | null = records.takeError(i)
      errors.push(error === null ? null : [error.kind, error.value])
      return
    }
    default:
  }
}

function takeFeed(records: RecordView, i: number): void {
  const kind = records.eventKind(i)
  byKind[kind] = (byKind[kind] ?? 0) + 1
  const number = Number(records.ival(i))
  if (number > 0) {
    if (lastNumber > 0 && number > lastNumber) lost += number - lastNumber - 1
    lastNumber = number
  }
  books.get(records.symbol(i))?.apply(records, i)
}

if (option('books', 'yes') !== 'no') for (const symbol of symbols) books.set(symbol, new RecordBook(tickSize))
connection.onRecords = (first, count) => {
  for (let i = first; i < first + count; i++) take(connection.ring, i)
}
for (const symbol of symbols) connection.register(symbol, tickSize, lotSize)
sayLine({ event: 'ready', pid: process.pid, bot: connection.botId })

const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  const command = JSON.parse(line)
  switch (command.cmd) {
    case 'stats':
      sayLine({ event: 'stats', ...counts, byKind, orders, errors, events, lost, lastNumber, ...connection.stats() })
      return
    case 'book': {
      const book = books.get(command.symbol)
      sayLine({ event: 'book', symbol: command.symbol, bids: book?.bids, asks: book?.asks })
      return
    }
    case 'cpu':
      sayLine({ event: 'cpu', ...process.cpuUsage(), uptimeMs: process.uptime() * 1_000 })
      return
    case 'resync':
      connection.resync(command.symbol)
      return
    case 'submit':
      connection.submit({ ...command, orderId: BigInt(command.orderId) })
      return
    case 'cancel':
      connection.cancel(command.symbol, BigInt(command.orderId))
      return
    default:
      sayLine({ event: 'badCommand', reason: line })
  }
})
input.on('close', () => void connection.close())
