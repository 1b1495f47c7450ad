/**
 * Runs the measurements: each program of bench/, and each folder there with a run.mjs or run.ts.
 *
 *   node scripts/bench.mjs                      all of them, as long as they take
 *   node scripts/bench.mjs NAME [arguments …]   one, with its own arguments
 *   node scripts/bench.mjs --smoke              all, just long enough to see that they run; numbers mean nothing
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, parse } from 'node:path'
import { runScript, ScriptError } from './lib/console.mjs'
import { ROOT } from './lib/paths.mjs'
import { nodeArgsFor, runNode } from './lib/process.mjs'
import { runSteps } from './lib/steps.mjs'

const SMOKE_DEADLINE_MS = 180_000

/** Arguments that make a measurement short; one that is not listed understands `--smoke` itself. */
const SMOKE_ARGS = {
  bus: ['--rounds', '1'],
  'end-to-end': ['--rounds', '1', '--measure', '200', '--warmup', '200', '--workloads', 'trade,spotMix,futuresMix'],
}

await runScript(async () => {
  const [first, ...rest] = process.argv.slice(2)
  const smoke = first === '--smoke'
  const found = readdirSync(join(ROOT, 'bench'), { withFileTypes: true }).flatMap((entry) => {
    const path = join('bench', entry.name)
    if (entry.isFile()) return /\.(?:ts|mjs)$/.test(path) ? [{ name: parse(path).name, program: path }] : []
    // A folder beside a program of its name holds that program's parts.
    if (existsSync(join(ROOT, `${path}.mjs`)) || existsSync(join(ROOT, `${path}.ts`))) return []
    const program = ['run.ts', 'run.mjs'].map((file) => join(path, file)).find((each) => existsSync(join(ROOT, each)))
    return program === undefined ? [] : [{ name: entry.name, program }]
  })
  const one = first !== undefined && !first.startsWith('-') ? first : undefined
  const chosen = one === undefined ? found : found.filter(({ name }) => name === one)
  if (chosen.length === 0) {
    throw new ScriptError(`no such measurement: ${one ?? ''}; there are ${found.map(({ name }) => name).join(', ')}`)
  }
  const given = one === undefined ? process.argv.slice(2) : rest
  process.exitCode = await runSteps(
    chosen.map(({ name, program }) => ({
      name: `bench/${name}`,
      run: () =>
        smoke
          ? runNode([...nodeArgsFor(program), ...(SMOKE_ARGS[name] ?? ['--smoke'])], { timeoutMs: SMOKE_DEADLINE_MS })
          : runNode([...nodeArgsFor(program), ...given]),
    })),
  )
})
