/**
 * The native layer against published crates: vectors and messages against bincode 2.0.1, the crate `hftbacktest` as
 * bot and in the connector's role, exchanging every message kind with our bots and our stand-in connector, and a
 * connector of another Iceoryx2 version, which must be refused.
 *
 *   node scripts/conformance-native.mjs
 *
 * Needs cargo, the crates (a registry or a vendored copy) and libclang, because the published crate builds Iceoryx2
 * with its default features. Where one of them is absent the run is skipped visibly; FEEDBUS_REQUIRE_NATIVE=1 makes
 * that a failure. The last line counts: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runScript, ScriptError, say, seconds } from './lib/console.mjs'
import { runConformanceCases } from './lib/native-conformance.mjs'
import { NATIVE } from './lib/native-peers.mjs'

const WORKSPACE = join(NATIVE, 'conformance')
const BUILT = join(process.env['CARGO_TARGET_DIR'] ?? join(WORKSPACE, 'target'), 'debug')
const PEERS = { published: join(BUILT, 'peer'), otherVersion: join(BUILT, 'other-version') }
/** A package of each system that brings libclang. */
const LIBCLANG_HINT = 'install libclang: `apt-get install libclang-dev` (Debian, Ubuntu) or `brew install llvm`'
const BUILD_DEADLINE_MS = 1_800_000

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function cargo(args, cwd) {
  return spawnSync('cargo', args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: BUILD_DEADLINE_MS,
    env: { CARGO_TERM_COLOR: 'never', ...process.env },
  })
}

/** bindgen looks in LIBCLANG_PATH, then asks llvm-config, then looks in the usual folders. */
function hasLibclang() {
  if (process.env['LIBCLANG_PATH'] !== undefined) return true
  if (spawnSync('llvm-config', ['--version']).status === 0) return true
  const llvm = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => name.startsWith('llvm')) : []
  const folders = [
    ...llvm.map((name) => join('/usr/lib', name, 'lib')),
    '/usr/lib',
    '/usr/lib64',
    '/usr/local/lib',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/opt/homebrew/opt/llvm/lib',
    '/Library/Developer/CommandLineTools/usr/lib',
  ]
  return folders.some(
    (folder) => existsSync(folder) && readdirSync(folder).some((name) => /^libclang[-.].*(so|dylib)/.test(name)),
  )
}

/** Why nothing can be compared here, or `null`. */
function missing() {
  if (process.platform !== 'linux' && process.platform !== 'darwin')
    return `no shared memory peers on ${process.platform}`
  if (spawnSync('cargo', ['--version']).status !== 0) return 'no Rust toolchain (cargo is not on the path)'
  if (!hasLibclang()) return `no libclang; ${LIBCLANG_HINT}`
  const fetched = cargo(['fetch', '--locked'], WORKSPACE)
  return fetched.status === 0
    ? null
    : `its crates cannot be had:\n${fetched.stderr.trim().split('\n').slice(-4).join('\n')}`
}

/**
 * @param {string} what
 * @param {string[]} args
 * @param {string} cwd
 */
function build(what, args, cwd) {
  const start = performance.now()
  const built = cargo(args, cwd)
  if (built.status !== 0)
    throw new ScriptError(`${what} does not build:\n${built.stderr.split('\n').slice(-30).join('\n')}`)
  say(`${what}: built in ${seconds(start)}`)
}

/** Runs the codec comparison; cargo's own lines name each test. */
function compareVectors() {
  const start = performance.now()
  const run = cargo(['test', '--locked', '-p', 'vectors'], WORKSPACE)
  const results = [...run.stdout.matchAll(/^test (\S+) \.\.\. (\w+)/gm)].map(([, name = '', outcome = '']) => ({
    name: `codec: ${name.replaceAll('_', ' ')}`,
    failure: outcome === 'ok' ? null : outcome,
  }))
  if (run.status !== 0 && results.every(({ failure }) => failure === null)) {
    results.push({ name: 'codec: the comparison builds and runs', failure: `${run.stdout}${run.stderr}`.slice(-2_000) })
  }
  say(`vectors: built and run in ${seconds(start)}`)
  return results
}

await runScript(async () => {
  const reason = missing()
  if (reason !== null) {
    if (process.env['FEEDBUS_REQUIRE_NATIVE'] === '1') throw new ScriptError(`conformance:native cannot run: ${reason}`)
    process.stdout.write(`conformance:native: skipped, ${reason}\n0 passed, 0 failed, skipped\n`)
    return
  }
  const tools = ['build', '--no-default-features', '--features', 'tools', '--bins', '--locked']
  build('our peers', tools, NATIVE)
  // Alone, so that Iceoryx2 is built with its default features, as published connectors have it.
  build('the published peer', ['build', '--locked', '-p', 'peer'], WORKSPACE)
  build('the peer of another version', ['build', '--locked', '-p', 'other-version'], WORKSPACE)
  const results = [...compareVectors(), ...(await runConformanceCases(PEERS))]
  let failed = 0
  let skipped = 0
  for (const { name, failure, skip } of /** @type {{ name: string, failure: string | null, skip?: string }[]} */ (
    results
  )) {
    if (skip !== undefined) {
      skipped += 1
      process.stdout.write(`skipped ${name}: ${skip}\n`)
    } else if (failure === null) {
      process.stdout.write(`ok      ${name}\n`)
    } else {
      failed += 1
      process.stdout.write(`FAILED  ${name}\n        ${failure.replaceAll('\n', '\n        ')}\n`)
    }
  }
  const passed = results.length - failed - skipped
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  if (failed > 0 || (skipped > 0 && process.env['FEEDBUS_REQUIRE_NATIVE'] === '1')) process.exitCode = 1
})
