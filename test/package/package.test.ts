/**
 * The package as a user gets it: packed, installed by npm without a network into an empty project, imported,
 * type-checked and run from there.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/source-graph.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { types: string; default: string }>>
}

const manifest = readJson<Manifest>(join(ROOT, 'package.json'))
/** What a user may import: `feedbus`, `feedbus/bus`, … */
const entries = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace(/^\./, manifest.name))

/** Sources of the addon and the script that builds them; which files those are is compared in native-package.test.ts. */
const ADDON_BUILD =
  /^(?:native\/(?:src\/.+\.rs|build\.rs|Cargo\.(?:toml|lock))|scripts\/(?:build-native|lib\/(?:console|native|paths))\.mjs)$/

let consumer = ''
let packed: { filename: string; size: number; unpackedSize: number; files: { path: string; mode: number }[] }

beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), 'feedbus-consumer-'))
  run(process.execPath, [join(ROOT, 'scripts/bootstrap.mjs')], ROOT)
  const output = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], ROOT)
  packed = (JSON.parse(output) as (typeof packed)[])[0] as typeof packed
  layDependencies(join(consumer, 'node_modules'))
  writeFileSync(
    join(consumer, 'package.json'),
    JSON.stringify({
      name: 'consumer',
      private: true,
      type: 'module',
      dependencies: manifest.dependencies,
      // The one thing the declarations may ask of a strict user: the types of Node itself.
      devDependencies: { '@types/node': manifest.devDependencies['@types/node'] },
    }),
  )
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed.filename}`], consumer)
})

afterAll(() => {
  if (consumer !== '') rmSync(consumer, { recursive: true, force: true })
})

describe('the tarball', () => {
  it('holds the built code, its types and its sources, what builds the addon, and nothing of the workshop', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']))
    expect(paths).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'src/index.ts']),
    )
    // What watches a feed belongs to it.
    expect(paths).toEqual(expect.arrayContaining(['deploy/prometheus/rules.yml', 'deploy/grafana/feedbus.json']))
    const foreign = paths.filter(
      (path) =>
        !/^(?:dist\/|src\/|docs\/|examples\/|deploy\/|bench\/README\.md$|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(
          path,
        ) && !ADDON_BUILD.test(path),
    )
    expect(foreign).toEqual([])
    expect(paths.filter((path) => path.split('/').some((part) => part.startsWith('.')))).toEqual([])
  })

  it('holds every page and program that its pages link to', () => {
    // Error messages and the README send a user to docs/, which was not in the package.
    const paths = packed.files.map(({ path }) => path)
    const holds = (path: string): boolean => paths.some((held) => held === path || held.startsWith(`${path}/`))
    const pages = paths.filter((path) => path.endsWith('.md'))
    expect(pages).toEqual(expect.arrayContaining(['docs/index.md', 'docs/configuration.md', 'docs/errors.md']))
    const missing = pages.flatMap((page) => {
      const prose = readFileSync(join(ROOT, page), 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
      return [...prose.matchAll(/\]\(([^()\s#]+)[^()]*\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => join(dirname(page), target).replaceAll('\\', '/').replace(/\/$/, ''))
        .filter((target) => !holds(target))
        .map((target) => `${page}: ${target}`)
    })
    expect(missing).toEqual([])
  })

  it('has code and types for every file it exports', () => {
    const paths = new Set(packed.files.map(({ path }) => `./${path}`))
    for (const target of Object.values(manifest.exports)) {
      for (const path of typeof target === 'string' ? [target] : [target.types, target.default]) {
        expect(paths.has(path), path).toBe(true)
      }
    }
  })

  it('points from every source map to a source that is in it', () => {
    const home = join(consumer, 'node_modules', manifest.name)
    const broken = packed.files
      .filter(({ path }) => path.endsWith('.map'))
      .flatMap(({ path }) =>
        readJson<{ sources: string[] }>(join(home, path)).sources.map((source) => join(home, dirname(path), source)),
      )
      .filter((path) => !existsSync(path))
    expect(broken).toEqual([])
  })
})

describe('installed without a network', () => {
  it.each(entries)('%s can be imported and says what it exports', (entry) => {
    const names = node(`console.log(Object.keys(await import('${entry}')).sort().join(' '))`)
    expect(names.trim().split(' ').length).toBeGreaterThan(1)
    expect(names).not.toMatch(/\bdefault\b/)
  })

  it('gives the names a strategy author starts with', () => {
    const types = node(
      "import { Bus, LiveDataFeedManager, Venue } from 'feedbus'; console.log(typeof Bus, typeof LiveDataFeedManager, Venue.BINANCE_SPOT)",
    )
    expect(types.trim()).toBe('function function BINANCE_SPOT')
  })

  it('can be required from CommonJS', () => {
    // Without a warning only from Node 22 on; on Node 20 it works from 20.19, the floor.
    const output = run(
      process.execPath,
      ['--no-warnings', '-e', "console.log(typeof require('feedbus').Bus)"],
      consumer,
    )
    expect(output.trim()).toBe('function')
  })

  it('refuses to give out what it does not export', () => {
    const output = node(
      "await import('feedbus/live/router/message-router.js').catch((error) => console.log(error.code))",
    )
    expect(output.trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it.each(entries)('importing %s opens nothing and lets the process end', (entry) => {
    const output = node(
      `const start = performance.now(); await import('${entry}'); const ms = performance.now() - start
       console.log(JSON.stringify({ ms, open: process.getActiveResourcesInfo().filter((kind) => !/^(?:PipeWrap|TTYWrap|CloseReq|FSReqPromise)$/.test(kind)) }))`,
    )
    const { ms, open } = JSON.parse(output) as { ms: number; open: string[] }
    console.log(`import of ${entry}: ${ms.toFixed(0)} ms`)
    expect(open).toEqual([])
  })

  it('puts a command on the path that knows its version', () => {
    const command = join(consumer, 'node_modules', '.bin', process.platform === 'win32' ? 'feedbus.cmd' : 'feedbus')
    expect(run(command, ['--version'], consumer, true).trim()).toBe(manifest.version)
  })

  it('answers wrong usage of the command with exit code 2', () => {
    const main = join(consumer, 'node_modules', manifest.name, 'dist/cli/main.js')
    const result = spawnSync(process.execPath, [main, 'live', '--vneue'], { cwd: consumer, encoding: 'utf8' })
    expect(result.status).toBe(2)
    expect(result.stderr).toContain('--venue')
  })
})

describe('the types', () => {
  it('hold in a strict consumer that checks every declaration it loads', () => {
    writeFileSync(join(consumer, 'strategy.ts'), CONSUMER_PROGRAM)
    writeFileSync(
      join(consumer, 'entries.ts'),
      entries.map((entry, index) => `export * as entry${index} from '${entry}'`).join('\n'),
    )
    writeFileSync(
      join(consumer, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          types: ['node'],
          noEmit: true,
        },
        files: ['strategy.ts', 'entries.ts'],
      }),
    )
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
    const result = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
      cwd: consumer,
      encoding: 'utf8',
    })
    expect(result.stdout + result.stderr).toBe('')
    expect(result.status).toBe(0)
  })
})

/** What a user writes; the expected errors are part of the contract. */
const CONSUMER_PROGRAM = `
import { Bus, LiveDataFeedManager, Venue } from 'feedbus'

const bus = new Bus()
bus.subscribe('mkt.candles', ({ payload, seq }) => {
  const close: number = payload.close
  const finalized: boolean = payload.isFinalized
  console.log(seq.toFixed(0), close, finalized)
  // @ts-expect-error a candle has no such field
  console.log(payload.colour)
})
// @ts-expect-error not a candle
bus.publish('mkt.candles', { close: 1 })
const manager = new LiveDataFeedManager({ venue: Venue.SIM_SPOT, symbols: ['BTCUSDT'] }, bus)
const stopped: Promise<void> = manager.stop()
await stopped
`

/**
 * Copies the production dependencies, and theirs, from the project. A package the sources need but the manifest
 * does not name is not among them, so it is missed here as it would be at a user's.
 */
function layDependencies(target: string): void {
  const lock = readJson<{ packages: Record<string, { dev?: boolean; optional?: boolean; link?: boolean }> }>(
    join(ROOT, 'package-lock.json'),
  )
  mkdirSync(target, { recursive: true })
  const development = ['node_modules/@types/node', 'node_modules/undici-types']
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isTop = /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)
    if (!isTop || (dev && !development.includes(path)) || !existsSync(join(ROOT, path))) continue
    cpSync(join(ROOT, path), join(target, path.slice('node_modules/'.length)), { recursive: true })
  }
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

/** Runs an ES module text in the consumer and gives its output; fails unless it ends by itself with code 0. */
function node(text: string): string {
  return run(process.execPath, ['--input-type=module', '-e', text], consumer)
}

function npm(args: readonly string[], cwd: string): string {
  const cli = process.env['npm_execpath']
  return cli !== undefined && /npm-cli\.c?js$/.test(cli)
    ? run(process.execPath, [cli, ...args], cwd)
    : run('npm', args, cwd, process.platform === 'win32')
}

function run(command: string, args: readonly string[], cwd: string, shell = false): string {
  const env = { ...process.env }
  // What the runner hands to its workers must not reach a user's process.
  for (const name of Object.keys(env)) if (/^(?:VITEST|NODE_OPTIONS|NODE_ENV|TEST$)/.test(name)) delete env[name]
  const result = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 26,
    shell: shell && process.platform === 'win32',
  })
  if (result.error) throw result.error
  if (result.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.status ?? result.signal}:\n${result.stdout}${result.stderr}`,
    )
  }
  return result.stdout
}
