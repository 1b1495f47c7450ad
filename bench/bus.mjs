/**
 * Bus section of the benchmark: what a publish costs beside a bare loop over an array, mitt and Node's
 * EventEmitter, in one process.
 *
 *   npm run build && node bench/bus.mjs [--rounds 41] [--json]
 *
 * Every contestant makes the same envelope (topic, payload, seq, time, source) and hands it to the same
 * number of subscribers. Each reads a field; the first also keeps the envelope, else the compiler would not
 * even make it where it can inline the handler. Time is CPU time of the process, so that neighbours on the
 * machine disturb less. Per round the contestants run in random order; a ratio is taken within a round, and
 * the median over the rounds is shown, for times also the lower quartile. The sum that handlers build is
 * checked. mitt and EventEmitter isolate no error, keep no last message and count nothing; the bus does. It
 * reads the clock as documented in docs/adr/0012-bus-publish-time.md, the others take a time once per batch.
 */
import { EventEmitter } from 'node:events'
import { pathToFileURL } from 'node:url'
import mitt from 'mitt'
import { Bus } from '../dist/bus/index.js'
import { load, median, quantile, shuffled } from './lib/figures.mjs'

const BATCH = 20_000
const SUBSCRIBERS = [1, 4, 16]
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT', 'XRPUSDT', 'ADAUSDT', 'DOGEUSDT', 'TRXUSDT']

/** Different functions, as in an application: one shared function would be inlined everywhere. */
function makeHandlers(count, sum) {
  return Array.from({ length: count }, (_, index) => {
    const keep = index === 0 ? 'sum.last = envelope' : ''
    return new Function('sum', `return (envelope) => { sum.value += envelope.payload.price; ${keep} }`)(sum)
  })
}

function makeTrades(symbols) {
  return Array.from({ length: 64 }, (_, index) => ({
    venue: 'BINANCE_SPOT',
    symbol: symbols[index % symbols.length],
    price: 1,
    qty: 0.5 + index,
  }))
}

function arrayLoop(handlers) {
  let seq = 0
  const list = handlers.slice()
  return (payload, timeMs) => {
    const envelope = {
      topic: 'mkt.trades',
      payload,
      seq: ++seq,
      publishTimeMs: timeMs,
      source: 'bench',
      causeSeq: undefined,
    }
    for (let index = 0; index < list.length; index++) list[index](envelope)
  }
}

function mittEmitter(handlers) {
  let seq = 0
  const emitter = mitt()
  for (const handler of handlers) emitter.on('mkt.trades', handler)
  return (payload, timeMs) => {
    emitter.emit('mkt.trades', {
      topic: 'mkt.trades',
      payload,
      seq: ++seq,
      publishTimeMs: timeMs,
      source: 'bench',
      causeSeq: undefined,
    })
  }
}

function nodeEmitter(handlers) {
  let seq = 0
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  for (const handler of handlers) emitter.on('mkt.trades', handler)
  return (payload, timeMs) => {
    emitter.emit('mkt.trades', {
      topic: 'mkt.trades',
      payload,
      seq: ++seq,
      publishTimeMs: timeMs,
      source: 'bench',
      causeSeq: undefined,
    })
  }
}

function busHandle(options) {
  return (handlers) => {
    const bus = new Bus(options)
    for (const handler of handlers) bus.subscribe('mkt.trades', handler)
    const topic = bus.topic('mkt.trades', { source: 'bench' })
    return (payload) => topic.publish(payload)
  }
}

function busByName(handlers) {
  const bus = new Bus()
  for (const handler of handlers) bus.subscribe('mkt.trades', handler)
  return (payload) => bus.publish('mkt.trades', payload)
}

const CONTESTANTS = [
  { name: 'array loop', make: arrayLoop },
  { name: 'bus, handle', make: busHandle({}) },
  { name: 'bus, handle, 8 symbols', make: busHandle({}), symbols: SYMBOLS },
  { name: 'bus, by name', make: busByName },
  { name: 'bus, exact times', make: busHandle({ exactPublishTimes: true }) },
  { name: 'EventEmitter', make: nodeEmitter },
  { name: 'mitt', make: mittEmitter },
]

/**
 * Runs the section. Resolves to rows `{ subscribers, name, nsPerPublish, nsLowerQuartile, timesLoop }` plus ratios to
 * mitt; throws when a contestant lost or invented a message.
 */
export async function runBusBench({ rounds = 41, batchesPerRound = 5 } = {}) {
  const rows = []
  for (const subscribers of SUBSCRIBERS) {
    const runs = CONTESTANTS.map((contestant) => {
      const sum = { value: 0 }
      const publish = contestant.make(makeHandlers(subscribers, sum))
      return {
        ...contestant,
        sum,
        publish,
        trades: makeTrades(contestant.symbols ?? ['BTCUSDT']),
        published: 0,
        ns: [],
      }
    })
    for (const run of runs) await measure(run, 4 * batchesPerRound)
    for (const run of runs) run.ns.length = 0
    for (let round = 0; round < rounds; round++) {
      for (const run of shuffled(runs)) await measure(run, batchesPerRound)
    }
    for (const run of runs) {
      if (run.sum.value !== run.published * subscribers) {
        throw new Error(`${run.name}: ${run.published} published to ${subscribers}, ${run.sum.value} received`)
      }
    }
    const loop = runs[0]
    const mittRun = runs.find((run) => run.name === 'mitt')
    for (const run of runs) {
      rows.push({
        subscribers,
        name: run.name,
        nsPerPublish: median(run.ns),
        nsLowerQuartile: quantile(run.ns, 0.25),
        timesLoop: median(run.ns.map((ns, round) => ns / loop.ns[round])),
        fasterThanMitt: median(run.ns.map((ns, round) => mittRun.ns[round] / ns)),
      })
    }
  }
  return { rows, queues: await measureQueues(Math.min(rounds, 15)), memory: await measureGarbage() }
}

/** One round of one contestant; a turn of microtasks between batches, as between socket reads. */
async function measure(run, batches) {
  const { publish, trades } = run
  let cpuUs = 0
  for (let batch = 0; batch < batches; batch++) {
    const timeMs = Date.now() + 0.5
    const start = process.cpuUsage()
    for (let index = 0; index < BATCH; index++) publish(trades[index & 63], timeMs)
    const used = process.cpuUsage(start)
    cpuUs += used.user + used.system
    await null
  }
  run.published += batches * BATCH
  run.ns.push((cpuUs * 1000) / (batches * BATCH))
}

/** Cost per message of the ways through a queue, filled in bursts of 512. */
async function measureQueues(rounds) {
  const burst = 512
  const bursts = 100
  const ways = {
    'queued handler': (bus, count) => bus.subscribe('mkt.trades', () => count(), { queued: true }),
    'async handler': (bus, count) => bus.subscribe('mkt.trades', async () => count()),
    conflate: (bus, count) => bus.subscribe('mkt.trades', () => count(), { overflow: 'conflate' }),
    stream: (bus, count) => void readStream(bus, count),
  }
  const results = []
  for (const [name, subscribe] of Object.entries(ways)) {
    const ns = []
    for (let round = 0; round < rounds; round++) {
      const bus = new Bus()
      let delivered = 0
      subscribe(bus, () => {
        delivered += 1
      })
      const topic = bus.topic('mkt.trades')
      const trades = makeTrades(SYMBOLS)
      const start = process.cpuUsage()
      for (let n = 0; n < bursts; n++) {
        for (let index = 0; index < burst; index++) topic.publish(trades[index & 63])
        while (bus.health().queueDepth > 0) await turn()
      }
      const used = process.cpuUsage(start)
      ns.push(((used.user + used.system) * 1000) / (burst * bursts))
      await bus.drain()
      const { published, dropped } = bus.health()
      if (delivered + dropped !== published) throw new Error(`${name}: ${delivered} + ${dropped} of ${published}`)
      bus.close()
    }
    results.push({ name, nsPerPublish: median(ns), nsLowerQuartile: quantile(ns, 0.25) })
  }
  return results
}

/** Sockets get their turn; a loop over microtasks alone would never let them. */
function turn() {
  return new Promise((resolve) => setImmediate(resolve))
}

async function readStream(bus, count) {
  for await (const _ of bus.stream('mkt.trades')) count()
}

/** Heap bytes per publish: the envelope and nothing else. Needs --expose-gc, else null. */
async function measureGarbage() {
  if (typeof globalThis.gc !== 'function') return null
  const bytesOf = (publish) => {
    const [trade] = makeTrades(['BTCUSDT'])
    for (let index = 0; index < 200_000; index++) publish(trade, 1)
    globalThis.gc()
    const count = 5_000
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < count; index++) publish(trade, 1.5)
    return (process.memoryUsage().heapUsed - before) / count
  }
  const sum = { value: 0 }
  return {
    'array loop': bytesOf(arrayLoop(makeHandlers(4, sum))),
    'bus, handle': bytesOf(busHandle({})(makeHandlers(4, sum))),
  }
}

function printTable({ rows, queues, memory }) {
  console.log(`node ${process.version}, load ${load()}; CPU ns per publish, median (lower quartile) of rounds`)
  for (const subscribers of SUBSCRIBERS) {
    console.log(`\n${subscribers} subscriber${subscribers === 1 ? '' : 's'}`)
    for (const row of rows.filter((candidate) => candidate.subscribers === subscribers)) {
      const quartile = `(${row.nsLowerQuartile.toFixed(1)})`
      console.log(
        `  ${row.name.padEnd(24)} ${row.nsPerPublish.toFixed(1).padStart(7)} ${quartile.padEnd(9)} ` +
          `${row.timesLoop.toFixed(2)}x loop, ${row.fasterThanMitt.toFixed(2)}x as fast as mitt`,
      )
    }
  }
  console.log('\nthrough a queue, bursts of 512')
  for (const row of queues) console.log(`  ${row.name.padEnd(24)} ${row.nsPerPublish.toFixed(1).padStart(7)}`)
  if (memory !== null) {
    console.log('\nheap bytes per publish')
    for (const [name, bytes] of Object.entries(memory))
      console.log(`  ${name.padEnd(24)} ${bytes.toFixed(0).padStart(7)}`)
  } else {
    console.log('\nheap bytes per publish: run with node --expose-gc')
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 41
  const result = await runBusBench({ rounds })
  if (process.argv.includes('--json')) console.log(JSON.stringify(result))
  else printTable(result)
}
