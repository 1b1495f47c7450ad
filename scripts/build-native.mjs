/**
 * Builds the native addon and puts it where the package looks for it. Everything but the shared-memory source works
 * without it, so nothing calls this by itself.
 *
 *   node scripts/build-native.mjs [--debug]
 */
import { copyFileSync, renameSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runScript, ScriptError, say } from './lib/console.mjs'
import { ADDON, cargo, NATIVE, toolchainProblem } from './lib/native.mjs'
import { ROOT } from './lib/paths.mjs'

await runScript(() => {
  const problem = toolchainProblem()
  if (problem !== null) throw new ScriptError(problem)
  const isDebug = process.argv.includes('--debug')
  cargo(['build', ...(isDebug ? [] : ['--release']), '--lib', '--locked'])
  const extension = process.platform === 'darwin' ? 'dylib' : 'so'
  const target = process.env['CARGO_TARGET_DIR'] ?? join(NATIVE, 'target')
  const built = join(target, isDebug ? 'debug' : 'release', `libfeedbus_native.${extension}`)
  // Renamed into place: a process that has the old one mapped keeps it whole.
  copyFileSync(built, `${ADDON}.new`)
  renameSync(`${ADDON}.new`, ADDON)
  say(`built ${relative(ROOT, ADDON)}`)
})
