/**
 * Tests of the native layer: its formatting and lints, the crate's own tests, ten million malformed messages through
 * the decoder, and everything on the TypeScript side that uses the built addon, which must be there (`npm run
 * build:native`). No test may be skipped, and with FEEDBUS_REQUIRE_NATIVE=1 no lint either. The last line counts:
 * `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript, ScriptError, say } from './lib/console.mjs'
import { cargo, cargoTest, toolchainProblem } from './lib/native.mjs'
import { lintNative } from './lib/native-lint.mjs'
import { bin, runNode } from './lib/process.mjs'

const DEADLINE_MS = 1_200_000
/** Besides its own tests, the command and the example over a stand-in connector. */
const TESTS = ['test/connectors/hft', 'test/cli/live-hft.test.ts', 'test/examples/hft-live-connector.test.ts']
/** What a test's name says when only the superuser can do it: nobody else has to. */
const AS_ROOT = '(as root)'

/**
 * Runs vitest and counts, from its report, what ran.
 * @param {string[]} args
 */
async function typeScriptSide(args) {
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-native-tests-'))
  const report = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await runNode([bin('vitest'), 'run', ...TESTS, ...reporters, ...args], {
      env: { ...process.env, FEEDBUS_REQUIRE_NATIVE: '1' },
      timeoutMs: DEADLINE_MS,
    })
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    const asRoot = testResults
      .flatMap((/** @type {any} */ file) => file.assertionResults)
      .filter((/** @type {any} */ each) => each.status !== 'passed' && each.fullName.includes(AS_ROOT)).length
    const excused = process.getuid?.() === 0 ? 0 : asRoot
    return { code, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests, excused }
  } catch (error) {
    throw new ScriptError(`the TypeScript side left no report: ${error instanceof Error ? error.message : error}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await runScript(async () => {
  const problem = toolchainProblem()
  if (problem !== null) throw new ScriptError(problem)
  const lint = lintNative()
  // Optimized, with overflow checks; without the addon's Node-API symbols, so that the tests are ordinary programs.
  const profile = ['--profile', 'checked', '--no-default-features', '--locked']
  const unit = cargoTest([...profile, '--lib'])
  const fuzz = cargoTest([...profile, '--test', 'fuzz_decode', '--', '--nocapture'])
  // The other process of the two-process tests: a stand-in connector.
  cargo(['build', ...profile, '--features', 'tools', '--bins'])
  say('TypeScript side')
  const side = await typeScriptSide(process.argv.slice(2))
  const passed = lint.passed + unit.passed + fuzz.passed + side.passed
  const failed = lint.failed + unit.failed + fuzz.failed + side.failed
  const skipped = lint.skipped + side.skipped
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  // Chosen tests (`-t name`) skip the others on purpose.
  const isWhole = process.argv.length === 2
  const isLintMissing = lint.skipped > 0 && process.env['FEEDBUS_REQUIRE_NATIVE'] === '1'
  if (failed > 0 || side.code !== 0 || (isWhole && side.skipped > side.excused) || isLintMissing) process.exitCode = 1
})
