/** The loader: what it tries, what it says, and that nothing loads the addon by itself. These run without the addon. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../../../src/connectors/hft/native/binding.js'
import { describeNative } from '../../../support/native.js'
import { ROOT } from '../../../support/source-graph.js'

const REGISTER = pathToFileURL(join(ROOT, 'scripts/lib/ts-register.mjs')).href
const moduleUrl = (path: string): string => JSON.stringify(pathToFileURL(join(ROOT, path)).href)

/** Runs a module text in a fresh process and returns what it printed, as JSON. */
function run(text: string, env: NodeJS.ProcessEnv = {}, cwd: string = ROOT): unknown {
  const args = ['--import', REGISTER, '--input-type=module', '--eval', text]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env }, cwd })
  expect(child.stderr.replaceAll(/.*(?:ExperimentalWarning|--trace-warnings).*\n/g, '')).toBe('')
  return JSON.parse(child.stdout)
}

/** Makes every native library fail to load, as where there is none for the platform. */
const BLOCKED = `process.dlopen = () => { throw new Error('blocked here') };`

describe('the loader', () => {
  it('is not touched by importing the package', () => {
    const text = `let loads = 0
      const dlopen = process.dlopen
      process.dlopen = (...args) => { loads += String(args[1]).includes('feedbus-native') ? 1 : 0; return dlopen(...args) }
      await import(${moduleUrl('src/index.ts')})
      await import(${moduleUrl('src/connectors/hft/native/index.ts')})
      console.log(JSON.stringify(loads))`
    expect(run(text)).toBe(0)
  })

  it('names platform, every path and the command when nothing loads, and availability never throws', () => {
    const text = `${BLOCKED}
      const native = await import(${moduleUrl('src/connectors/hft/native/index.ts')})
      const answers = { available: native.isNativeAvailable(), target: native.platformTarget() }
      try { native.IpcNode.create() } catch (error) {
        Object.assign(answers, { code: error.code, message: error.message, hint: error.hint, isTerminal: error.isTerminal })
      }
      console.log(JSON.stringify(answers))`
    const answers = run(text, { NATIVE_IOX_PATH: '/nowhere/chosen.node' }) as {
      available: { ok: boolean; reason: string }
      target: string
      code: string
      message: string
      hint: string
      isTerminal: boolean
    }
    expect(answers).toMatchObject({ code: 'NATIVE_UNAVAILABLE', isTerminal: true, available: { ok: false } })
    expect(answers.available.reason).toBe(answers.message)
    expect(answers.target).toContain(`${process.platform}-${process.arch}`)
    // Only in its own folder does the package have this script by name; a program that installed it must say where.
    const elsewhere = run(text, { NATIVE_IOX_PATH: '/nowhere/chosen.node' }, tmpdir()) as { message: string }
    expect(answers.message).toMatch(/npm run build:native$/)
    expect(elsewhere.message).toContain(`npm run build:native --prefix ${JSON.stringify(ROOT.replace(/[\\/]$/, ''))}`)
    for (const part of [
      answers.target,
      '/nowhere/chosen.node: ',
      `native/feedbus-native.${answers.target}.node: `,
      `feedbus-native-${answers.target}: `,
      'npm run build:native',
    ]) {
      expect(answers.message).toContain(part)
    }
  })
})

describeNative('the raw surface', () => {
  /** Members of each interface of `addon.ts` that stands for an object of the addon. */
  const declared = (name: string): string[] => {
    const source = readFileSync(join(ROOT, 'src/connectors/hft/native/addon.ts'), 'utf8')
    const body = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, 's').exec(source)?.[1] ?? ''
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1] ?? '').sort()
  }
  const members = (type: unknown): string[] =>
    Object.getOwnPropertyNames((type as { prototype: object }).prototype)
      .filter((name) => name !== 'constructor')
      .sort()

  it.each(['Node', 'Service', 'Publisher', 'Subscriber', 'Connection'])(
    'has the declared members of %s, and no others',
    (name) => {
      const addon = loadAddon() as unknown as Record<string, unknown>
      expect(declared(`Addon${name}`)).not.toEqual([])
      expect(members(addon[`Native${name}`])).toEqual(declared(`Addon${name}`))
    },
  )

  it('exports what is declared, besides the classes made by others', () => {
    const others = ['NativePublisher', 'NativeService', 'NativeSubscriber']
    const exported = Object.keys(loadAddon()).filter((name) => !others.includes(name))
    expect(exported.sort()).toEqual(declared('Addon'))
  })
})
