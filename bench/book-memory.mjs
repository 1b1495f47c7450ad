/**
 * What a maintained book costs in memory: a thousand books of 1000 levels a side, filled as a snapshot fills them and
 * then changed by updates around the best price. Needs a build. Run: node --expose-gc bench/book-memory.mjs [number of books]
 */
import { OrderBook } from '../dist/market/book/order-book.js'

const LEVELS = 1_000
const UPDATES = 2_000
const [argument = '1000'] = process.argv.slice(2)
const count = argument === '--smoke' ? 20 : Number(argument)
const collect = globalThis.gc ?? (() => {})

let state = 7
/** A small generator, the same in each run. */
function random() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}

/** Level distances thin out away from the best price, as in the captured books. */
function side(best, tick, direction) {
  const levels = []
  let distance = 0
  for (let index = 0; index < LEVELS; index++) {
    distance += 1 + Math.floor(random() ** 4 * 12)
    levels.push(Number((best + direction * distance * tick).toFixed(2)), Number((random() * 5).toFixed(5)))
  }
  return levels
}

collect()
const before = process.memoryUsage()
const books = []
for (let index = 0; index < count; index++) {
  const book = new OrderBook()
  book.reset(side(61_000, 0.01, -1), side(61_000.01, 0.01, 1), index)
  for (let update = 0; update < UPDATES; update++) {
    const distance = Math.floor(random() ** 3 * 2_000) + 1
    const qty = random() < 0.4 ? 0 : Number((random() * 5).toFixed(5))
    if (random() < 0.5) book.bids.set(Number((61_000 - distance * 0.01).toFixed(2)), qty)
    else book.asks.set(Number((61_000.01 + distance * 0.01).toFixed(2)), qty)
  }
  books.push(book)
}
collect()
const after = process.memoryUsage()
const levels = books.reduce((sum, { bids, asks }) => sum + bids.levelCount + asks.levelCount, 0)
const arrays = books.reduce((sum, { byteLength }) => sum + byteLength, 0)
const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
console.log(`${count} books, ${Math.round(levels / count)} levels each`)
console.log(
  `arrays ${(arrays / count / 1024).toFixed(1)} KiB a book, all memory ${(grown / count / 1024).toFixed(1)} KiB a book`,
)
console.log(`together ${(grown / 2 ** 20).toFixed(1)} MiB`)
