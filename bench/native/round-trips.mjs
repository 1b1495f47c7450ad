/** Round trips to the echo peer: every contestant in every round, in an order that changes from round to round. */
import { median } from '../lib/figures.mjs'
import { reportOf } from './crew.mjs'

/** @type {readonly { name: string, rust?: boolean, threaded?: boolean, args?: string[] }[]} */
const CONTESTANTS = [
  { name: 'Rust', rust: true },
  { name: 'JS poll, sync', args: ['--mode', 'sync'] },
  { name: 'JS poll, setImmediate', args: ['--mode', 'immediate'] },
  { name: 'JS pump', args: ['--mode', 'pump'], threaded: true },
  { name: 'JS pump, sent by the generic layer', args: ['--mode', 'pump', '--send', 'bytes'], threaded: true },
  { name: 'JS poll, sync, sent by the generic layer', args: ['--mode', 'sync', '--send', 'bytes'] },
]
const NAME = 'bench-rtt'
/** Beyond the time a contestant takes for its samples: its start, on a machine that is busy. */
const START_MS = 12_000

/** Rows `{ name, p50, p99, p999, max, samples, toRust }`, microseconds, medians over the rounds. */
export async function measureRoundTrips(crew, { rounds, samples, warmup, maxMs }) {
  const results = CONTESTANTS.map((contestant) => ({ ...contestant, rounds: /** @type {any[]} */ ([]) }))
  const echo = crew.rust('echo', [NAME, '--bots', '8'], { far: true })
  await reportOf(echo, 'ready', {})
  const options = ['--warmup', `${warmup}`, '--count', `${samples}`, '--max-ms', `${maxMs}`]
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < results.length; turn++) {
      const result = results[(turn + round) % results.length]
      const member = result.rust
        ? crew.rust('rust_sub', [NAME, '--mode', 'rtt', ...options])
        : crew.node('rtt-client.ts', [NAME, ...(result.args ?? []), ...options], { threaded: result.threaded === true })
      const report = await reportOf(member, 'rtt', { others: [echo], timeoutMs: maxMs + START_MS }).catch((error) => {
        throw new Error(`${result.name}: ${error.message}`)
      })
      if (!(report.count > 0 && report.p50Ns > 0)) throw new Error(`${result.name} exchanged nothing`)
      result.rounds.push(report)
      await crew.end(member)
    }
  }
  await crew.end(echo)
  const rust = results[0].rounds
  return results.map(({ name, rounds: own }) => ({
    name,
    p50: median(own.map(({ p50Ns }) => p50Ns)) / 1e3,
    p99: median(own.map(({ p99Ns }) => p99Ns)) / 1e3,
    p999: median(own.map(({ p999Ns }) => p999Ns)) / 1e3,
    max: median(own.map(({ maxNs }) => maxNs)) / 1e3,
    p50s: own.map(({ p50Ns }) => p50Ns / 1e3),
    samples: own.reduce((sum, { count }) => sum + count, 0),
    // Within a round both saw the same machine.
    toRust: median(own.map(({ p50Ns }, round) => p50Ns / rust[round].p50Ns)),
    toRust99: median(own.map(({ p99Ns }, round) => p99Ns / rust[round].p99Ns)),
  }))
}

export function printRoundTrips(rows, print) {
  const us = (value) => (value < 100 ? value.toFixed(2) : value.toFixed(0))
  print('| round trip, us | p50 | p99 | p99.9 | max | p50 : Rust | p99 : Rust | samples | p50 of each round |')
  print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const row of rows) {
    const times = [row.p50, row.p99, row.p999, row.max].map(us).join(' | ')
    const ratios = [row.toRust, row.toRust99].map((ratio) => ratio.toFixed(2)).join(' | ')
    print(`| ${row.name} | ${times} | ${ratios} | ${row.samples} | ${row.p50s.map(us).join(', ')} |`)
  }
}
