/**
 * Makes a fresh clone ready and keeps it so: right Node, locked packages installed, dist/ built from the
 * current sources. npm runs it before `start` and `test`; it needs nothing but Node, does only what is due
 * and says so in one line per step.
 *
 *   node scripts/bootstrap.mjs [--force-build]
 */
import { readFileSync } from 'node:fs'
import { nodeVersionProblem } from './lib/node-version.mjs'

// The version comes first and the rest is imported after it: an old Node must reach the readable complaint
// before it meets a feature it does not have.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const problem = nodeVersionProblem(process.version, manifest.engines.node)
if (problem === null) {
  import('./lib/bootstrap.mjs').then(({ bootstrap }) => bootstrap(process.argv.slice(2)))
} else {
  process.stderr.write(`\n${problem}\n\n`)
  process.exitCode = 1
}
