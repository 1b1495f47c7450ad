/**
 * Time, timers, randomness and the network enter through src/runtime. The linter says so while one types; this
 * walks the syntax tree and also sees the detours (`globalThis.…`, `const { now } = Date`).
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseSource, ROOT, readSources, type SourceFile } from '../support/source-graph.js'

const GLOBALS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'performance',
  'fetch',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
])
/** Members of globals that have harmless members too. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  Math: ['random'],
  process: ['hrtime', 'uptime'],
  AbortSignal: ['timeout'],
  crypto: ['randomUUID', 'getRandomValues'],
}
/** Names that some module of Node would bring in by another way. */
const IMPORTED: Readonly<Record<string, readonly string[] | 'all'>> = {
  'node:timers': 'all',
  'node:timers/promises': 'all',
  'node:perf_hooks': ['performance'],
  'node:process': ['hrtime', 'uptime'],
  'node:crypto': ['randomUUID', 'getRandomValues', 'randomInt', 'webcrypto'],
}

/** Every bare clock, timer, random number or network global of a file, as `path:line what`. */
function bareDoors(file: SourceFile): string[] {
  const found: string[] = []
  const imported = importedNames(file.tree)
  const report = (node: ts.Node, what: string): void => {
    const { line } = file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree))
    found.push(`${file.path}:${line + 1} ${what}`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      // The `WebSocket` of a package is not the global one.
      if (!imported.has(node.text)) inspectIdentifier(node, report)
    } else if (ts.isImportDeclaration(node)) inspectImport(node, report)
    else if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const isDate = ts.isIdentifier(node.expression) && node.expression.text === 'Date'
      if (isDate && (ts.isCallExpression(node) || (node.arguments?.length ?? 0) === 0)) report(node, 'the current Date')
    }
    ts.forEachChild(node, visit)
  }
  visit(file.tree)
  return found
}

function importedNames(tree: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportClause(node) || ts.isImportSpecifier(node) || ts.isNamespaceImport(node)) {
      if (node.name) names.add(node.name.text)
    }
    ts.forEachChild(node, visit)
  }
  for (const statement of tree.statements) if (ts.isImportDeclaration(statement)) visit(statement)
  return names
}

function inspectIdentifier(node: ts.Identifier, report: (node: ts.Node, what: string) => void): void {
  const { parent, text } = node
  if (ts.isTypeNode(parent) || ts.isTypeReferenceNode(parent) || ts.isImportSpecifier(parent)) return
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node
  // `clock.setTimeout` would be somebody's method; `globalThis.setTimeout` is the global.
  const isPlain = !isMember || (ts.isIdentifier(parent.expression) && parent.expression.text === 'globalThis')
  const isDeclared =
    ((ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent) || ts.isPropertySignature(parent)) &&
      parent.name === node) ||
    (ts.isPropertyDeclaration(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    ((ts.isParameter(parent) || ts.isVariableDeclaration(parent)) && parent.name === node)
  if (!isPlain || isDeclared) return
  if (GLOBALS.has(text)) report(node, text)

  const members = MEMBERS[text]
  if (members === undefined) return
  const object = isMember ? parent : node
  const user = object.parent
  if (ts.isPropertyAccessExpression(user) && user.expression === object) {
    if (members.includes(user.name.text)) report(user, `${text}.${user.name.text}`)
  } else if (ts.isElementAccessExpression(user) && user.expression === object) {
    const key = user.argumentExpression
    if (!ts.isStringLiteralLike(key) || members.includes(key.text)) report(user, `${text}[…]`)
  } else if (ts.isVariableDeclaration(user) && user.initializer === object && ts.isObjectBindingPattern(user.name)) {
    for (const element of user.name.elements) {
      const key = element.propertyName ?? element.name
      if (ts.isIdentifier(key) && members.includes(key.text)) report(element, `${text}.${key.text}`)
    }
  }
}

function inspectImport(node: ts.ImportDeclaration, report: (node: ts.Node, what: string) => void): void {
  if (!ts.isStringLiteral(node.moduleSpecifier) || node.importClause?.isTypeOnly) return
  const rule = IMPORTED[node.moduleSpecifier.text]
  if (rule === undefined) return
  const bindings = node.importClause?.namedBindings
  if (rule === 'all' || bindings === undefined || ts.isNamespaceImport(bindings)) {
    report(node, node.moduleSpecifier.text)
    return
  }
  for (const element of bindings.elements) {
    const name = (element.propertyName ?? element.name).text
    if (!element.isTypeOnly && rule.includes(name)) report(element, `${name} of ${node.moduleSpecifier.text}`)
  }
}

/** Seen by the linter's rules, which know names but not detours. */
const PLAIN_OFFENCES = [
  'export const a: number = Date.now()',
  'export const a: Date = new Date()',
  'export const a: number = Math.random()',
  'export const a: bigint = process.hrtime.bigint()',
  'export const a: unknown = setTimeout(() => {}, 1)',
  'export const a: unknown = setInterval(() => {}, 1)',
  'export const a: unknown = setImmediate(() => {})',
  'export const a: number = performance.now()',
  "export const a: unknown = fetch('http://127.0.0.1')",
  "export const a: unknown = new WebSocket('ws://127.0.0.1')",
  'export const a: unknown = AbortSignal.timeout(1)',
  'export const a: string = crypto.randomUUID()',
]
const DETOURS = [
  'export const a = globalThis.setTimeout',
  'export const a = globalThis.Date.now()',
  "export const a = Math['random']()",
  'const { now } = Date',
  'const { random: roll } = Math',
  "import { setTimeout as wait } from 'node:timers/promises'",
  "import { performance } from 'node:perf_hooks'",
  "import { randomUUID } from 'node:crypto'",
  'export const a = { fetch }',
]
const HARMLESS = [
  'export const a: Date = new Date(5)',
  'export const a: number = Date.parse("2026-11-20") + Date.UTC(2026, 1)',
  'export const a: number = Math.max(1, 2)',
  'export interface Port {\n  setTimeout(action: () => void): void\n  fetch: string\n}',
  "import { createHash } from 'node:crypto'",
  "import WebSocket from 'ws'\nexport const a: WebSocket = new WebSocket('ws://127.0.0.1')",
  "import { monitorEventLoopDelay } from 'node:perf_hooks'",
  'export function f(clock: { setTimeout(): void }): void {\n  clock.setTimeout()\n}',
  '// Date.now() in words, and setTimeout too',
  "export const a: string = 'Math.random()'",
]

describe('the source scan', () => {
  it('finds no bare clock, timer, randomness or network global outside src/runtime', () => {
    // The page runs in a browser and has one file of doors of its own.
    const doors = ['src/runtime/', 'src/dashboard/page/doors.ts']
    const outside = readSources('src').filter((file) => !doors.some((door) => file.path.startsWith(door)))
    expect(outside.flatMap(bareDoors)).toEqual([])
  })

  it.each([...PLAIN_OFFENCES, ...DETOURS])('would refuse %s', (line) => {
    expect(bareDoors(parseSource('src/x.ts', line))).toHaveLength(1)
  })

  it.each(HARMLESS)('leaves alone %s', (line) => {
    expect(bareDoors(parseSource('src/x.ts', line))).toEqual([])
  })
})

describe('the linter', () => {
  /** Complaints of biome under the project's own rules, by file: a folder laid out like the project, one run. */
  let complaints = new Map<string, string[]>()
  const offence = (index: number): string => `src/live/offence-${index}.ts`
  const harmless = (index: number): string => `src/live/harmless-${index}.ts`
  const clock = 'src/runtime/clock-like.ts'

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-lint-'))
    try {
      for (const path of ['biome.json', 'scripts/lint'])
        cpSync(join(ROOT, path), join(folder, path), { recursive: true })
      const write = (path: string, text: string): void => {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), `${text}\n`)
      }
      PLAIN_OFFENCES.forEach((line, index) => {
        write(offence(index), line)
      })
      HARMLESS.forEach((line, index) => {
        write(harmless(index), line)
      })
      write(clock, PLAIN_OFFENCES.slice(0, 3).join('\n').replaceAll(' a:', ' b:'))
      const manifest = createRequire(import.meta.url).resolve('@biomejs/biome/package.json')
      const result = spawnSync(
        process.execPath,
        [join(dirname(manifest), 'bin', 'biome'), 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
        { cwd: folder, encoding: 'utf8' },
      )
      complaints = byFile(result.stdout)
      expect(result.status, result.stderr).not.toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.each(PLAIN_OFFENCES.map((line, index) => [line, index] as const))('refuses in src: %s', (_line, index) => {
    expect(complaints.get(offence(index))).toEqual([expect.stringMatching(/noRestrictedGlobals|plugin/)])
  })

  it.each(HARMLESS.map((line, index) => [line, index] as const))(
    'has no such complaint in src about: %s',
    (_line, index) => {
      expect((complaints.get(harmless(index)) ?? []).filter((each) => /noRestrictedGlobals|plugin/.test(each))).toEqual(
        [],
      )
    },
  )

  it('lets src/runtime touch the real clock', () => {
    expect((complaints.get(clock) ?? []).filter((each) => /noRestrictedGlobals|plugin/.test(each))).toEqual([])
  })
})

/** Categories of biome's JSON report, by file. */
function byFile(report: string): Map<string, string[]> {
  const { diagnostics } = JSON.parse(report) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[]
  }
  const found = new Map<string, string[]>()
  for (const { category, location } of diagnostics) {
    const path = typeof location.path === 'string' ? location.path : location.path.file
    found.set(path, [...(found.get(path) ?? []), category])
  }
  return found
}
