/**
 * Runs one TypeScript program of this project against the built package, on any supported Node.
 *
 *   npm run example NAME [-- arguments …]             examples/NAME.ts
 *   node scripts/run.mjs path/to/program.ts [arguments …]
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError } from './lib/console.mjs'
import { listExamples } from './lib/examples.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT } from './lib/paths.mjs'
import { nodeArgsFor, runNode } from './lib/process.mjs'

await runScript(async () => {
  const [name, ...args] = process.argv.slice(2)
  const program = [name ?? '', join('examples', `${name}.ts`)].find(
    (path) => /\.(?:ts|mjs)$/.test(path) && existsSync(path),
  )
  if (program === undefined) {
    const names = listExamples().map((file) => file.replace(/\.ts$/, ''))
    throw new ScriptError(`usage: npm run example NAME, where NAME is one of ${names.join(', ')}`)
  }
  ensureInstalled(ROOT)
  ensureBuilt()
  process.exitCode = await runNode([...nodeArgsFor(program), ...args])
})
