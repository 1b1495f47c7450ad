/**
 * Mutation testing of the parts where a silent mistake costs most: the bus, and the way of a frame through
 * connection, router, handlers and health.
 *
 *   node scripts/mutation.mjs                             everything (hours)
 *   node scripts/mutation.mjs src/live/router             one folder or file
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT, TOOLS } from './lib/paths.mjs'
import { bin, runNode } from './lib/process.mjs'

await runScript(async () => {
  ensureInstalled(ROOT)
  ensureInstalled(TOOLS)
  const args = process.argv.slice(2)
  const targets = args.filter((arg) => !arg.startsWith('-'))
  const mutate = targets.map((target) =>
    statSync(join(ROOT, target)).isDirectory() ? `${target.replace(/\/$/, '')}/**/*.ts` : target,
  )
  process.exitCode = await runNode([
    bin('@stryker-mutator/core', { folder: TOOLS, name: 'stryker' }),
    'run',
    'tools/stryker.config.mjs',
    ...(mutate.length === 0 ? [] : ['--mutate', mutate.join(',')]),
    ...args.filter((arg) => arg.startsWith('-')),
  ])
})
