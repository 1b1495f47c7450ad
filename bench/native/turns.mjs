/**
 * The plain Rust subscriber and JS poll, synchronous, by turns of some milliseconds. A virtual core may run beside
 * the other one or far from it, which changes a round trip fourfold and lasts for seconds: only what was measured in
 * the same moment can be divided, and the two places are told apart by Rust's own time.
 */
import { median, quantile } from '../lib/figures.mjs'
import { reportOf } from './crew.mjs'

/** For what takes a second, or milliseconds, on a machine with nothing else to do. */
const START_DEADLINE_MS = 60_000
const TURN_DEADLINE_MS = 20_000
/** An echo peer of the side that waits gives its core back at once. */
const SPIN_MS = 1

/** Microseconds; a median of Rust's below is one of neighbours. Seen: 0.75 to 0.85, and 1.2 to 3.2 elsewhere. */
const NEAR_US = 1
/** Less than this share of the pairs may be turns between which the cores moved. */
const SHARE_MIN = 0.1

const isTurn = (line) => line.event === 'turn' || line.event === 'failed'

/** One row a place that enough pairs were seen in; times in microseconds. */
export async function measureInTurns(crew, { pairs, warmupPairs, warmup, count }) {
  const sides = []
  for (const name of ['rust', 'js']) {
    const service = `bench-turns-${name}`
    const echo = crew.rust('echo', [service, '--bots', '4', '--spin-ms', `${SPIN_MS}`], { far: true })
    await reportOf(echo, 'ready', {})
    const args = [service, '--mode', 'turns']
    const client = name === 'rust' ? crew.rust('rust_sub', args) : crew.node('rtt-client.ts', args)
    await reportOf(client, 'ready', { others: [echo], timeoutMs: START_DEADLINE_MS })
    sides.push({ name, echo, client, turns: /** @type {any[]} */ ([]) })
  }
  for (let pair = 0; pair < warmupPairs + pairs; pair++) {
    // Whoever goes first changes, so that a drift of the machine favours neither.
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      const turn = await side.client.ask({ cmd: 'turn', warmup, count }, isTurn, TURN_DEADLINE_MS)
      if (turn.event === 'failed') throw new Error(`${side.name}: ${turn.reason}`)
      if (!(turn.count === count && turn.p50Ns > 0)) throw new Error(`${side.name} exchanged nothing`)
      if (pair >= warmupPairs) side.turns.push(turn)
    }
  }
  for (const side of sides) {
    await crew.end(side.client)
    await crew.end(side.echo)
  }
  const [rust, js] = sides.map(({ turns }) => turns)
  const all = rust.map((turn, pair) => ({ rust: turn, js: js[pair] }))
  return [
    { name: 'far apart', isNear: false },
    { name: 'near each other', isNear: true },
  ]
    .map((place) => ({ ...place, seen: all.filter((pair) => pair.rust.p50Ns / 1e3 < NEAR_US === place.isNear) }))
    .filter(({ seen }) => seen.length >= SHARE_MIN * pairs)
    .map(({ name, isNear, seen }) => rowOf(name, isNear, seen))
}

function rowOf(name, isNear, pairs) {
  const ratios = pairs.map(({ rust, js }) => js.p50Ns / rust.p50Ns)
  return {
    name,
    isNear,
    pairs: pairs.length,
    rustP50: median(pairs.map(({ rust }) => rust.p50Ns)) / 1e3,
    jsP50: median(pairs.map(({ js }) => js.p50Ns)) / 1e3,
    more: median(pairs.map(({ rust, js }) => js.p50Ns - rust.p50Ns)) / 1e3,
    p50: median(ratios),
    p50Low: quantile(ratios, 0.1),
    p50High: quantile(ratios, 0.9),
    p99: median(pairs.map(({ rust, js }) => js.p99Ns / rust.p99Ns)),
  }
}

export function printTurns(rows, print) {
  print(
    '| by turns, the two cores are | pairs | Rust p50, us | JS poll p50, us | more, us | p50 : Rust | 10 to 90 % of the pairs | p99 : Rust |',
  )
  print('| --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const row of rows) {
    const [rust, js, more, p50, low, high, p99] = ['rustP50', 'jsP50', 'more', 'p50', 'p50Low', 'p50High', 'p99'].map(
      (key) => row[key].toFixed(2),
    )
    print(`| ${row.name} | ${row.pairs} | ${rust} | ${js} | ${more} | ${p50} | ${low} to ${high} | ${p99} |`)
  }
}
