/**
 * What the published crate and we must agree on, as cases: its publisher feeds our bots (Rust, and the addon in both
 * modes), and its bot's requests reach our stand-in connector. And what nobody can agree on: another version's segments.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ADDON } from './native.mjs'
import { peerProgram, privateRoot } from './native-peers.mjs'
import { ROOT } from './paths.mjs'
import { PeerProcess } from './peer-process.mjs'
import { nodeArgsFor } from './process.mjs'

const SYMBOL = 'btcusdt'
const BUFFER = 4_096

/** @typedef {{ name: string, failure: string | null, skip?: string }} CaseResult */
/** @typedef {ReturnType<typeof privateRoot>} Root */

/**
 * @param {string} program
 * @returns {string}
 */
function ours(program) {
  const path = peerProgram(/** @type {any} */ (program))
  if (path === null) throw new Error(`${program} was not built`)
  return path
}

/** The published ports read their sizes from a file; small ones keep the segments small. */
function sizes() {
  return { ...process.env, HFTBACKTEST_CHANNEL_CONFIG: join(ROOT, 'native/conformance/channel.toml') }
}

/**
 * @param {string} peer
 * @param {Root} root
 */
async function publishedFeedsRust(peer, root) {
  const connector = new PeerProcess(peer, ['connector', 'conf', SYMBOL, ...root.args], { env: sizes() })
  await connector.report('ready')
  const bot = new PeerProcess(ours('rust_sub'), ['conf', '--symbols', SYMBOL, '--bot', '99', ...root.args])
  const registered = await connector.report('register')
  assert.deepEqual(
    [registered['bot'], registered['symbol'], registered['tickSize'], registered['lotSize']],
    ['99', SYMBOL, 0.1, 0.001],
  )
  const stats = await settled(bot, (each) => each['error'] === 4 && each['foreign'] === 1)
  assert.deepEqual(
    {
      batches: [stats['batchStart'], stats['batchEnd']],
      kinds: stats['byKind'],
      order: stats['order'],
      position: stats['position'],
      bad: stats['bad'],
      depth: stats['depth'],
    },
    { batches: [1, 1], kinds: { 1: 5, 2: 1, 3: 1, 5: 1 }, order: 1, position: 1, bad: 0, depth: [0, 0] },
  )
  const [order] = stats['orders']
  assert.deepEqual(
    [order.orderId, order.side, order.status, order.timeInForce, order.maker, order.execPriceTick, order.leavesQty],
    ['77', 1, 5, 1, true, 640_005, 0.3],
  )
  await assertBook(bot)
  // Registered again: a snapshot for this bot alone, and the same book from it.
  bot.send({ cmd: 'register', symbol: SYMBOL })
  const again = await settled(bot, (each) => each['byKind'][4] === 2)
  assert.equal(again['batchEnd'], 2)
  await assertBook(bot)
  bot.send({ cmd: 'order', symbol: SYMBOL, orderId: 5, priceTick: 639_000 })
  const received = await connector.report('order')
  assert.deepEqual(
    [
      received['bot'],
      received['orderId'],
      received['priceTick'],
      received['side'],
      received['req'],
      received['timeInForce'],
    ],
    ['99', '5', 639_000, 'Buy', 'New', 'GTX'],
  )
  bot.send({ cmd: 'order', symbol: SYMBOL, orderId: 5, priceTick: 639_000, cancel: true })
  const cancelled = await connector.report((each) => each.event === 'order' && each['req'] === 'Canceled')
  assert.equal(cancelled['orderId'], '5')
  const last = await settled(bot, (each) => each['order'] === 3)
  assert.equal(last['orders'].at(-1).status, 4)
  await Promise.all([bot.close(), connector.close()])
}

/**
 * Asks for counts until they are as wanted.
 * @param {PeerProcess} bot
 * @param {(stats: import('./peer-process.mjs').Report) => boolean} wanted
 */
async function settled(bot, wanted) {
  const deadline = performance.now() + 20_000
  for (;;) {
    const stats = await bot.ask({ cmd: 'stats' }, 'stats')
    if (wanted(stats)) return stats
    if (performance.now() > deadline) throw new Error(`counts that never came: ${JSON.stringify(stats)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** @param {PeerProcess} bot */
async function assertBook(bot) {
  const book = await bot.ask({ cmd: 'book', symbol: SYMBOL }, 'book')
  assert.deepEqual([book['bids'], book['asks']], [[[640_004, 2]], [[640_006, 3]]])
}

/**
 * @param {string} peer
 * @param {Root} root
 */
async function publishedBotReachesStandIn(peer, root) {
  const args = ['conf', '--buffer', String(BUFFER), '--bots', '8', ...root.args]
  const connector = new PeerProcess(ours('fake_connector'), args)
  await connector.report('ready')
  const bot = new PeerProcess(peer, ['bot', 'conf', SYMBOL, ...root.args], { env: sizes() })
  const registered = await connector.report('registered')
  assert.deepEqual([registered['bot'], registered['symbol'], registered['first']], ['4711', SYMBOL, true])
  connector.send({ cmd: 'market', rate: 500, batch: 5, count: 2_000 })
  const market = await bot.report('market')
  assert.ok(market['trades'] >= 20, `too little of a market: ${JSON.stringify(market)}`)
  assert.ok(market['bestBid'] > 0 && market['bestAsk'] > market['bestBid'], 'a book with two sides')
  assert.deepEqual(await fields(bot, 'submitted'), { result: 'OrderResponse', status: 'New' })
  assert.deepEqual(await fields(bot, 'cancelled'), { result: 'OrderResponse', status: 'Canceled' })
  assert.equal((await bot.report('repeated'))['status'], 'Expired')
  // Its reports come over a pipe of their own and may be behind those of the bot.
  await connector.report((each) => each.event === 'request' && each['request'].order?.priceTick === 650_000)
  const requests = connector.reports.filter((each) => each.event === 'request' && each['request'].type === 'order')
  assert.deepEqual(
    requests.map(({ request }) => [
      request.order.orderId,
      request.order.priceTick,
      request.order.req,
      request.order.side,
    ]),
    [
      ['101', 630_000, 1, 0],
      ['101', 630_000, 4, 0],
      ['101', 650_000, 1, 1],
    ],
  )
  const error = (kind, value) => ({ cmd: 'send', message: { type: 'error', kind, code: 7, value } })
  connector.send(error('ConnectionInterrupted', 'lost'))
  connector.send(error('CriticalConnectionError', [true, 1.5, null]))
  connector.send(error('OrderError', { code: -5022, msg: 'x' }))
  connector.send(error('Custom', null))
  connector.send({ cmd: 'send', message: { type: 'position', symbol: SYMBOL, qty: -1.25 } })
  const account = await bot.report('account')
  assert.deepEqual(
    [account['position'], account['errors']],
    [-1.25, ['ConnectionInterrupted', 'CriticalConnectionError', 'OrderError', 'Custom(7)']],
  )
  await Promise.all([bot.close(), connector.close()])
}

/**
 * @param {PeerProcess} peer
 * @param {string} event
 */
async function fields(peer, event) {
  const { event: _, ...rest } = await peer.report(event)
  return rest
}

/**
 * @param {string} peer
 * @param {Root} root
 * @param {'pump' | 'poll'} mode
 */
async function publishedFeedsAddon(peer, root, mode) {
  const connector = new PeerProcess(peer, ['connector', 'conf', SYMBOL, ...root.args], { env: sizes() })
  await connector.report('ready')
  const client = new PeerProcess(process.execPath, [
    ...nodeArgsFor(join(ROOT, 'bench/native/watch-client.ts')),
    'conf',
    ...['--mode', mode, '--symbols', SYMBOL, '--bot', '99', ...root.args],
  ])
  assert.equal((await connector.report('register'))['bot'], '99')
  const stats = await settled(client, (each) => each['error'] === 4 && each['foreign'] === 1)
  assert.deepEqual(
    [stats['batchStart'], stats['batchEnd'], stats['byKind'], stats['order'], stats['position'], stats['decodeErrors']],
    [1, 1, { 1: 5, 2: 1, 3: 1, 5: 1 }, 1, 1, 0],
  )
  assert.deepEqual(stats['errors'], [
    ['ConnectionInterrupted', 'lost'],
    ['CriticalConnectionError', [true, 1.5, null]],
    ['OrderError', { code: '-5022' }],
    ['Custom', null],
  ])
  const [order] = stats['orders']
  assert.deepEqual(
    [order.orderId, order.side, order.status, order.timeInForce, order.maker, order.execPriceTick],
    ['77', 'Sell', 'PartiallyFilled', 'GTX', true, '640005'],
  )
  await assertBook(client)
  client.send({ cmd: 'resync', symbol: SYMBOL })
  await settled(client, (each) => each['byKind'][4] === 2)
  await assertBook(client)
  client.send({
    cmd: 'submit',
    symbol: SYMBOL,
    side: 'SELL',
    price: 65_000,
    qty: 0.5,
    timeInForce: 'IOC',
    orderId: '9',
  })
  const received = await connector.report('order')
  assert.deepEqual(
    [
      received['orderId'],
      received['priceTick'],
      received['qty'],
      received['side'],
      received['timeInForce'],
      received['req'],
    ],
    ['9', 650_000, 0.5, 'Sell', 'IOC', 'New'],
  )
  client.send({ cmd: 'cancel', symbol: SYMBOL, orderId: '9' })
  await connector.report((each) => each.event === 'order' && each['req'] === 'Canceled')
  await settled(client, (each) => each['orders'].at(-1)?.status === 'Canceled')
  await Promise.all([client.close(), connector.close()])
}

/** The addon is a separate, longer build. */
function addonMissing() {
  return existsSync(ADDON) ? null : 'the addon is not built (npm run build:native)'
}

/**
 * A connector that was built with a later library: refused for good, at once and with both versions, however long the
 * bot is ready to wait.
 * @param {string} peer
 * @param {Root} root
 */
async function otherVersionIsRefused(peer, root) {
  const connector = new PeerProcess(peer, ['conf', ...root.args])
  await connector.report('ready')
  for (const mode of ['pump', 'poll']) {
    const bot = new PeerProcess(process.execPath, [
      ...nodeArgsFor(join(ROOT, 'test/connectors/hft/native/programs/open.ts')),
      ...['conf', '--mode', mode, '--wait', '60000', ...root.args],
    ])
    const { code, isTerminal, message, elapsedMs } = await bot.report('refused')
    assert.deepEqual(
      { code, isTerminal, message },
      {
        code: 'IPC_VERSION_MISMATCH',
        isTerminal: true,
        message: 'service "conf/ToBot": it was made by Iceoryx2 0.7.0, and this is Iceoryx2 0.6.1',
      },
    )
    assert.ok(elapsedMs < 15_000, `told after ${elapsedMs} ms`)
    await bot.close()
  }
  // The refusal has done it no harm.
  assert.equal(connector.hasEnded, false)
  assert.equal(await connector.close(), 0)
}

/**
 * @param {{ published: string, otherVersion: string }} peers
 * @returns {Promise<CaseResult[]>}
 */
export async function runConformanceCases(peers) {
  const noAddon = addonMissing()
  /** @type {[string, (peer: string, root: Root) => Promise<void>, boolean, string?][]} */
  const cases = [
    ['the published publisher feeds our Rust bot, every kind, and its orders arrive', publishedFeedsRust, false],
    [
      "the published bot's requests reach our stand-in, and its replies reach that bot",
      publishedBotReachesStandIn,
      false,
    ],
    ['the published publisher feeds the addon, poll', (p, root) => publishedFeedsAddon(p, root, 'poll'), true],
    ['the published publisher feeds the addon, pump', (p, root) => publishedFeedsAddon(p, root, 'pump'), true],
    [
      'a connector of another Iceoryx2 version is refused, naming both',
      otherVersionIsRefused,
      true,
      peers.otherVersion,
    ],
  ]
  /** @type {CaseResult[]} */
  const results = []
  for (const [name, body, needsAddon, peer = peers.published] of cases) {
    if (needsAddon && noAddon !== null) {
      results.push({ name, failure: null, skip: noAddon })
      continue
    }
    const root = privateRoot()
    try {
      await body(peer, root)
      results.push({ name, failure: null })
    } catch (error) {
      results.push({ name, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    } finally {
      root.remove()
    }
  }
  return results
}
