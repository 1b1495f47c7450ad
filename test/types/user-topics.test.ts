/**
 * A user's own topics by declaration merging, compiled against the built declarations in a project of its
 * own: inside this repository the augmentation would find the sources and prove nothing.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')

interface CompileResult {
  readonly isOk: boolean
  readonly output: string
}

let project = ''

function tsc(...args: string[]): CompileResult {
  try {
    return { isOk: true, output: execFileSync(process.execPath, [TSC, ...args], { cwd: project, encoding: 'utf8' }) }
  } catch (error) {
    return { isOk: false, output: String((error as { stdout?: unknown }).stdout) }
  }
}

function compileConsumer(name: string, source: string): CompileResult {
  writeFileSync(join(project, `${name}.ts`), source)
  return tsc(
    ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--module', 'nodenext'],
    ...['--moduleResolution', 'nodenext', '--types', 'node', `${name}.ts`],
  )
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'feedbus-types-'))
  const installed = join(project, 'node_modules', 'feedbus')
  mkdirSync(installed, { recursive: true })
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), join(project, 'node_modules', '@types', 'node'))
  symlinkSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
  // Declarations of the entry points, as a build makes them. Errors elsewhere in the tree are not the question.
  tsc(
    ...['--outDir', join(installed, 'dist'), '--rootDir', join(ROOT, 'src'), '--declaration', '--emitDeclarationOnly'],
    ...['--strict', '--skipLibCheck', '--noCheck', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'],
    ...['--typeRoots', join(ROOT, 'node_modules', '@types')],
    ...['index.ts', 'bus/index.ts', 'types/index.ts'].map((file) => join(ROOT, 'src', file)),
  )
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

const USE = `
  interface Signal { readonly side: 'BUY' | 'SELL'; readonly symbol: string }
  const bus = new Bus()
  bus.publish('strat.signal', { side: 'BUY', symbol: 'BTCUSDT' })
  bus.subscribe('strat.signal', ({ payload }) => { const side: 'BUY' | 'SELL' = payload.side; return side })
  bus.subscribe('strat.*', ({ topic, payload }) => { const t: 'strat.signal' = topic; return [t, payload.side] })
  bus.subscribe('mkt.candles', ({ payload }) => { const close: number = payload.close; return close })
  bus.topic('strat.signal').publish({ side: 'SELL', symbol: 'ETHUSDT' })
  // @ts-expect-error not a side
  bus.publish('strat.signal', { side: 'HOLD', symbol: 'BTCUSDT' })
  // @ts-expect-error no such topic
  bus.publish('strat.signals', { side: 'BUY', symbol: 'BTCUSDT' })
`

describe("a user's own topics", () => {
  it.each(['feedbus', 'feedbus/bus'])("are known everywhere after declare module '%s'", (entry) => {
    const result = compileConsumer(
      `consumer-${entry.replace('/', '-')}`,
      `import { Bus } from '${entry}'
      declare module '${entry}' { interface TopicMap { 'strat.signal': { side: 'BUY' | 'SELL'; symbol: string } } }
      ${USE}`,
    )
    expect(result).toEqual({ isOk: true, output: '' })
  })

  it("are known to the bus when declared on 'feedbus/types'", () => {
    const result = compileConsumer(
      'consumer-types',
      `import { Bus } from 'feedbus'
      import type { Candle } from 'feedbus/types'
      declare module 'feedbus/types' { interface TopicMap { 'strat.signal': { side: 'BUY' | 'SELL'; symbol: string } } }
      export type Unused = Candle
      ${USE}`,
    )
    expect(result).toEqual({ isOk: true, output: '' })
  })

  it('are unknown without the declaration', () => {
    const result = compileConsumer(
      'consumer-none',
      `import { Bus } from 'feedbus'\nnew Bus().publish('strat.signal', 1)\n`,
    )
    expect(result.isOk).toBe(false)
    expect(result.output).toContain(`'"strat.signal"' is not assignable to parameter of type 'TopicName'`)
  })
})
