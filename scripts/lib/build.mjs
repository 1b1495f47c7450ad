/**
 * Builds dist/ when the sources changed since it was built: a hash over everything that decides the output is
 * kept beside it. Also removes output whose source is gone and copies files that are not TypeScript.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ScriptError, say, seconds } from './console.mjs'
import { filesBelow, ROOT } from './paths.mjs'
import { bin } from './process.mjs'

const STAMP = '.feedbus-build'
/** The page runs in a browser and is compiled against its globals instead of Node's. */
const PROJECTS = [
  { config: 'tsconfig.build.json', buildInfo: '.tsbuildinfo' },
  { config: 'tsconfig.page.json', buildInfo: '.tsbuildinfo-page' },
]

/**
 * @param {{ force?: boolean }} [options]
 * @returns {boolean} whether something was built
 */
export function ensureBuilt(options = {}) {
  const dist = join(ROOT, 'dist')
  const stamp = join(dist, STAMP)
  const hash = inputHash()
  const built = existsSync(stamp) ? readFileSync(stamp, 'utf8') : null
  if (built === hash && !options.force) return false

  const start = performance.now()
  say(`bootstrap: building dist (${built === null ? 'not built yet' : 'sources changed'}) …`)
  rmSync(stamp, { force: true })
  for (const project of PROJECTS) compile(project, dist)
  copyAssets(dist)
  removeOrphans(dist)
  const cli = join(dist, 'cli', 'main.js')
  if (existsSync(cli)) chmodSync(cli, 0o755)
  writeFileSync(stamp, hash)
  say(`bootstrap: built dist in ${seconds(start)}`)
  return true
}

function compile({ config, buildInfo }, dist) {
  const tsc = spawnSync(process.execPath, [bin('typescript', { name: 'tsc' }), '-p', config, '--pretty', 'false'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (tsc.status === 0) return
  // The compiler would repeat remembered complaints even after an option was changed to allow them.
  rmSync(join(dist, buildInfo), { force: true })
  throw new ScriptError(
    `BUILD_FAILED The sources do not compile; "npm run typecheck" shows the same.\n${tsc.stdout}${tsc.stderr}`,
  )
}

function inputHash() {
  const hash = createHash('sha256')
  const add = (path) =>
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0')
  for (const path of [
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.page.json',
    'package.json',
    'package-lock.json',
  ])
    add(path)
  for (const path of filesBelow(join(ROOT, 'src'))) add(`src/${path}`)
  return hash.digest('hex')
}

function copyAssets(dist) {
  for (const path of filesBelow(join(ROOT, 'src'))) {
    if (path.endsWith('.ts')) continue
    const target = join(dist, path)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(ROOT, 'src', path), target)
  }
}

function removeOrphans(dist) {
  for (const path of filesBelow(dist)) {
    if (path === STAMP || PROJECTS.some(({ buildInfo }) => path === buildInfo)) continue
    const source = join(ROOT, 'src', path.replace(/\.(?:js|d\.ts)(?:\.map)?$/, '.ts'))
    if (!existsSync(source) && !existsSync(join(ROOT, 'src', path))) rmSync(join(dist, path))
  }
}
