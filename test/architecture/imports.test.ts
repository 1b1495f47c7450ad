/** The arrows between the folders of src/ point one way; packages are known in one place. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  parseSource,
  ROOT,
  readSources,
  runtimeClosure,
  runtimeCycles,
  type SourceFile,
} from '../support/source-graph.js'
import { COMPOSERS, isWithin, layerOf, PACKAGES, PUBLIC_FILES } from './layout.js'

const files = readSources('src')

/** Every import that the layers forbid, as a line a person can act on. */
function forbiddenImports(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((file) =>
    file.imports
      .filter((each) => each.isRelative)
      .flatMap((each) => {
        const complaint = complaintAbout(file.path, each.target, each.isTypeOnly)
        return complaint === null ? [] : [`${file.path}:${each.line} ${complaint}`]
      }),
  )
}

function complaintAbout(from: string, to: string, isTypeOnly: boolean): string | null {
  if (!to.startsWith('src/')) return `leaves src/: ${to}`
  const composer = COMPOSERS.find((place) => isWithin(from, place))
  if (composer !== undefined) {
    if (isWithin(to, composer) || to.endsWith('/index.ts') || PUBLIC_FILES.includes(to)) return null
    // The main entry lists public names one by one, straight from where they live.
    return composer === 'src/index.ts' ? null : `goes past the index of ${to}`
  }
  const layer = layerOf(from)
  if (layer === undefined) return 'belongs to no layer of test/architecture/layout.ts'
  const target = layerOf(to)
  if (target === layer) return null
  const allowed = [...layer.mayImport, ...(isTypeOnly ? (layer.mayImportTypes ?? []) : [])]
  if (allowed.some((place) => isWithin(to, place))) return null
  // A folder may use its own contract files even when those are layers of their own.
  if (isWithin(to, layer.path)) return null
  return `${layer.path} may not import ${to}${isTypeOnly ? '' : ' at run time'}`
}

describe('imports', () => {
  it('point only where the layers allow', () => {
    expect(forbiddenImports(files)).toEqual([])
  })

  it('would be refused when they point back', () => {
    const wrong = (path: string, text: string): string[] => forbiddenImports([parseSource(path, text)])
    expect(wrong('src/types/candle.ts', "import { Bus } from '../bus/index.js'")).toHaveLength(1)
    expect(wrong('src/live/router/x.ts', "import { Book } from '../handlers/book.js'")).toHaveLength(1)
    expect(wrong('src/sim/x.ts', "export * from '../live/index.js'")).toHaveLength(1)
    expect(wrong('src/metrics/x.ts', "import { Bus } from '../bus/index.js'")).toHaveLength(1)
    expect(wrong('src/metrics/x.ts', "import type { Bus } from '../bus/index.js'")).toEqual([])
    expect(wrong('src/cli/x.ts', "import { x } from '../live/router/router.js'")).toHaveLength(1)
    expect(wrong('src/elsewhere/x.ts', "import { x } from '../bus/index.js'")).toHaveLength(1)
    expect(wrong('src/bus/x.ts', "const y = await import('../live/index.js')")).toHaveLength(1)
  })

  it('form no loop at run time', () => {
    expect(runtimeCycles(files).map((cycle) => cycle.join(' -> '))).toEqual([])
  })

  it('would be refused when they form a loop, but not through types', () => {
    const pair = (first: string): SourceFile[] => [
      parseSource('src/a.ts', first),
      parseSource('src/b.ts', "export { a } from './a.js'"),
    ]
    expect(runtimeCycles(pair("import { b } from './b.js'"))).toEqual([['src/a.ts', 'src/b.ts', 'src/a.ts']])
    expect(runtimeCycles(pair("import type { b } from './b.js'"))).toEqual([])
  })

  it('name files that exist', () => {
    const known = new Set(files.map((file) => file.path))
    const missing = files.flatMap((file) =>
      file.imports
        .filter((each) => each.isRelative && !known.has(each.target))
        .map((each) => `${file.path}:${each.line} ${each.specifier}`),
    )
    expect(missing).toEqual([])
  })

  it('let only the manager know all parts of the feed', () => {
    const parts = ['connection', 'router', 'handlers', 'health'].map((part) => `src/live/${part}`)
    const knowingAll = files
      .filter((file) => isWithin(file.path, 'src/live') && !file.path.endsWith('index.ts'))
      .filter((file) =>
        parts.every((part) => file.imports.some((each) => !each.isTypeOnly && isWithin(each.target, part))),
      )
      .map((file) => file.path)
    expect(knowingAll.filter((path) => path !== 'src/live/manager.ts')).toEqual([])
  })
})

describe('third-party packages', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  const uses = files.flatMap((file) =>
    file.imports
      .filter((each) => !each.isRelative && !each.target.startsWith('node:'))
      .map((each) => ({ file: file.path, line: each.line, name: each.target })),
  )

  it('are known in one place each', () => {
    const astray = uses
      .filter(({ file, name }) => !(PACKAGES[name] ?? []).some((place) => isWithin(file, place)))
      .map(({ file, line, name }) => `${file}:${line} ${name}`)
    expect(astray).toEqual([])
  })

  it('are declared as dependencies, and each dependency is used', () => {
    const used = new Set(uses.map(({ name }) => name))
    expect([...used].filter((name) => manifest.dependencies[name] === undefined)).toEqual([])
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([])
  })

  it('are pinned to one exact version, here and in tools/', () => {
    const tools = JSON.parse(readFileSync(join(ROOT, 'tools/package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const all = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...tools['devDependencies'],
      ...tools['optionalDependencies'],
    }
    const loose = Object.entries(all).filter(
      ([, version]) => !/^(?:npm:[^@]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
    )
    expect(loose).toEqual([])
  })

  it('of the command line stay out of what a library user loads', () => {
    for (const entry of ['src/index.ts', 'src/bus/index.ts', 'src/types/index.ts', 'src/live/index.ts']) {
      const loaded = runtimeClosure(files, entry)
      for (const name of ['commander', 'log-update', 'picocolors', 'prom-client']) {
        expect(loaded.has(name), `${entry} loads ${name}`).toBe(false)
      }
    }
  })

  it('are not needed at all by the bus and the payload contracts', () => {
    for (const entry of ['src/bus/index.ts', 'src/types/index.ts', 'src/market/index.ts']) {
      const packages = [...runtimeClosure(files, entry)].filter(
        (name) => !name.startsWith('src/') && !name.startsWith('node:'),
      )
      expect(packages, entry).toEqual([])
    }
  })
})
