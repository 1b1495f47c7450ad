/**
 * Runs every program directly in examples/ as its header says, each with a deadline. An example is a promise:
 * it has to end by itself with exit code 0, without a network.
 *
 *   node scripts/examples.mjs [NAME …]
 */
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError, say } from './lib/console.mjs'
import { argsOfExample, listExamples } from './lib/examples.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT } from './lib/paths.mjs'
import { nodeArgsFor, runNode } from './lib/process.mjs'
import { runSteps } from './lib/steps.mjs'

const DEADLINE_MS = 120_000

await runScript(async () => {
  const wanted = process.argv.slice(2)
  const programs = listExamples().filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  if (programs.length === 0) throw new ScriptError(`no example found in examples/ for "${wanted.join(' ')}"`)
  ensureInstalled(ROOT)
  ensureBuilt()
  process.exitCode = await runSteps(
    programs.map((name) => ({
      name: `examples/${name}`,
      run: () => runNode([...nodeArgsFor(join('examples', name)), ...argsOfExample(name)], { timeoutMs: DEADLINE_MS }),
    })),
  )
  say(`examples: ${programs.length} run`)
})
