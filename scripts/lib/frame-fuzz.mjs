/**
 * Structure-aware fuzzing of router and handlers: good frames of every stream kind, broken in ways that
 * venues, proxies and memory break them, from a seed. Shared by `npm run fuzz` (over dist, millions) and
 * the test run (over the sources, a short form).
 *
 * For every frame it is checked that
 * - nothing throws, and the frame is counted exactly once;
 * - the byte decoder and `JSON.parse` agree: the same frame with a blank in front, which only the general
 *   way reads, gives the same kind, the same message and the same reason of refusal;
 * - whatever is published could be true: finite numbers, no negative prices, books in order.
 */
import { frames, seeded, streamSpecs, TOPICS } from '../../bench/decode/corpus.mjs'

const ORIGIN = { connectionId: 'fuzz-0', generation: 1 }
const RECEIVE_TIME_MS = 1_795_000_000_000.5
const FRAMES_PER_KIND = 200

/**
 * @typedef {{
 *   createHandlers: (options: any) => any,
 *   MessageRouter: new (options: any) => any,
 * }} Parts
 * @typedef {{ frames: number, data: number, control: number, serverShutdown: number, unplaced: number, rejected: number,
 *   published: number, ignored: number, duplicate: number, payloadRejected: number, fallback: number }} FuzzCounts
 */

/**
 * Feeds `count` frames; returns what became of them. Throws with the seed, the index and the frame at the
 * first violation.
 * @param {Parts & { count: number, seed: number, onProgress?: (done: number) => void }} options
 * @returns {FuzzCounts}
 */
export function fuzzFrames({ createHandlers, MessageRouter, count, seed, onProgress }) {
  const random = seeded(seed)
  const parts = { createHandlers, MessageRouter }
  const sides = /** @type {const} */ (['spot', 'futures']).map((market) => ({
    direct: rig(parts, market),
    general: rig(parts, market),
    corpus: corpusOf(market, seed),
  }))
  for (let index = 0; index < count; index++) {
    const side = pick(random, sides)
    const frame = mutate(pick(random, side.corpus), random, side.corpus)
    try {
      compare(side.direct, side.general, frame, random)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${seed}, frame ${index}: ${reason}\n${frame.toString('latin1').slice(0, 2000)}`, {
        cause: error,
      })
    }
    if (onProgress !== undefined && index % 100_000 === 99_999) onProgress(index + 1)
  }
  /** @type {FuzzCounts} */
  const counts = {
    frames: count,
    data: 0,
    control: 0,
    serverShutdown: 0,
    unplaced: 0,
    rejected: 0,
    published: 0,
    ignored: 0,
    duplicate: 0,
    payloadRejected: 0,
    fallback: 0,
  }
  let received = 0
  for (const { direct } of sides) {
    const stats = direct.router.stats()
    received += stats.received
    for (const key of /** @type {(keyof FuzzCounts)[]} */ (Object.keys(counts))) {
      if (key !== 'frames') counts[key] += stats[key]
    }
    for (const feed of direct.router.feeds()) {
      const sum = feed.publishedCount + feed.ignoredCount + feed.duplicateCount + feed.rejectedCount
      if (sum !== feed.messageCount)
        throw new Error(`${feed.spec.name}: ${feed.messageCount} messages, ${sum} outcomes`)
    }
  }
  const placed = counts.data + counts.control + counts.serverShutdown + counts.unplaced + counts.rejected
  const outcomes = counts.published + counts.ignored + counts.duplicate + counts.payloadRejected
  if (received !== count || placed !== count)
    throw new Error(`${count} frames, ${received} received, ${placed} counted`)
  if (outcomes !== counts.data) throw new Error(`${counts.data} data frames, ${outcomes} outcomes`)
  return counts
}

/**
 * A router with all stream kinds of one market; keeps the last message and the last refusal.
 * @param {Parts} parts
 * @param {'spot' | 'futures'} market
 */
function rig({ createHandlers, MessageRouter }, market) {
  /** @type {{ topic: string, payload: any, reason: string, published: number }} */
  const seen = { topic: '', payload: null, reason: '', published: 0 }
  const publishers = Object.fromEntries(
    TOPICS.map((topic) => [
      topic,
      {
        /** @param {any} payload */
        publish(payload) {
          seen.topic = topic
          seen.payload = payload
          seen.published += 1
        },
      },
    ]),
  )
  const venue = market === 'spot' ? 'BINANCE_SPOT' : 'BINANCE_FUTURES'
  const router = new MessageRouter({
    ...createHandlers({ venue, market, publishers, emitPartialCandles: true }),
    /** @param {Error} error */
    onRejected: (error) => {
      seen.reason = error.message
    },
  })
  const feeds = streamSpecs(market).map(({ spec }) => router.add(spec))
  return { router, feeds, seen }
}

/**
 * @param {ReturnType<typeof rig>} direct
 * @param {ReturnType<typeof rig>} general
 * @param {Buffer} frame
 * @param {() => number} random
 */
function compare(direct, general, frame, random) {
  // Ids forgotten now and then: else the corpus, coming again, would be nothing but duplicates.
  if (random() < 0.1) for (const side of [direct, general]) for (const feed of side.feeds) feed.resetContinuity()
  const before = Math.floor(random() * 40)
  const after = random() < 0.3 ? 0 : Math.floor(random() * 200)
  const bytes = Buffer.alloc(before + frame.length + after, pick(random, [0x7d, 0x22, 0x30, 0x2c, 0x00]))
  frame.copy(bytes, before)
  const spaced = Buffer.concat([Buffer.from(' '), frame])
  const kinds = [
    take(direct, true, () => direct.router.onFrame(bytes, before, before + frame.length, RECEIVE_TIME_MS, ORIGIN)),
    take(general, false, () => general.router.onFrame(spaced, 0, spaced.length, RECEIVE_TIME_MS, ORIGIN)),
  ]
  if (kinds[0] !== kinds[1]) throw new Error(`bytes: ${kinds[0]}\nJSON:  ${kinds[1]}`)
}

/**
 * What one frame did, as text.
 * @param {ReturnType<typeof rig>} side
 * @param {boolean} isChecked the other side's message is compared with this one's
 * @param {() => number} feed
 */
function take(side, isChecked, feed) {
  const { seen } = side
  const published = seen.published
  seen.payload = null
  seen.reason = ''
  const kind = feed()
  if (seen.published > published + 1) throw new Error(`${seen.published - published} messages from one frame`)
  // Only the bytes of a broken frame may still tell whose it was.
  if (seen.payload === null)
    return `${kind} ${seen.reason.replace(/^\S+ (?=rejected: not valid (?:JSON|UTF-8)$)/, 'frame ')}`
  const problem = isChecked ? impossible(seen.topic, seen.payload) : ''
  if (problem !== '') throw new Error(`published on ${seen.topic}: ${problem}`)
  return `${kind} ${seen.topic} ${exactText(seen.payload)}`
}

/**
 * JSON that tells -0 from 0.
 * @param {unknown} payload
 */
function exactText(payload) {
  return JSON.stringify(payload, (_, value) => (Object.is(value, -0) ? '-0' : value))
}

const SIGNED = new Set(['priceChange', 'priceChangePercent', 'fundingRate', 'spread', 'spreadBps'])
const MAY_BE_MINUS_ONE = new Set(['firstTradeId', 'lastTradeId', 'previousSequence'])

/**
 * Why a message cannot be true, or `''`.
 * @param {string} topic
 * @param {any} payload
 */
function impossible(topic, payload) {
  for (const [key, value] of Object.entries(payload)) {
    if (typeof value === 'number' && !Number.isFinite(value)) return `${key} is ${value}`
    if (typeof value === 'number' && value < 0 && !SIGNED.has(key) && !(MAY_BE_MINUS_ONE.has(key) && value === -1)) {
      return `${key} is ${value}`
    }
    if (key.endsWith('TimeMs') && value !== null && !(/** @type {number} */ (value > 0))) return `${key} is ${value}`
    if (value === undefined) return `${key} is undefined`
  }
  if (payload.symbol !== 'BTCUSDT') return `symbol is ${payload.symbol}`
  if ((topic === 'candles') !== (payload.isFinalized === true)) return `finalized is ${payload.isFinalized}`
  if (payload.high !== undefined && payload.high < payload.low) return `high ${payload.high} below low ${payload.low}`
  for (const side of [payload.bids, payload.asks]) {
    for (const { price, qty } of side ?? []) {
      if (!(price >= 0 && qty >= 0)) return `level ${qty} at ${price}`
    }
  }
  if (topic === 'orderbook') {
    for (let i = 1; i < payload.bids.length; i++)
      if (!(payload.bids.price(i) < payload.bids.price(i - 1))) return 'bids out of order'
    for (let i = 1; i < payload.asks.length; i++)
      if (!(payload.asks.price(i) > payload.asks.price(i - 1))) return 'asks out of order'
    if ([...payload.bids, ...payload.asks].some(({ qty }) => qty === 0)) return 'an empty level'
  }
  return ''
}

/**
 * @param {'spot' | 'futures'} market
 * @param {number} seed
 */
function corpusOf(market, seed) {
  const texts = streamSpecs(market).flatMap(({ kind }) => frames(market, kind, FRAMES_PER_KIND, seed))
  const control = [
    '{"result":null,"id":1}',
    '{"error":{"code":2,"msg":"Invalid request"},"id":2}',
    '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795000000000}}',
    '{"stream":"xrpusdt@trade","data":{"e":"trade","E":1,"s":"XRPUSDT"}}',
  ]
  // Rare beside the data frames, as in life.
  return [...texts, ...control].map((text) => Buffer.from(text))
}

/** Texts put where a value was: each is wrong, huge, tiny, of another type, or right in an unusual way. */
const VALUES = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e3',
  '1E400',
  '01',
  '+1',
  '.5',
  '5.',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '99999999999999999999999999',
  '""',
  '"0"',
  '"-1"',
  '"-0.0"',
  '"1e3"',
  '"1e999"',
  '"NaN"',
  '"Infinity"',
  '"0x1f"',
  '" 1"',
  '"1."',
  '".1"',
  '"00012.500"',
  '"9007199254740993"',
  '"1234567890.12345678"',
  '"0.000000000000000000000000000001"',
  '"12345678901234567890.12345678901234567890"',
  '"\\u0031"',
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[["1","2"]]',
  '[["1","2"],["1","2"]]',
  '[["1"]]',
  '[[1,2]]',
  '"BTCUSDT"',
  '"MARKET"',
  '"ADL"',
]

const INSERTS = [
  ' ',
  '\n',
  ',',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  '0',
  '-',
  '.',
  'e',
  '\0',
  ',"p":"-1"',
  ',"st":1',
  ',"x":{"y":[1,2]}',
  ',"s":"ETHUSDT"',
  '\u00fc',
  '\ud83d\ude00',
]

/**
 * One to three breakages of a copy.
 * @param {Buffer} original
 * @param {() => number} random
 * @param {readonly Buffer[]} corpus
 */
function mutate(original, random, corpus) {
  let frame = Buffer.from(original)
  if (random() < 0.1) return frame
  const times = 1 + Math.floor(random() * 3)
  for (let time = 0; time < times; time++) frame = pick(random, MUTATIONS)(frame, random, corpus)
  return frame
}

/** @type {readonly ((frame: Buffer, random: () => number, corpus: readonly Buffer[]) => Buffer)[]} */
const MUTATIONS = [
  // A bit flipped.
  (frame, random) => {
    const at = Math.floor(random() * frame.length)
    if (frame.length > 0) frame[at] = /** @type {number} */ (frame[at]) ^ (1 << Math.floor(random() * 8))
    return frame
  },
  // Any byte.
  (frame, random) => {
    if (frame.length > 0) frame[Math.floor(random() * frame.length)] = Math.floor(random() * 256)
    return frame
  },
  // A digit for a digit: mostly still a good frame, with other values.
  (frame, random) => {
    const at = positionWhere(frame, random, (byte) => byte >= 0x30 && byte <= 0x39)
    if (at >= 0) frame[at] = 0x30 + Math.floor(random() * 10)
    return frame
  },
  // Cut.
  (frame, random) => frame.subarray(0, Math.floor(random() * frame.length)),
  (frame, random) => splice(frame, Math.floor(random() * frame.length), 1 + Math.floor(random() * 8), ''),
  // Something put in.
  (frame, random) => splice(frame, Math.floor(random() * (frame.length + 1)), 0, pick(random, INSERTS)),
  // Something put in where a member may begin.
  (frame, random) => {
    const at = positionWhere(frame, random, (byte) => byte === 0x2c || byte === 0x7d)
    return at < 0 ? frame : splice(frame, at, 0, pick(random, INSERTS))
  },
  // Another value for one.
  (frame, random) => {
    const at = positionWhere(frame, random, (byte) => byte === 0x3a)
    return at < 0 ? frame : splice(frame, at + 1, valueLength(frame, at + 1), pick(random, VALUES))
  },
  // A piece of another frame.
  (frame, random, corpus) => {
    const other = pick(random, corpus)
    const from = Math.floor(random() * other.length)
    const piece = other.subarray(from, from + Math.floor(random() * 60))
    const at = Math.floor(random() * (frame.length + 1))
    return Buffer.concat([frame.subarray(0, at), piece, frame.subarray(at)])
  },
  // A piece repeated.
  (frame, random) => {
    const from = Math.floor(random() * frame.length)
    const to = Math.min(frame.length, from + Math.floor(random() * 80))
    return Buffer.concat([frame.subarray(0, to), frame.subarray(from)])
  },
  // The same JSON, written another way: keys in another order, blanks, escapes, repeated keys.
  (frame, random) => rewritten(frame, random),
  (frame, random) => rewritten(frame, random),
]

/**
 * @param {Buffer} frame
 * @param {() => number} random
 */
function rewritten(frame, random) {
  let value
  try {
    value = JSON.parse(frame.toString('utf8'))
  } catch {
    return frame
  }
  return Buffer.from(writeJson(value, random, random() * 0.5))
}

/**
 * @param {unknown} value
 * @param {() => number} random
 * @param {number} oddness how often something unusual is done
 * @returns {string}
 */
function writeJson(value, random, oddness) {
  const odd = () => random() < oddness
  const blank = odd() ? pick(random, [' ', '\n', '\t', '  ']) : ''
  if (Array.isArray(value)) return `[${value.map((each) => writeJson(each, random, oddness)).join(`${blank},`)}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (odd()) entries.sort(() => random() - 0.5)
    if (odd() && entries.length > 0) entries.push(pick(random, entries))
    const members = entries.map(
      ([key, each]) => `${writeText(key, random, odd())}${blank}:${writeJson(each, random, oddness)}`,
    )
    return `{${members.join(`,${blank}`)}}`
  }
  if (typeof value === 'string') return writeText(value, random, odd())
  if (typeof value === 'number' && Number.isInteger(value) && odd())
    return pick(random, [`${value}.0`, `${value}e0`, `${value}`])
  return JSON.stringify(value)
}

/**
 * @param {string} text
 * @param {() => number} random
 * @param {boolean} isEscaped
 */
function writeText(text, random, isEscaped) {
  if (!isEscaped || text.length === 0) return JSON.stringify(text)
  const at = Math.floor(random() * text.length)
  const code = text.charCodeAt(at).toString(16).padStart(4, '0')
  return `${JSON.stringify(text.slice(0, at)).slice(0, -1)}\\u${code}${JSON.stringify(text.slice(at + 1)).slice(1)}`
}

/**
 * @param {Buffer} frame
 * @param {number} at
 * @param {number} removed
 * @param {string} inserted
 */
function splice(frame, at, removed, inserted) {
  return Buffer.concat([frame.subarray(0, at), Buffer.from(inserted), frame.subarray(at + removed)])
}

/**
 * Bytes of the simple value at `at`; of an object or array only its first byte, so that it breaks.
 * @param {Buffer} frame
 * @param {number} at
 */
function valueLength(frame, at) {
  let to = at
  if (frame[at] === 0x22) {
    to = frame.indexOf(0x22, at + 1) + 1
  } else {
    while (to < frame.length && !',}]'.includes(String.fromCharCode(/** @type {number} */ (frame[to])))) to++
  }
  return Math.max(1, to - at)
}

/**
 * A random position whose byte fits, or -1.
 * @param {Buffer} frame
 * @param {() => number} random
 * @param {(byte: number) => boolean} fits
 */
function positionWhere(frame, random, fits) {
  if (frame.length === 0) return -1
  const start = Math.floor(random() * frame.length)
  for (let step = 0; step < frame.length; step++) {
    const at = (start + step) % frame.length
    if (fits(/** @type {number} */ (frame[at]))) return at
  }
  return -1
}

/**
 * @template T
 * @param {() => number} random
 * @param {readonly T[]} choices
 * @returns {T}
 */
function pick(random, choices) {
  return /** @type {T} */ (choices[Math.floor(random() * choices.length)])
}
