/**
 * What a subscriber takes without losing a record: the stand-in connector sends numbered feed records at rising rates,
 * and then as fast as it can. What it sent and what arrived are compared, so that loss is exact; the library itself
 * overwrites the oldest samples without a sign. Nobody keeps a book.
 */
import { reportOf, sleep } from './crew.mjs'

/** @type {readonly { name: string, rust?: boolean, mode: string }[]} */
const CONTESTANTS = [
  { name: 'Rust', rust: true, mode: 'rust' },
  { name: 'JS poll', mode: 'poll' },
  { name: 'JS pump', mode: 'pump' },
]
const BATCH = 20
/** The sender kept up when it reached this share of the rate. */
const KEPT_UP = 0.95
const FLOOD = 1e9
const SETTLE_MS = 3_000

/** Rows `{ name, lossless, senderLimit, steps, flood }`; `steps` with records per second wanted, sent and lost. */
export async function measureThroughput(crew, { rates, stepMs, bufferSize }) {
  const rows = []
  for (const contestant of CONTESTANTS) {
    const run = await open(crew, contestant, bufferSize)
    const steps = []
    for (const rate of rates) {
      const step = await send(run, rate, stepMs)
      steps.push(step)
      if (step.sent === 0 || step.received === 0) throw new Error(`${contestant.name} exchanged nothing at ${rate}/s`)
      // Beyond what the sender can do there is nothing to learn from asking for more.
      if (step.rate < rate * KEPT_UP) break
    }
    const flood = await send(run, FLOOD, stepMs)
    if (flood.received === 0) throw new Error(`${contestant.name} received nothing of a flood`)
    await crew.end(run.member)
    await crew.end(run.connector)
    const lossless = Math.max(0, ...[...steps, flood].filter(({ lost }) => lost === 0).map(({ rate }) => rate))
    rows.push({ name: contestant.name, lossless, isSenderLimit: flood.lost === 0, steps, flood })
  }
  return rows
}

/** @param {any} crew @param {typeof CONTESTANTS[number]} contestant @param {number} bufferSize */
async function open(crew, { name, rust, mode }, bufferSize) {
  const service = `bench-${mode}`
  const sizes = ['--buffer', `${bufferSize}`, '--bots', '4', '--numbered', '1', '--quiet', '1']
  // A connector for each: the first that registers gets no snapshot, so only running records are counted.
  const connector = crew.rust('fake_connector', [service, ...sizes], { far: true })
  await reportOf(connector, 'ready', {})
  const options = ['--symbols', 'btcusdt', '--bot', '5', '--books', 'no']
  const member = rust
    ? crew.rust('rust_sub', [service, ...options])
    : crew.node('watch-client.ts', [service, '--mode', mode, ...options], { threaded: mode === 'pump' })
  await reportOf(member, 'ready', { others: [connector] })
  await reportOf(connector, 'registered', { others: [member] })
  return { name, connector, member }
}

async function send({ name, connector, member }, wanted, stepMs) {
  const stats = () => member.ask({ cmd: 'stats' }, 'stats', 10_000)
  const before = await stats()
  connector.send({ cmd: 'market', rate: wanted, batch: BATCH })
  await sleep(stepMs)
  const stopped = await connector.ask({ cmd: 'stop' }, 'stopped', 10_000)
  const deadline = performance.now() + SETTLE_MS
  // Through when all of it is there, or when nothing comes any more.
  let after = await stats()
  for (let seen = -1; after.feed - before.feed < stopped.sent && performance.now() < deadline; ) {
    if (after.feed === seen) break
    seen = after.feed
    await sleep(100)
    after = await stats()
  }
  const received = after.feed - before.feed
  if (received > stopped.sent) throw new Error(`${name}: ${stopped.sent} sent, ${received} received`)
  return { wanted, rate: stopped.rate, sent: stopped.sent, received, lost: stopped.sent - received }
}

export function printThroughput(rows, print) {
  const k = (rate) => `${(rate / 1e3).toFixed(0)} k`
  print('| records/s, batches of 20 | lossless | flood: sent | flood: lost | steps (sent/s: lost) |')
  print('| --- | --- | --- | --- | --- |')
  for (const { name, lossless, isSenderLimit, steps, flood } of rows) {
    const share = `${((flood.lost / flood.sent) * 100).toFixed(1)} %`
    const each = steps.map(
      ({ rate, lost, sent }) => `${k(rate)}: ${lost === 0 ? '0' : `${((lost / sent) * 100).toFixed(2)} %`}`,
    )
    const most = `${k(lossless)}${isSenderLimit ? ' (all the sender can)' : ''}`
    print(`| ${name} | ${most} | ${k(flood.rate)} | ${share} | ${each.join(', ')} |`)
  }
}
