/**
 * What one frame costs from bytes to typed object, ours against the ordinary way.
 *
 *   node bench/decode.mjs [--rounds N] [--block-ms N] [--seed N] [--json] [--smoke]
 *
 * Ours is the whole way of a frame in the feed: router, decoder, checks, duplicate rule, counters, publish to
 * one function. The ordinary way is UTF-8 + JSON.parse + Number, see decode/ordinary.mjs.
 *
 * Method: per stream kind a seeded corpus in one buffer, as a reused socket buffer would hold it. Both run in
 * this process, all kinds warmed up first, so that call sites have seen what they see in production. A round
 * measures both, in an order that alternates, for a fixed CPU time each; the ratio is taken per round, and
 * the table gives medians and the spread of the ratio. Every object goes into a sink, and objects are counted.
 */
import { fileURLToPath } from 'node:url'
import { createHandlers } from '../dist/live/handlers/index.js'
import { MessageRouter } from '../dist/live/router/index.js'
import { frames, streamSpecs, TOPICS } from './decode/corpus.mjs'
import { ordinaryReader } from './decode/ordinary.mjs'
import { machineLine, median } from './lib/figures.mjs'

const ORIGIN = { connectionId: 'bench-0', generation: 1 }
const FRAMES_PER_KIND = 2000

/** Every kind is to be at least this much faster. */
export const RATIO_MIN = 5

/**
 * Measures and returns one row per market and stream kind:
 * `{ market, kind, bytes, ourNs, ordinaryNs, ratio, ratioMin, ratioMax }`.
 */
export function measureDecoding({ rounds = 9, blockMs = 60, seed = 1, markets = ['spot', 'futures'] } = {}) {
  const contests = markets.flatMap((market) => contestsOf(market, seed))
  for (const contest of contests) {
    for (let pass = 0; pass < 3; pass++) {
      contest.ours.run(blockMs)
      contest.ordinary.run(blockMs)
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const contest of contests) {
      const order = round % 2 === 0 ? ['ours', 'ordinary'] : ['ordinary', 'ours']
      for (const side of order) contest.samples[side].push(contest[side].run(blockMs))
    }
  }
  return contests.map(({ market, kind, bytes, samples }) => {
    const ratios = samples.ours.map((ns, round) => samples.ordinary[round] / ns)
    return {
      market,
      kind,
      bytes,
      ourNs: median(samples.ours),
      ordinaryNs: median(samples.ordinary),
      ratio: median(ratios),
      ratioMin: Math.min(...ratios),
      ratioMax: Math.max(...ratios),
    }
  })
}

function contestsOf(market, seed) {
  const venue = market === 'spot' ? 'BINANCE_SPOT' : 'BINANCE_FUTURES'
  const sink = { last: null, count: 0 }
  const publisher = {
    publish(payload) {
      sink.last = payload
      sink.count += 1
    },
  }
  const publishers = Object.fromEntries(TOPICS.map((topic) => [topic, publisher]))
  const specs = streamSpecs(market)
  const router = new MessageRouter({
    ...createHandlers({ venue, market, publishers, emitPartialCandles: true }),
    onRejected: (error) => {
      throw error
    },
  })
  for (const { spec } of specs) router.add(spec)
  const ordinary = ordinaryReader(
    venue,
    specs.map(({ spec }) => spec),
    publisher.publish,
  )
  return specs.map(({ kind, spec }) => {
    const corpus = pack(frames(market, kind, FRAMES_PER_KIND, seed))
    const feed = router.feed(spec.name)
    const oursPass = () => {
      // The corpus comes again from the start: the ids go back, as after a restart of the venue.
      feed.resetContinuity()
      for (let index = 0; index < FRAMES_PER_KIND; index++) {
        router.onFrame(corpus.bytes, corpus.starts[index], corpus.starts[index + 1], 1_795_000_000_000.5, ORIGIN)
      }
    }
    const ordinaryPass = () => {
      for (let index = 0; index < FRAMES_PER_KIND; index++) {
        ordinary(corpus.bytes, corpus.starts[index], corpus.starts[index + 1], 1_795_000_000_000.5)
      }
    }
    const checked = (pass) => ({
      run(blockMs) {
        const before = sink.count
        const result = timePasses(pass, blockMs)
        if (sink.count - before !== result.passes * FRAMES_PER_KIND) {
          throw new Error(
            `${market} ${kind}: ${sink.count - before} objects from ${result.passes * FRAMES_PER_KIND} frames`,
          )
        }
        if (feed.fallbackCount !== 0)
          throw new Error(`${market} ${kind}: ${feed.fallbackCount} frames fell back to JSON.parse`)
        return result.nsPerFrame
      },
    })
    return {
      market,
      kind,
      bytes: Math.round(corpus.bytes.length / FRAMES_PER_KIND),
      ours: checked(oursPass),
      ordinary: checked(ordinaryPass),
      samples: { ours: [], ordinary: [] },
    }
  })
}

/** CPU time of this process, which includes collecting the garbage made and leaves out who else runs here. */
function timePasses(pass, blockMs) {
  const start = process.cpuUsage()
  let passes = 0
  let elapsedUs = 0
  do {
    pass()
    passes += 1
    const spent = process.cpuUsage(start)
    elapsedUs = spent.user + spent.system
  } while (elapsedUs < blockMs * 1000)
  return { passes, nsPerFrame: (elapsedUs * 1000) / (passes * FRAMES_PER_KIND) }
}

function pack(texts) {
  const parts = texts.map((text) => Buffer.from(text))
  const starts = new Array(parts.length + 1).fill(0)
  parts.forEach((part, index) => {
    starts[index + 1] = starts[index] + part.length
  })
  return { bytes: Buffer.concat(parts), starts }
}

export function decodingTable(rows) {
  const head = ['market', 'kind', 'bytes', 'ours ns', 'ordinary ns', 'ratio', 'spread of the ratio']
  const lines = rows.map((row) => [
    row.market,
    row.kind,
    String(row.bytes),
    row.ourNs.toFixed(0),
    row.ordinaryNs.toFixed(0),
    `${row.ratio.toFixed(1)}x`,
    `${row.ratioMin.toFixed(1)} … ${row.ratioMax.toFixed(1)}`,
  ])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Command line; returns the exit code. */
export function main(args) {
  const option = (name, fallback) => {
    const at = args.indexOf(name)
    return at === -1 ? fallback : Number(args[at + 1])
  }
  const isSmoke = args.includes('--smoke')
  const seed = option('--seed', 1)
  const rows = measureDecoding({
    rounds: option('--rounds', isSmoke ? 1 : 9),
    blockMs: option('--block-ms', isSmoke ? 2 : 60),
    seed,
  })
  if (args.includes('--json')) {
    console.log(JSON.stringify(rows))
  } else {
    console.log(decodingTable(rows))
    console.log(`\n${machineLine()}, V8 ${process.versions.v8}, seed ${seed}`)
  }
  const slow = rows.filter((row) => row.ratio < RATIO_MIN)
  if (isSmoke || slow.length === 0) return 0
  console.error(`below ${RATIO_MIN}x: ${slow.map((row) => `${row.market} ${row.kind}`).join(', ')}`)
  return 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2))
