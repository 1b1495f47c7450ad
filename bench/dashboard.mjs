/**
 * What a dashboard costs the feed: a saturated feed in one process, measured in turn without a dashboard, with one
 * that nobody looks at, with one page that looks at a market and a stream, and with one that looks at a busy raw
 * topic as well. Every round takes all of them in random order; ratios are taken within a round.
 *
 * Fails when one page costs 5 % of the feed's messages or more.
 *
 * Usage: dashboard.mjs [--rounds N] [--measure MS] [--warmup MS] [--smoke]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { machineLine, median, quantile, shuffled } from './lib/figures.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    measure: { type: 'string', default: '700' },
    warmup: { type: 'string', default: '200' },
    smoke: { type: 'boolean', default: false },
  },
})
const rounds = values.smoke ? 1 : Number(values.rounds)
const measureMs = values.smoke ? '200' : values.measure
const warmupMs = values.smoke ? '200' : values.warmup

/** More than this share of the feed's messages is too much for a page. */
const LOSS_MAX = 0.05
const MODES = {
  none: null,
  idle: { pages: 0 },
  page: { pages: 1, topic: null },
  'page, raw topic': { pages: 1, topic: 'mkt.bbo' },
}

const local = (path) => fileURLToPath(new URL(path, import.meta.url))
const generator = spawn(process.execPath, [local('./end-to-end/generator.mjs'), 'spotMix'], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const [line] = await once(generator.stdout, 'data')
const port = line.toString().trim().split(' ')[1]
const feed = spawn(process.execPath, [local('./dashboard/feed.mjs'), port, warmupMs, measureMs], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const answers = createInterface({ input: feed.stdout })[Symbol.asyncIterator]()
const ask = async (mode) => {
  feed.stdin.write(`${mode}\n`)
  const { value, done } = await answers.next()
  if (done) throw new Error('the feed ended')
  return JSON.parse(value)
}

const results = Object.fromEntries(Object.keys(MODES).map((name) => [name, []]))
try {
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(MODES))) results[name].push(await measure(MODES[name]))
  }
} finally {
  feed.stdin.end()
  generator.stdin.end()
  await Promise.all([once(feed, 'exit'), once(generator, 'exit')])
}

console.log(`${machineLine()}, spot mix, ${rounds} rounds of ${measureMs} ms`)
console.log('')
console.log(
  '| dashboard | messages/s | CPU us a message, median (lower quartile) | CPU of "none", median | lower quartile |',
)
console.log('| --- | --- | --- | --- | --- |')
for (const name of Object.keys(MODES)) {
  console.log(
    `| ${name} | ${Math.round(median(results[name].map((each) => each.perSecond)) / 1e3)} k | ` +
      `${median(cpuOf(name)).toFixed(3)} (${lowerQuartile(cpuOf(name)).toFixed(3)}) | ` +
      `${median(ratios(name)).toFixed(3)} | ${quartileRatio(name).toFixed(3)} |`,
  )
}
// A single-threaded feed that needs x times the CPU a message takes 1/x of the messages. Other work on the machine
// only ever adds to a measurement, so the lower quartiles say more than the medians.
const loss = 1 - 1 / quartileRatio('page')
console.log('')
console.log(`one page costs ${(loss * 100).toFixed(1)} % of the feed's messages (limit ${LOSS_MAX * 100} %)`)
if (!values.smoke && loss >= LOSS_MAX) {
  console.error('a page costs the feed too much')
  process.exitCode = 1
}

function cpuOf(name) {
  return results[name].map((result) => result.cpuUsPerMessage)
}

/** CPU of a mode over that of no dashboard, round by round. */
function ratios(name) {
  return cpuOf(name).map((cpu, round) => cpu / results.none[round].cpuUsPerMessage)
}

function quartileRatio(name) {
  return lowerQuartile(cpuOf(name)) / lowerQuartile(cpuOf('none'))
}

function lowerQuartile(numbers) {
  return quantile(numbers, 0.25)
}

async function measure(mode) {
  if (mode === null) return ask('measure')
  const { url } = await ask('open')
  const pages = []
  for (let index = 0; index < mode.pages; index++) pages.push(await openPage(url, mode.topic))
  const result = await ask('measure')
  if (result.viewers !== mode.pages) throw new Error(`${result.viewers} pages are open, not ${mode.pages}`)
  for (const page of pages) {
    // A page that was sent nothing costs nothing and proves nothing.
    if (page.messages < 2) throw new Error(`the page got ${page.messages} messages`)
  }
  await ask('close')
  return result
}

/** What a browser does: looks at one market and one stream, and takes what comes. */
async function openPage(url, topic) {
  const page = { messages: 0 }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/dashboard/push`, { perMessageDeflate: false })
  socket.on('message', (data) => {
    JSON.parse(data.toString())
    page.messages++
  })
  await once(socket, 'open')
  const market = { source: 'bench', symbol: 'BTCUSDT', interval: '' }
  const stream = { source: 'bench', stream: 'btcusdt@trade' }
  socket.send(JSON.stringify({ kind: 'interest', market, stream, topic }))
  return page
}
