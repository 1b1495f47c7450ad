/**
 * Measures the native layer in one run: round trips to a peer in Rust, throughput without loss, loss in a flood and
 * processor time, of a subscriber in plain Rust and of the package.
 *
 *   npm run bench:native                    about three minutes; fails when JS poll takes too long beside Rust
 *   npm run bench:native -- --smoke         about half a minute: everything runs, numbers are not judged
 *   npm run bench:native -- --rounds 5 --samples 200000 --warmup 20000
 *
 * Without the addon or a Rust toolchain it says so and ends well; FEEDBUS_REQUIRE_NATIVE=1 makes that a failure.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Crew, programPath } from '../bench/native/crew.mjs'
import { machine } from '../bench/native/machine.mjs'
import { measureProcessor, printProcessor } from '../bench/native/processor.mjs'
import { measureRoundTrips, printRoundTrips } from '../bench/native/round-trips.mjs'
import { measureThroughput, printThroughput } from '../bench/native/throughput.mjs'
import { measureInTurns, printTurns } from '../bench/native/turns.mjs'
import { runScript, ScriptError, say, seconds } from './lib/console.mjs'
import { ADDON, cargo, toolchainProblem } from './lib/native.mjs'

/** Median of the ratios of medians, turn by turn, on cores that are apart, as those of separate sockets or chips are. */
const RATIO_MAX = 1.25
/** Microseconds more than Rust on cores next to each other, where a whole round trip takes less than one. */
const MORE_MAX = 0.35
const PEERS = /** @type {const} */ (['echo', 'rust_sub', 'fake_connector'])

const SIZES = {
  full: {
    turns: { pairs: 300, warmupPairs: 20, warmup: 1_000, count: 4_000 },
    roundTrips: { rounds: 5, samples: 200_000, warmup: 20_000, maxMs: 3_000 },
    throughput: { rates: [25_000, 50_000, 100_000, 200_000, 400_000, 800_000], stepMs: 2_000, bufferSize: 10_000 },
    processor: { rates: [0, 1_000, 20_000], spanMs: 4_000 },
    deadlineMs: 480_000,
  },
  smoke: {
    turns: { pairs: 5, warmupPairs: 1, warmup: 100, count: 500 },
    roundTrips: { rounds: 1, samples: 2_000, warmup: 200, maxMs: 1_500 },
    throughput: { rates: [20_000], stepMs: 400, bufferSize: 10_000 },
    processor: { rates: [0], spanMs: 500 },
    deadlineMs: 150_000,
  },
}

/** @param {string} line */
const print = (line) => void process.stdout.write(`${line}\n`)

/** @param {boolean} anyBuild */
function missingPeers(anyBuild) {
  return PEERS.filter((name) => programPath(name, { anyBuild }) === null)
}

/** Why nothing can be measured here, or `null`. */
function obstacle() {
  const at = process.env['NATIVE_IOX_PATH'] ?? ADDON
  if (!existsSync(at)) return `no native addon at ${at}; npm run build:native builds it`
  return missingPeers(true).length > 0 ? toolchainProblem() : null
}

/** @param {boolean} smoke */
function buildPeers(smoke) {
  // A release build is brought up to date; a smoke run takes what the tests have built.
  if (smoke && missingPeers(true).length === 0) return
  if (!smoke && toolchainProblem() !== null && missingPeers(false).length === 0) return
  const profile = smoke ? ['--profile', 'checked'] : ['--release']
  cargo(['build', ...profile, '--no-default-features', '--features', 'tools', '--bins', '--locked'])
}

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      samples: { type: 'string' },
      warmup: { type: 'string' },
    },
  })
  const reason = obstacle()
  if (reason !== null) {
    if (process.env['FEEDBUS_REQUIRE_NATIVE'] === '1') throw new ScriptError(`bench:native cannot run: ${reason}`)
    say(`bench:native skipped: ${reason}`)
    return
  }
  const smoke = values.smoke === true
  buildPeers(smoke)
  const sizes = smoke ? SIZES.smoke : SIZES.full
  const roundTrips = { ...sizes.roundTrips }
  for (const key of /** @type {const} */ (['rounds', 'samples', 'warmup'])) {
    if (values[key] === undefined) continue
    const number = Number(values[key])
    if (!Number.isInteger(number) || number < 1) throw new ScriptError(`--${key} ${values[key]} is no count`)
    roundTrips[key] = number
  }
  const start = performance.now()
  const crew = new Crew({ anyBuild: smoke })
  const timer = setTimeout(() => {
    say(`not done after ${sizes.deadlineMs / 1000} s: ending what still runs`)
    void crew.endAll()
  }, sizes.deadlineMs)
  try {
    print(`${machine({ bufferSize: sizes.throughput.bufferSize, isPinned: crew.isPinned })}\n`)
    const turns = await measureInTurns(crew, sizes.turns)
    printTurns(turns, print)
    print('')
    printRoundTrips(await measureRoundTrips(crew, roundTrips), print)
    print('')
    printThroughput(await measureThroughput(crew, sizes.throughput), print)
    print('')
    printProcessor(await measureProcessor(crew, sizes.processor), print)
    print('')
    judge(turns, smoke)
  } catch (error) {
    throw error instanceof ScriptError ? error : new ScriptError(`bench:native failed: ${messageOf(error)}`)
  } finally {
    clearTimeout(timer)
    await crew.endAll()
    const leftovers = crew.leave()
    if (leftovers.length > 0) {
      say(`left in shared memory, now removed: ${leftovers.slice(0, 5).join(', ')}`)
      process.exitCode = 1
    }
    say(`\n${seconds(start)}`)
  }
})

/** @param {readonly { name: string, isNear: boolean, p50: number, more: number }[]} rows @param {boolean} smoke */
function judge(rows, smoke) {
  const failures = []
  for (const { name, isNear, p50, more } of rows) {
    const isWithin = isNear ? more <= MORE_MAX : p50 <= RATIO_MAX
    const line = isNear
      ? `cores ${name}: a round trip of JS poll takes ${more.toFixed(2)} us more than that of Rust (limit ${MORE_MAX})`
      : `cores ${name}: a round trip of JS poll takes ${p50.toFixed(2)} times that of Rust (limit ${RATIO_MAX})`
    print(smoke ? `${line}; a smoke run, not judged` : `${line}: ${isWithin ? 'ok' : 'FAILED'}`)
    if (!isWithin) failures.push(line)
  }
  if (rows.length === 0) throw new ScriptError('no pair of turns was measured')
  if (!smoke && failures.length > 0) throw new ScriptError(failures.join('\n'))
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
