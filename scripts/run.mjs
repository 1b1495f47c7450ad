/**
 * Runs one TypeScript program of this project against the built package, on any supported Node.
 *
 *   node scripts/run.mjs examples/NAME.ts [arguments …]
 */

import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT } from './lib/paths.mjs'
import { nodeArgsFor, runNode } from './lib/process.mjs'

await runScript(async () => {
  const [program, ...args] = process.argv.slice(2)
  if (program === undefined) throw new ScriptError('usage: node scripts/run.mjs PROGRAM.ts [arguments …]')
  ensureInstalled(ROOT)
  ensureBuilt()
  process.exitCode = await runNode([...nodeArgsFor(program), ...args])
})
