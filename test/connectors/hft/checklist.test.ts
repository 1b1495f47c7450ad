/**
 * The promises of the connector layer have numbers: A of the live client, B of its stub, example and pages, D of the
 * connector feed, L for the defects of earlier clients that must not come back. Each stands in the title of a test.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../support/source-graph.js'

interface Title {
  readonly file: string
  /** `describe` or `it`. */
  readonly kind: string
  readonly text: string
}

/** First arguments of `it`, `describe` and their kin; also where they are shared by several suites. */
function titlesOf(file: string): Title[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.ES2022)
  const titles: Title[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText(source)
      const kind = /^(it|describe)(?:\b|[A-Z])/.exec(callee)?.[1]
      const [first] = node.arguments
      if (
        kind !== undefined &&
        first !== undefined &&
        (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))
      )
        titles.push({ file, kind, text: first.getText(source) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path.replaceAll('\\', '/')}`)
  .filter((path) => /(?:\.test|-contract)\.ts$/.test(path) && /hft|deploy/.test(path))
const titles = files.flatMap(titlesOf)
const numbers = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(letter === 'L' ? 1 : 2, '0')}`)

describe('the checklist', () => {
  const tested = new Set(titles.flatMap(({ text }) => text.match(/\b(?:[ABD]\d\d|L\d)\b/g) ?? []))

  it.each([
    ['A', 42],
    ['B', 23],
    ['D', 24],
    ['L', 8],
  ])('has a test for every %s', (letter, count) => {
    expect(numbers(letter, count).filter((number) => !tested.has(number))).toEqual([])
  })

  it('knows no other numbers', () => {
    const known = new Set([...numbers('A', 42), ...numbers('B', 23), ...numbers('D', 24), ...numbers('L', 8)])
    expect([...tested].filter((number) => !known.has(number))).toEqual([])
  })

  const testsOf = (file: string): number => titles.filter((each) => each.file === file && each.kind === 'it').length

  it('[B19, L8] counts at least sixteen tests of the stub, without those it shares with other bots', () => {
    expect(testsOf('test/connectors/hft/live/stub-bot.test.ts')).toBeGreaterThanOrEqual(16)
    expect(testsOf('test/connectors/hft/live/bot-contract.ts')).toBeGreaterThan(5)
  })

  it('[D21] counts at least 26 tests of the connector feed, in four groups', () => {
    const file = 'test/connectors/hft/connector-feed.test.ts'
    expect(testsOf(file)).toBeGreaterThanOrEqual(26)
    const groups = titles.filter((each) => each.file === file && each.kind === 'describe').map(({ text }) => text)
    expect(groups).toEqual([
      "'connector parsing'",
      "'stubbed connector'",
      "'connector stream'",
      "'connector configuration'",
    ])
  })
})
