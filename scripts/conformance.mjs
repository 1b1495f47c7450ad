/**
 * Public Binance clients against the simulated venue: they run unchanged, only their URL is ours. Nothing
 * leaves this machine; a client that tries any other address fails the run.
 *
 *   node scripts/conformance.mjs [NAME …]
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT, TOOLS } from './lib/paths.mjs'
import { runNode } from './lib/process.mjs'

const DEADLINE_MS = 300_000

await runScript(async () => {
  const wanted = process.argv.slice(2)
  const folder = join(TOOLS, 'conformance')
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.test.mjs'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  if (files.length === 0) throw new ScriptError(`no such test: ${wanted.join(' ')}`)
  ensureInstalled(ROOT)
  ensureInstalled(TOOLS)
  ensureBuilt()
  process.exitCode = await runNode(
    [
      '--import',
      pathToFileURL(join(ROOT, 'scripts/lib/ts-register.mjs')).href,
      '--test',
      '--test-reporter=spec',
      '--test-concurrency=1',
      // The official clients go on reconnecting after they were told to disconnect during a renewal.
      '--test-force-exit',
      ...files.map((name) => join(folder, name)),
    ],
    // Their log level; by default they tell each connection on stdout.
    { env: { ...process.env, LOG_LEVEL: 'error' }, timeoutMs: DEADLINE_MS },
  )
})
