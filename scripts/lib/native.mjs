/** What the scripts know about the native addon: its name on this machine, and the toolchain that builds it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScriptError } from './console.mjs'
import { ROOT } from './paths.mjs'

export const NATIVE = join(ROOT, 'native')

/** `platform-arch-libc`, as `src/connectors/hft/native/binding.ts` works it out. */
export function platformTarget() {
  const target = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return target
  /** @type {any} what Node's types do not describe */
  const report = process.report
  report.excludeNetwork = true
  const isGlibc = !existsSync('/etc/alpine-release') && report.getReport().header?.glibcVersionRuntime !== undefined
  return `${target}-${isGlibc ? 'gnu' : 'musl'}`
}

/** Where the built addon is put. Not committed and not published with the package. */
export const ADDON = join(NATIVE, `feedbus-native.${platformTarget()}.node`)

/** Oldest compiler that builds the crate, from its manifest. */
function rustVersionMin() {
  const found = /^rust-version = "([\d.]+)"/m.exec(readFileSync(join(NATIVE, 'Cargo.toml'), 'utf8'))
  if (found === null) throw new ScriptError('native/Cargo.toml names no rust-version')
  return found[1]
}

/** @param {string} a @param {string} b dotted numbers */
function isOlder(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let part = 0; part < 3; part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Why the crate cannot be built here, or `null`. */
export function toolchainProblem() {
  const wanted = rustVersionMin()
  const what = `The native addon is built with Rust ${wanted} or newer (cargo and rustc) and a C linker.`
  const rustc = spawnSync('rustc', ['--version'], { encoding: 'utf8' })
  const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' })
  if (rustc.error || cargo.error || rustc.status !== 0 || cargo.status !== 0) {
    return `${what}\nThey were not found. Install a Rust toolchain (https://rustup.rs), then run this again.`
  }
  const version = /rustc (\d+\.\d+\.\d+)/.exec(rustc.stdout)?.[1] ?? '0'
  return isOlder(version, wanted) ? `${what}\nThis is rustc ${version}. Update it, then run this again.` : null
}

/** A whole build from nothing on a slow machine takes minutes; what takes longer hangs. */
const CARGO_DEADLINE_MS = 1_800_000

/**
 * Runs cargo in the crate with the terminal handed through.
 * @param {string[]} args
 */
export function cargo(args) {
  finished(args, spawnSync('cargo', args, { cwd: NATIVE, stdio: 'inherit', timeout: CARGO_DEADLINE_MS }))
}

/**
 * Runs `cargo test`, shows what it printed and counts its tests.
 * @param {string[]} args
 * @returns {{ passed: number, failed: number }}
 */
export function cargoTest(args) {
  const result = spawnSync('cargo', ['test', ...args], {
    cwd: NATIVE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
    timeout: CARGO_DEADLINE_MS,
  })
  process.stdout.write(result.stdout ?? '')
  const sums = [...(result.stdout ?? '').matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)]
  const sum = (/** @type {number} */ at) => sums.reduce((total, found) => total + Number(found[at]), 0)
  const counts = { passed: sum(1), failed: sum(2) }
  // Tests that failed are counted; anything else that went wrong ends the run.
  if (counts.failed === 0) finished(['test', ...args], result)
  return counts
}

/**
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncReturns<any>} result
 */
function finished(args, result) {
  const { error, status, signal } = result
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    throw new ScriptError(
      `cargo ${args.join(' ')} was still running after ${CARGO_DEADLINE_MS / 60_000} minutes, ended`,
    )
  }
  if (error) throw new ScriptError(`cargo could not be started: ${error.message}`)
  if (status !== 0) throw new ScriptError(`cargo ${args.join(' ')} failed${signal === null ? '' : ` (${signal})`}`)
}
