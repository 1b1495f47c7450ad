/** The rows of `npm run reliability` name tests by file and title: a row whose tests were renamed would judge nothing. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Row {
  readonly id: string
  readonly files?: readonly string[]
  readonly only?: string
  readonly script?: readonly string[]
  readonly env?: (share: number, seeds: number | null) => Record<string, string>
}

const { ROWS } = (await import(pathToFileURL(join(ROOT, 'scripts/reliability/rows.mjs')).href)) as {
  ROWS: readonly Row[]
}

function textsOf(path: string): string[] {
  const full = join(ROOT, path)
  if (!statSync(full).isDirectory()) return [readFileSync(full, 'utf8')]
  return readdirSync(full)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(full, name), 'utf8'))
}

describe.each(ROWS.map((row) => [row.id, row] as const))('the row %s', (_id, { files = [], only, script, env }) => {
  it('names tests, or a script, that exist', () => {
    expect(files.length > 0 || script !== undefined).toBe(true)
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true)
    if (script !== undefined) expect(existsSync(join(ROOT, 'scripts', `${script[0]}.mjs`))).toBe(true)
    const titles = files
      .flatMap(textsOf)
      .flatMap((text) => text.match(/(?:it|describe)(?:\.\w+\(.*\))?\(\s*[`'"].*/g) ?? [])
    if (script === undefined)
      expect(titles.filter((title) => new RegExp(only ?? '').test(title)).length).toBeGreaterThan(0)
  })

  it('sets its scale by variables that its tests read', () => {
    const texts = files.flatMap(textsOf).join('')
    for (const [name, value] of Object.entries(env?.(1, null) ?? {})) {
      expect(texts).toContain(`process.env['${name}']`)
      expect(Number(value)).toBeGreaterThan(0)
    }
  })
})

describe('the full check', () => {
  it('runs rows of the scoreboard that exist', () => {
    const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    const rows = /--rows (\S+)/.exec(script)?.[1]?.split(',') ?? []
    expect(rows).not.toEqual([])
    expect(ROWS.map(({ id }) => id)).toEqual(expect.arrayContaining(rows))
  })

  it('leaves out only tests that exist, and what the first suite leaves out runs on the scoreboard', () => {
    const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    const named = [...script.matchAll(/'(test\/[^']+)'/g)].map(([, path = '']) => path)
    expect(named.length).toBeGreaterThan(10)
    for (const path of named.flatMap(expanded))
      expect(existsSync(join(ROOT, path.replace(/\/\*\*$/, ''))), path).toBe(true)

    const first = /plain_tests\(\) \{(.*?)\n\}/s.exec(script)?.[1] ?? ''
    const rows = /--rows (\S+)/.exec(script)?.[1]?.split(',') ?? []
    const judged = ROWS.filter(({ id }) => rows.includes(id)).flatMap(({ files = [] }) => files)
    for (const [, path = ''] of first.matchAll(/--exclude '([^']+)'/g)) {
      expect(judged).toContain(path.replace(/\/\*\*$/, ''))
    }
  })
})

/** `a/{b,c}/**` as the two paths it means. */
function expanded(pattern: string): string[] {
  const found = /^(.*)\{([^}]*)\}(.*)$/.exec(pattern)
  if (found === null) return [pattern]
  const [, before = '', choices = '', after = ''] = found
  return choices.split(',').map((choice) => `${before}${choice}${after}`)
}
