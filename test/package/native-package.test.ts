/** What of the native layer is in the package: sources and the way to build them; no binary, no portable build. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/source-graph.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly main: string
  readonly files: readonly string[]
  readonly os: readonly string[]
  readonly cpu: readonly string[]
  readonly libc?: readonly string[]
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('the packed package', () => {
  let files: string[] = []
  beforeAll(() => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
    const { stdout } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 })
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
    files = (packed?.files ?? []).map(({ path }) => path)
  })

  it('holds no binary and no build output', () => {
    expect(files).toContain('package.json')
    expect(files.filter((path) => /\.(?:node|so|dylib|dll|a|rlib|wasm)$|(?:^|\/)target\//.test(path))).toEqual([])
  })

  it('holds no portable build, no loader for one, and not a word of either in code', () => {
    const pattern = /wasm|wasi/i
    expect(files.filter((path) => pattern.test(path))).toEqual([])
    const code = files.filter((path) => /\.(?:js|mjs|cjs|ts|json|rs|toml|lock)$/.test(path))
    expect(code.length).toBeGreaterThan(100)
    expect(code.filter((path) => pattern.test(read(path)))).toEqual([])
  })

  it('holds what builds the addon', () => {
    const sources = readdirSync(join(ROOT, 'native/src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.rs'))
      .map((path) => `native/src/${path}`)
    const needed = ['native/Cargo.toml', 'native/Cargo.lock', 'native/build.rs', 'scripts/build-native.mjs', ...sources]
    expect(needed.filter((path) => !files.includes(path))).toEqual([])
    // Every module the build script imports comes along.
    const reached = new Set(['scripts/build-native.mjs'])
    for (const path of reached) {
      for (const [, target] of read(path).matchAll(/from '(\.[^']+)'/g)) {
        reached.add(join(path, '..', target ?? ''))
      }
    }
    expect([...reached].filter((path) => !files.includes(path))).toEqual([])
    expect(reached.size).toBeGreaterThan(2)
  })
})

describe('the platform packages', () => {
  const targets = readdirSync(join(ROOT, 'native/npm'))
  const manifest = (path: string): Manifest => JSON.parse(read(path)) as Manifest

  it.each(targets)('%s is for its platform only and holds the addon under the name the loader knows', (target) => {
    const [os, cpu, libc] = target.split('-')
    const found = manifest(`native/npm/${target}/package.json`)
    expect(found.name).toBe(`feedbus-native-${target}`)
    expect(found.main).toBe(`feedbus-native.${target}.node`)
    expect(found.files).toEqual([found.main])
    expect([found.os, found.cpu]).toEqual([[os], [cpu]])
    expect(found.libc).toEqual(libc === undefined ? undefined : ['glibc'])
    expect(found.version).toBe(manifest('package.json').version)
  })
})
