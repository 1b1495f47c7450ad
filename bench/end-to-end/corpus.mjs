/**
 * The corpus of the end-to-end benchmark: seeded, venue-shaped payloads in combined-stream envelopes,
 * pre-encoded as unmasked WebSocket text frames.
 *
 * Ids and event times must keep rising for ever, or a feed rightly drops the repeats. Each id is written
 * with a fixed width: the low digits come from the position in the corpus, the high ones from the cycle, so
 * moving the whole corpus to the next cycle touches a few digits per frame.
 */

/** Messages per corpus; a power of ten, so that positions fill whole digits. */
export const CORPUS_MESSAGES = 10_000
const POSITION_DIGITS = 4
const CYCLE_DIGITS = 8
/** Cycles start here, so that event times (`1`, cycle, position) are milliseconds of the year 2026. */
export const FIRST_CYCLE = 79_500_000
const CHUNK_BYTES = 256 * 1024
/** Between the best bid and the best ask of every book here. */
const TOUCH = 61_234.55

/** In a template: replaced by cycle digits, position digits and the digits after them. */
const CYCLE_MARK = 'C'.repeat(CYCLE_DIGITS)
/** The digits of the cycle before: the first futures diff of a cycle names the last id of the previous one. */
const PREVIOUS_CYCLE_MARK = 'P'.repeat(CYCLE_DIGITS)

/** Share of each type in a mix; the composition of the spot and futures mixes is that of the design notes. */
export const WORKLOADS = {
  trade: { market: 'spot', types: { trade: 1 } },
  aggTrade: { market: 'spot', types: { aggTrade: 1 } },
  bookTicker: { market: 'spot', types: { bookTicker: 1 } },
  kline: { market: 'spot', types: { kline: 1 } },
  depth20: { market: 'spot', types: { depth20: 1 } },
  diffDepth: { market: 'spot', types: { diffDepth: 1 } },
  ticker: { market: 'spot', types: { ticker: 1 } },
  markPrice: { market: 'futures', types: { markPrice: 1 } },
  spotMix: {
    market: 'spot',
    types: { bookTicker: 40, aggTrade: 24, diffDepth: 11, kline: 8, trade: 8, depth20: 5, ticker: 4 },
  },
  futuresMix: {
    market: 'futures',
    types: { bookTicker: 42, aggTrade: 26, diffDepth: 12, kline: 8, depth20: 5, ticker: 4, markPrice: 3 },
  },
}

/** Futures types of the `/public` route; the others are on `/market`. */
const PUBLIC_TYPES = ['bookTicker', 'depth20', 'diffDepth', 'trade']

/** Stream a client subscribes to for each type. */
export function streamName(type) {
  return {
    trade: 'btcusdt@trade',
    aggTrade: 'btcusdt@aggTrade',
    bookTicker: 'btcusdt@bookTicker',
    kline: 'btcusdt@kline_1m',
    depth20: 'btcusdt@depth20@100ms',
    diffDepth: 'btcusdt@depth@100ms',
    ticker: 'btcusdt@ticker',
    markPrice: 'btcusdt@markPrice@1s',
  }[type]
}

/** Paths a client of the market connects to; futures streams are served on two routes. */
export function streamPaths(workload) {
  return WORKLOADS[workload].market === 'spot' ? ['/stream'] : ['/public/stream', '/market/stream']
}

/** Corpus of one path as chunks ready to send, see `advanceChunk`; empty when the path carries no type of the workload. */
export function buildCorpus(workload, path = '/stream', seed = 7) {
  const { market, types } = WORKLOADS[workload]
  const random = xorshift(seed)
  const wheel = Object.entries(types)
    .filter(([type]) => path === '/stream' || path.startsWith('/public') === PUBLIC_TYPES.includes(type))
    .flatMap(([type, share]) => Array.from({ length: share }, () => type))
  if (wheel.length === 0) return []
  const chunks = []
  let frames = []
  let bytes = 0
  let messages = 0
  const flush = () => {
    if (frames.length > 0) chunks.push(toChunk(frames, messages))
    frames = []
    bytes = 0
    messages = 0
  }
  const sequence = Array.from({ length: CORPUS_MESSAGES }, () => wheel[Math.floor(random() * wheel.length)])
  const seen = new Map()
  const countOf = (type) => sequence.filter((other) => other === type).length
  const lastOf = new Map(Object.keys(types).map((type) => [type, countOf(type) - 1]))
  for (const type of sequence) {
    // Positions count per type, because ids are contiguous per stream.
    const position = seen.get(type) ?? 0
    seen.set(type, position + 1)
    const text = `{"stream":"${streamName(type)}","data":${payloadText(type, market, { position, isLast: position === lastOf.get(type) }, random)}}`
    frames.push(text)
    messages++
    bytes += text.length + 4
    if (bytes >= CHUNK_BYTES) flush()
  }
  flush()
  return chunks
}

/** Mean payload bytes of a workload, envelope included. */
export function meanFrameBytes(chunks) {
  let bytes = 0
  let messages = 0
  for (const chunk of chunks) {
    bytes += chunk.buffer.length
    messages += chunk.messages
  }
  return bytes / messages
}

/**
 * REST reply for `depth`: a small book at the last update id of a cycle. It lies ahead of what the client has read,
 * which drops the diffs up to it and goes on from there, as with a real venue.
 */
export function depthSnapshot(cycle) {
  const sequence = Number(`1${cycleDigits(cycle)}${CORPUS_MESSAGES - 1}9`)
  const side = (direction) =>
    Array.from({ length: 100 }, (_, level) => [(TOUCH + direction * (level + 1) * 0.07).toFixed(2), '1.5'])
  return JSON.stringify({ lastUpdateId: sequence, E: 1, T: 1, bids: side(-1), asks: side(1) })
}

/** Rewrites the cycle digits of every id in the chunk; touches only the digits that changed. */
export function advanceChunk(chunk, cycle) {
  const digits = cycleDigits(cycle)
  let first = 0
  while (first < CYCLE_DIGITS && digits[first] === chunk.digits[first]) first++
  for (let digit = first; digit < CYCLE_DIGITS; digit++) {
    const code = digits.charCodeAt(digit)
    for (const offset of chunk.offsets) chunk.buffer[offset + digit] = code
  }
  for (const offset of chunk.previousOffsets) chunk.buffer.write(cycleDigits(cycle - 1), offset, 'latin1')
  chunk.digits = digits
}

function cycleDigits(cycle) {
  return String(cycle).padStart(CYCLE_DIGITS, '0')
}

function toChunk(texts, messages) {
  const parts = []
  const offsets = []
  const previousOffsets = []
  let length = 0
  for (const text of texts) {
    const payload = Buffer.from(
      text.replaceAll(CYCLE_MARK, cycleDigits(0)).replaceAll(PREVIOUS_CYCLE_MARK, cycleDigits(0)),
      'latin1',
    )
    const header = frameHeader(payload.length)
    collect(offsets, text, CYCLE_MARK, length + header.length)
    collect(previousOffsets, text, PREVIOUS_CYCLE_MARK, length + header.length)
    parts.push(header, payload)
    length += header.length + payload.length
  }
  return {
    buffer: Buffer.concat(parts),
    offsets: Uint32Array.from(offsets),
    previousOffsets: Uint32Array.from(previousOffsets),
    digits: cycleDigits(0),
    messages,
  }
}

function collect(offsets, text, mark, base) {
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) offsets.push(base + at)
}

/** Unmasked text frame, FIN set. */
export function frameHeader(payloadBytes) {
  if (payloadBytes < 126) return Buffer.from([0x81, payloadBytes])
  const header = Buffer.alloc(4)
  header[0] = 0x81
  header[1] = 126
  header.writeUInt16BE(payloadBytes, 2)
  return header
}

/**
 * A 13-digit number that rises with (cycle, position), by one from position to position: trade ids, and
 * event times in milliseconds. The leading 1 keeps the width fixed.
 */
function id(position) {
  return `1${CYCLE_MARK}${String(position).padStart(POSITION_DIGITS, '0')}`
}

/** Update ids have one more digit: ten per position, so that a diff covers a range. */
function updateId(position, step) {
  return `${id(position)}${step}`
}

function payloadText(type, market, { position, isLast }, random) {
  const spot = market === 'spot'
  const price = () => decimal(61_000 + random() * 500, spot ? 8 : 2, 2)
  const qty = () => (spot ? decimal(random() * 3, 8, 5) : decimal(random() * 30, 3, 3))
  const eventTime = id(position)
  // The last diff of a cycle covers all ids up to the first of the next cycle, so the chain never breaks.
  const lastUpdateId = isLast ? updateId(CORPUS_MESSAGES - 1, 9) : updateId(position, 9)
  const previousUpdateId = position === 0 ? `1${PREVIOUS_CYCLE_MARK}${CORPUS_MESSAGES - 1}9` : updateId(position - 1, 9)
  // Bids stay below and asks above the touch, within twenty units: a book of some two thousand levels a side.
  const levels = (count, direction) =>
    `[${Array.from({ length: count }, () => {
      const level = decimal(TOUCH + direction * (0.01 + random() * 20), spot ? 8 : 2, 2)
      return `["${level}","${random() < 0.3 ? (spot ? '0.00000000' : '0.000') : qty()}"]`
    }).join(',')}]`
  const book = (count, direction) =>
    `[${Array.from({ length: count }, (_, level) => `["${decimal(61_234.5 + direction * (level + 1) * 0.37, spot ? 8 : 2, 2)}","${qty()}"]`).join(',')}]`
  switch (type) {
    case 'trade':
      return `{"e":"trade","E":${eventTime},"s":"BTCUSDT","t":${id(position)},"p":"${price()}","q":"${qty()}","T":${eventTime},"m":${random() < 0.5},"M":true}`
    case 'aggTrade':
      return spot
        ? `{"e":"aggTrade","E":${eventTime},"s":"BTCUSDT","a":${id(position)},"p":"${price()}","q":"${qty()}","f":${updateId(position, 0)},"l":${updateId(position, 3)},"T":${eventTime},"m":${random() < 0.5},"M":true}`
        : `{"e":"aggTrade","E":${eventTime},"a":${id(position)},"s":"BTCUSDT","p":"${price()}","q":"${qty()}","nq":"${qty()}","f":${updateId(position, 0)},"l":${updateId(position, 3)},"T":${eventTime},"m":${random() < 0.5},"st":1}`
    case 'bookTicker': {
      const top = `"b":"${decimal(61_234.5, spot ? 8 : 2, 2)}","B":"${qty()}","a":"${decimal(61_234.6, spot ? 8 : 2, 2)}","A":"${qty()}"`
      return spot
        ? `{"u":${updateId(position, 0)},"s":"BTCUSDT",${top}}`
        : `{"e":"bookTicker","u":${updateId(position, 0)},"s":"BTCUSDT","ps":"BTCUSDT",${top},"T":${eventTime},"E":${eventTime},"st":1}`
    }
    case 'kline': {
      const open = price()
      const candle = `"o":"${open}","c":"${open}","h":"${decimal(62_000, spot ? 8 : 2, 2)}","l":"${decimal(60_000, spot ? 8 : 2, 2)}","v":"${qty()}","n":978,"x":false,"q":"${decimal(907_433.18, spot ? 8 : 4, 4)}","V":"${qty()}","Q":"${decimal(483_781.2, spot ? 8 : 4, 4)}","B":"0"`
      return `{"e":"kline","E":${eventTime},"s":"BTCUSDT","k":{"t":1794999960000,"T":1795000019999,"s":"BTCUSDT","i":"1m","f":5512001100,"L":5512002077,${candle}}}`
    }
    case 'depth20':
      return spot
        ? `{"lastUpdateId":${updateId(position, 0)},"bids":${book(20, -1)},"asks":${book(20, 1)}}`
        : `{"e":"depthUpdate","E":${eventTime},"T":${eventTime},"s":"BTCUSDT","ps":"BTCUSDT","U":${updateId(position, 1)},"u":${updateId(position, 9)},"pu":${updateId(position, 0)},"b":${book(20, -1)},"a":${book(20, 1)},"st":1}`
    case 'diffDepth': {
      const bids = levels(2 + Math.floor(random() * 14), -1)
      const asks = levels(2 + Math.floor(random() * 14), 1)
      return spot
        ? `{"e":"depthUpdate","E":${eventTime},"s":"BTCUSDT","U":${updateId(position, 0)},"u":${lastUpdateId},"b":${bids},"a":${asks}}`
        : `{"e":"depthUpdate","E":${eventTime},"T":${eventTime},"s":"BTCUSDT","U":${updateId(position, 0)},"u":${lastUpdateId},"pu":${previousUpdateId},"b":${bids},"a":${asks},"ps":"BTCUSDT","st":1}`
    }
    case 'ticker': {
      const common = `"p":"-412.30","P":"-0.669","w":"61502.11"`
      const window = `"o":"61646.81","h":"62010.00","l":"60988.00","v":"18233.102","q":"1121388000.55","O":1794913601000,"C":1795000001000,"F":5509900000,"L":5512002079,"n":2102080`
      return spot
        ? `{"e":"24hrTicker","E":${eventTime},"s":"BTCUSDT",${common},"x":"61646.80","c":"${price()}","Q":"${qty()}","b":"${price()}","B":"${qty()}","a":"${price()}","A":"${qty()}",${window}}`
        : `{"e":"24hrTicker","E":${eventTime},"s":"BTCUSDT","ps":"BTCUSDT",${common},"c":"${price()}","Q":"${qty()}",${window},"st":1}`
    }
    case 'markPrice':
      return `{"e":"markPriceUpdate","E":${eventTime},"s":"BTCUSDT","p":"${decimal(61_228.7, 8, 8)}","ap":"61228.70000000","P":"61301.22000000","i":"${decimal(61_255.04, 8, 8)}","r":"0.00004200","T":1795017600000,"st":1}`
    default:
      throw new Error(`no payload for type ${type}`)
  }
}

/** Decimal text with `places` digits after the point, of which `significant` are not padding. */
function decimal(value, places, significant) {
  return value.toFixed(significant).padEnd(value.toFixed(significant).length + places - significant, '0')
}

function xorshift(seed) {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
