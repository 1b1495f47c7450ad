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

/**
 * Runs cargo in the crate with the terminal handed through.
 * @param {string[]} args
 */
export function cargo(args) {
  const result = spawnSync('cargo', args, { cwd: NATIVE, stdio: 'inherit' })
  if (result.error) throw new ScriptError(`cargo could not be started: ${result.error.message}`)
  if (result.status !== 0) throw new ScriptError(`cargo ${args.join(' ')} failed`)
}
