/**
 * Runs the test suite on the other supported Node lines. The binaries come as packages of tools/, so nothing
 * is downloaded from anywhere else; they exist for Linux on x64 only.
 *
 *   node scripts/matrix.mjs [22] [24] [-- vitest arguments …]
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, say } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT, TOOLS } from './lib/paths.mjs'
import { bin, runNode } from './lib/process.mjs'
import { runSteps } from './lib/steps.mjs'

const LANES = ['22', '24']

await runScript(async () => {
  const args = process.argv.slice(2)
  const split = args.includes('--') ? args.indexOf('--') : args.length
  const wanted = args.slice(0, split)
  const vitestArgs = args.slice(split + 1)
  ensureInstalled(ROOT)
  ensureInstalled(TOOLS)
  ensureBuilt()
  process.exitCode = await runSteps(
    LANES.filter((lane) => wanted.length === 0 || wanted.includes(lane)).map((lane) => ({
      name: `tests on Node ${lane}`,
      run: () => {
        const node = join(TOOLS, 'node_modules', `node${lane}`, 'bin', 'node')
        if (!existsSync(node)) {
          say(`skipped: no Node ${lane} binary for ${process.platform}-${process.arch} in tools/`)
          return 'skipped'
        }
        return runNode([bin('vitest'), 'run', ...vitestArgs], {
          node,
          env: { ...process.env, FEEDBUS_NODE_LANE: lane },
        })
      },
    })),
  )
})
