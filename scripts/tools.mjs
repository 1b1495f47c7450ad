/**
 * Runs a command of tools/, installing that folder first when needed.
 *
 *   node scripts/tools.mjs PACKAGE[:COMMAND] [arguments …]     in the project's root
 *   node scripts/tools.mjs --install                           only install
 */
import { runScript } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { TOOLS } from './lib/paths.mjs'
import { bin, runNode } from './lib/process.mjs'

await runScript(async () => {
  const [command, ...args] = process.argv.slice(2)
  ensureInstalled(TOOLS)
  if (command === undefined || command === '--install') return
  const [packageName = '', name] = command.split(':')
  process.exitCode = await runNode([bin(packageName, { folder: TOOLS, name }), ...args])
})
