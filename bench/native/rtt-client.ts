/**
 * Round trips to the echo peer through the package, as a process of its own: send an order, wait for the record that
 * carries its id, send the next. What `rust_sub --mode rtt` does in Rust.
 *
 *   rtt-client.ts NAME --mode sync|immediate|pump|turns [--send submit|bytes] --warmup N --count N --max-ms N
 *                      --root PATH/ --prefix P
 *
 * `sync` calls `drain` until the answer is there; `immediate` is a polled connection on the event loop with its
 * default options, `pump` one with a pump. `submit` makes and sends each order with `HftConnection.submit`, as a bot
 * does; `bytes` sends a request encoded beforehand, with a new order id in it, through the generic layer. Takes
 * `--max-ms` at most, a third of it to warm up, makes do with the samples it has, and reports one line, `rtt`, in
 * nanoseconds. `turns` is `sync` in pieces: `{"cmd":"turn","warmup":N,"count":N}` on stdin asks for one, reported as
 * `turn`.
 */
import { createInterface } from 'node:readline'
import { encodeRequest, HftConnection, IpcNode, type RecordView } from '../../src/connectors/hft/native/index.js'
import { argumentsOf } from './arguments.js'

/** No answer for so long means that the peer is gone, not slow. */
const ANSWER_DEADLINE_MS = 5_000
/** Empty polls, some 100 us, after which the other side may need this core to answer at all. */
const POLLS_PER_YIELD = 2_048
const SYMBOL = 'btcusdt'
const HEADER = 'hftbacktest::live::ipc::iceoryx::CustomHeader'
const BOT = 77n
/** Ids from here on have nine bytes on the wire and are exact as numbers. */
const FIRST_ID = 2 ** 40

const { name, option } = argumentsOf(process.argv.slice(2))
const mode = option('mode', 'sync')
let count = Number(option('count', '10000'))
let warmup = Number(option('warmup', '1000'))
const budgetMs = Number(option('max-ms', '600000'))
const node = { rootPath: option('root', '/tmp/iceoryx2/'), prefix: option('prefix', 'iox2_') }

const connection = await HftConnection.open({
  connector: name,
  kind: 'binancefutures',
  botId: BOT,
  mode: mode === 'pump' ? 'pump' : 'poll',
  waitForConnectorMs: 10_000,
  keepAlive: true,
  node,
})
connection.register(SYMBOL, 0.1, 0.001)
const generic = IpcNode.create(node)
const send = option('send', 'submit') === 'submit' ? submitter() : sender()

/** The global of this name is looked up by a getter. */
const clock = performance
let samples = new Float64Array(count)
let startedMs = performance.now()
let warm = 0
let taken = 0
let askedMs = 0
let awaited = FIRST_ID

/** Sends the next order; `false` when there are samples enough or the time is over. */
function ask(): boolean {
  askedMs = clock.now()
  if (taken === count || askedMs - startedMs > budgetMs) return false
  awaited += 1
  send(awaited)
  return true
}

function answered(): void {
  const now = clock.now()
  if (warm < warmup && now - startedMs < budgetMs / 3) {
    warm += 1
    return
  }
  warm = warmup
  samples[taken] = now - askedMs
  taken += 1
}

function submitter(): (id: number) => void {
  const order = {
    ...({ symbol: SYMBOL, side: 'BUY', price: 64_000.5, qty: 0.25, timeInForce: 'GTX' } as const),
    orderId: 0n,
  }
  return (id) => {
    order.orderId = BigInt(id)
    connection.submit(order)
  }
}

function sender(): (id: number) => void {
  const publisher = generic
    .service({
      name: `${name}/FromBot`,
      mode: 'open',
      userHeader: { name: HEADER, size: 16, align: 8, variant: 'fixed' },
    })
    .publisher({ maxLen: 512 })
  const marker = 0x0102_0304_0506_0708n
  const message = Buffer.from(
    encodeRequest({
      type: 'order',
      symbol: SYMBOL,
      order: {
        qty: 0.25,
        leavesQty: 0.25,
        execQty: 0,
        execPriceTick: 0n,
        priceTick: 640_005n,
        tickSize: 0.1,
        exchTimestamp: 0n,
        localTimestamp: BigInt(Math.round(performance.timeOrigin)) * 1_000_000n,
        orderId: marker,
        maker: false,
        orderType: 'Limit',
        req: 'New',
        status: 'New',
        side: 'Buy',
        timeInForce: 'GTX',
      },
    }),
  )
  const pattern = Buffer.alloc(8)
  pattern.writeBigUInt64LE(marker)
  const at = message.indexOf(pattern)
  const header = Buffer.alloc(16)
  header.writeBigUInt64LE(BOT, 0)
  header.writeBigUInt64LE(BigInt(message.length), 8)
  return (id) => {
    message.writeUInt32LE(id >>> 0, at)
    message.writeUInt32LE(Math.floor(id / 2 ** 32), at + 4)
    publisher.send(message, header)
  }
}

function checkPeer(): void {
  if (performance.now() - askedMs > ANSWER_DEADLINE_MS) fail(`no answer to ${awaited} in ${ANSWER_DEADLINE_MS} ms`)
}

function fail(reason: string): never {
  process.stdout.write(`${JSON.stringify({ event: 'failed', reason })}\n`)
  process.exit(1)
}

function report(event: string): void {
  if (taken === 0) fail(`no round trip in ${budgetMs} ms`)
  const sorted = samples.subarray(0, taken).sort()
  const at = (share: number): number => Math.round((sorted[Math.min(Math.floor(taken * share), taken - 1)] ?? 0) * 1e6)
  const line = { event, count: taken, p50Ns: at(0.5), p99Ns: at(0.99), p999Ns: at(0.999), maxNs: at(1) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function sync(): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  let isAnswered = false
  const take = (records: RecordView, i: number): void => {
    if (Number(records.orderId(i)) === awaited) isAnswered = true
  }
  while (ask()) {
    isAnswered = false
    for (let polls = 1; ; polls++) {
      // One at most, like the bot in Rust: to look once more for nothing is part of the next look.
      connection.drain(take, 1)
      if (isAnswered) break
      if (polls % POLLS_PER_YIELD === 0) {
        checkPeer()
        Atomics.wait(pause, 0, 0, 0.001)
      }
    }
    answered()
  }
}

function onTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    const watch = setInterval(checkPeer, 1_000)
    connection.onRecords = (first, records) => {
      for (let i = first; i < first + records; i++) {
        if (Number(connection.ring.orderId(i)) !== awaited) continue
        answered()
        if (ask()) continue
        clearInterval(watch)
        connection.onRecords = null
        resolve()
        return
      }
    }
    ask()
  })
}

async function inTurns(): Promise<void> {
  process.stdout.write(`${JSON.stringify({ event: 'ready', pid: process.pid })}\n`)
  for await (const line of createInterface({ input: process.stdin })) {
    const turn = JSON.parse(line) as { warmup: number; count: number }
    if (samples.length !== turn.count) samples = new Float64Array(turn.count)
    count = turn.count
    warmup = turn.warmup
    warm = 0
    taken = 0
    startedMs = performance.now()
    sync()
    report('turn')
  }
}

if (mode === 'turns') await inTurns()
else {
  if (mode === 'sync') sync()
  else await onTheLoop()
  report('rtt')
}
await connection.close()
generic.close()
