/**
 * A bot that runs for long, as a process of its own, because what it weighs is what is measured:
 * `endurance-bot.ts NAME --mode pump|poll --bot N --root PATH/ --prefix P`.
 *
 * Registers, then obeys JSON lines: `fill {count}` sends that many orders as fast as it can, `stall {ms}` blocks,
 * `trade {perSecond}` submits and cancels at that rate from then on, `sample` reports counts and what the process
 * takes from the system, `trade {perSecond: 0}` ends trading. The end of stdin ends it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { argumentsOf } from '../../../../../bench/native/arguments.js'
import { HftConnection, IpcError, RecordKind } from '../../../../../src/connectors/hft/native/index.js'

const SYMBOL = 'btcusdt'
/** Orders of a burst between two breaths: fewer than the connector's buffer holds. */
const BURST = 500
const ORDER = { symbol: SYMBOL, side: 'BUY', price: 60_000, qty: 0.01, timeInForce: 'GTX' } as const

const report = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`)
}
const { name, option } = argumentsOf(process.argv.slice(2))
const counts = { feeds: 0, acknowledged: 0, cancelled: 0, refused: 0 }

const connection = await HftConnection.open({
  connector: name,
  kind: 'binancefutures',
  botId: BigInt(option('bot', '1')),
  mode: option('mode', 'pump') === 'poll' ? 'poll' : 'pump',
  waitForConnectorMs: 10_000,
  keepAlive: true,
  node: { rootPath: option('root', ''), prefix: option('prefix', '') },
})
/** Own orders that wait for their end: every bot sees every bot's orders. */
const own = new Set<bigint>()
connection.onRecords = (first, count) => {
  const { ring } = connection
  for (let i = first; i < first + count; i++) {
    if (ring.kind(i) === RecordKind.FEED) {
      // Read as a consumer reads; what nobody reads costs nothing.
      if (ring.px(i) > 0 && ring.symbol(i) === SYMBOL && !ring.isAddressed(i)) counts.feeds += 1
    } else if (ring.kind(i) === RecordKind.ORDER) takeOrder(ring.orderId(i), ring.status(i))
  }
}
connection.register(SYMBOL, 0.1, 0.001)
report({ event: 'ready' })

function takeOrder(orderId: bigint, status: string): void {
  if (!own.has(orderId)) return
  if (status === 'New') {
    counts.acknowledged += 1
    unlessBusy(() => connection.cancel(SYMBOL, orderId))
  } else if (status === 'Canceled') {
    counts.cancelled += 1
    own.delete(orderId)
  }
}

/** A machine without free time may keep the pump from taking a request; it was not sent then, and is counted. */
function unlessBusy(request: () => void): void {
  try {
    request()
  } catch (error) {
    if (!(error instanceof IpcError) || error.code !== 'IPC_BUSY') throw error
    counts.refused += 1
  }
}

let trading: NodeJS.Timeout | undefined
function trade(perSecond: number): void {
  clearInterval(trading)
  if (perSecond === 0) return
  trading = setInterval(() => unlessBusy(() => own.add(connection.submit(ORDER))), 1_000 / perSecond)
}

async function fill(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    unlessBusy(() => connection.submit(ORDER))
    if (sent % BURST === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  report({ event: 'filled' })
}

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
  report({ event: 'stalled' })
}

/** What the system has given this process. */
function weight(): Record<string, number> {
  const status = readFileSync('/proc/self/status', 'utf8')
  const kibOf = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return {
    rss: kibOf('VmRSS'),
    shared: kibOf('RssShmem'),
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    mappings: readFileSync('/proc/self/maps', 'utf8').split('\n').length,
  }
}

const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  const command = JSON.parse(line)
  if (command.cmd === 'fill') void fill(command.count)
  else if (command.cmd === 'stall') stall(command.ms)
  else if (command.cmd === 'trade') trade(command.perSecond)
  else {
    // What is garbage is no weight of the layer's.
    globalThis.gc?.()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    report({
      event: 'sample',
      ...counts,
      open: own.size,
      ...weight(),
      heapUsed,
      external,
      arrayBuffers,
      ...connection.stats(),
    })
  }
})
input.on('close', () => {
  trade(0)
  void connection.close()
})
