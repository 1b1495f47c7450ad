/**
 * The plain Rust subscriber and JS poll, synchronous, by turns of some milliseconds. A virtual core may run beside
 * the other one or far from it, which changes a round trip fourfold and lasts for seconds: only what was measured in
 * the same moment can be divided.
 */
import { median } from '../lib/figures.mjs'
import { reportOf } from './crew.mjs'

/** For what takes a second, or milliseconds, on a machine with nothing else to do. */
const START_DEADLINE_MS = 60_000
const TURN_DEADLINE_MS = 20_000
/** An echo peer of the side that waits gives its core back at once. */
const SPIN_MS = 1

const isTurn = (line) => line.event === 'turn' || line.event === 'failed'

/** Medians over the pairs of turns, in microseconds, and of the pairs' ratios with their spread. */
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
  const ratios = (field) => js.map((turn, pair) => turn[field] / rust[pair][field]).sort((a, b) => a - b)
  const p50 = ratios('p50Ns')
  return {
    pairs,
    count,
    rustP50: median(rust.map(({ p50Ns }) => p50Ns)) / 1e3,
    jsP50: median(js.map(({ p50Ns }) => p50Ns)) / 1e3,
    p50: median(p50),
    p50Low: p50[Math.floor(pairs / 10)],
    p50High: p50[Math.ceil((pairs * 9) / 10) - 1],
    p99: median(ratios('p99Ns')),
  }
}

export function printTurns(turns, print) {
  print(
    `by turns, ${turns.pairs} pairs of ${turns.count} round trips: Rust p50 ${turns.rustP50.toFixed(2)} us, JS poll ${turns.jsP50.toFixed(2)} us; ` +
      `JS poll : Rust p50 ${turns.p50.toFixed(2)} (a tenth below ${turns.p50Low.toFixed(2)}, a tenth above ${turns.p50High.toFixed(2)}), p99 ${turns.p99.toFixed(2)}`,
  )
}
