/**
 * Tests of the native layer: the crate's own, ten million malformed messages through the decoder, and the TypeScript
 * side over the built addon, which must be there (`npm run build:native`).
 */
import { runScript, ScriptError, say } from './lib/console.mjs'
import { cargo, toolchainProblem } from './lib/native.mjs'
import { bin, runNode } from './lib/process.mjs'

await runScript(async () => {
  const problem = toolchainProblem()
  if (problem !== null) throw new ScriptError(problem)
  // Optimized, with overflow checks; without the addon's Node-API symbols, so that the tests are ordinary programs.
  const profile = ['--profile', 'checked', '--no-default-features', '--locked']
  cargo(['test', ...profile, '--lib'])
  cargo(['test', ...profile, '--test', 'fuzz_decode', '--', '--nocapture'])
  // The other process of the two-process tests: a stand-in connector.
  cargo(['build', ...profile, '--features', 'tools', '--bins'])
  say('TypeScript side')
  const code = await runNode(
    [bin('vitest'), 'run', 'test/connectors/hft/native', 'test/connectors/hft/peers', ...process.argv.slice(2)],
    {
      env: { ...process.env, FEEDBUS_REQUIRE_NATIVE: '1' },
    },
  )
  if (code !== 0) throw new ScriptError('the tests over the addon failed')
})
