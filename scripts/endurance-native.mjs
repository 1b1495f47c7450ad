/**
 * A bot over hours: two processes with connections, one pumped and one polled, at a connector of 20 000 messages a
 * second, each with ten orders a second. Memory must not grow by 1 MB in ten minutes; descriptors, threads, segments
 * and files must stay as many as they are. What a short run of it sees is part of `npm run test:native`.
 *
 *   node scripts/endurance-native.mjs [--minutes 30]
 *
 * Needs Linux, the addon and the Rust peers (`npm run build:native`, `npm run test:native`).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runScript, ScriptError } from './lib/console.mjs'
import { bin, runNode } from './lib/process.mjs'

const TEST = 'test/connectors/hft/peers/endurance.test.ts'

await runScript(async () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 10_080)) throw new ScriptError(`--minutes ${values.minutes}: from above 0 to a week`)
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-endurance-'))
  const figures = join(folder, 'figures.jsonl')
  try {
    process.exitCode = await runNode([bin('vitest'), 'run', TEST], {
      env: {
        ...process.env,
        FEEDBUS_REQUIRE_NATIVE: '1',
        FEEDBUS_NATIVE_ENDURANCE_MINUTES: String(minutes),
        FEEDBUS_FIGURES: figures,
      },
      timeoutMs: minutes * 90_000 + 300_000,
    })
    if (!existsSync(figures)) return
    for (const line of readFileSync(figures, 'utf8').trim().split('\n')) {
      const { rig, values: found } = JSON.parse(line)
      const fields = Object.entries(found).map(([name, value]) => `${name} ${Math.round(Number(value) * 100) / 100}`)
      process.stdout.write(`${rig}: ${fields.join(', ')}\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
