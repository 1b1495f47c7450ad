/**
 * Compiles the examples against the built package and runs one: `npm run example NAME`, or all of them one
 * after the other: `npm run example -- --all`. The compiled files stay inside the package, so that they import
 * `feedbus` by name like any user's program.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const names = readdirSync(`${root}examples`)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
const wanted = process.argv[2] === '--all' ? names : [process.argv[2]]

if (wanted.some((name) => !names.includes(name))) {
  console.error(`Usage: npm run example NAME, with NAME one of: ${names.join(', ')}`)
  process.exit(2)
}

rmSync(`${root}dist-examples`, { recursive: true, force: true })
const compiled = run(`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.examples.json')
if (compiled !== 0) process.exit(compiled)
for (const name of wanted) {
  console.log(`# ${name}`)
  const status = run(`${root}dist-examples/${name}.js`)
  if (status !== 0) {
    console.error(`example ${name} ended with exit code ${status}`)
    process.exit(1)
  }
}

function run(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
}
