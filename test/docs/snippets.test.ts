/**
 * Every TypeScript snippet of the documentation compiles. A snippet may use the names below without declaring
 * them, and `…` where a reader fills in something.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Global, so that a snippet which declares a name itself takes its own. */
const KNOWN_NAMES = `
export {}
declare global {
  const bus: import('feedbus').Bus
  const manager: import('feedbus').LiveDataFeedManager
  const config: import('feedbus').LiveFeedConfig
  const venue: import('feedbus/sim').SimVenue
  const assert: typeof import('node:assert/strict')
  const SimVenue: typeof import('feedbus/sim').SimVenue
  const SimTransport: typeof import('feedbus/sim').SimTransport
  const SimHttpClient: typeof import('feedbus/sim').SimHttpClient
  const VirtualClock: typeof import('feedbus/runtime').VirtualClock
  const Bus: typeof import('feedbus').Bus
  const LiveDataFeedManager: typeof import('feedbus').LiveDataFeedManager
  const Venue: typeof import('feedbus').Venue
  type Candle = import('feedbus').Candle
}
`

interface Snippet {
  /** `README.md:38`: page and line of the code's first line. */
  readonly place: string
  readonly code: string
}

function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  return ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]
}

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length + 1}`,
    code: `${(match[1] ?? '').replaceAll('…', '/* … */')}\nexport {}\n`,
  }))
}

const snippets = pages().flatMap(snippetsOf)
const fileOf = (snippet: Snippet): string => join(ROOT, 'snippets', `${snippet.place.replace(/[^A-Za-z0-9]/g, '-')}.ts`)

/** Complaints per snippet, all compiled together with the settings of the project. */
function complaints(): Map<string, string[]> {
  const sources = new Map(snippets.map((snippet) => [fileOf(snippet), snippet.code]))
  const known = join(ROOT, 'snippets', 'known-names.ts')
  sources.set(known, KNOWN_NAMES)
  const parsed = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: () => {},
  })
  const options: ts.CompilerOptions = {
    ...parsed?.options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
    composite: false,
    incremental: false,
    baseUrl: ROOT,
    paths: {
      feedbus: ['./src/index.ts'],
      'feedbus/hft': ['./src/connectors/hft/index.ts'],
      'feedbus/*': ['./src/*/index.ts'],
    },
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (name) => sources.has(name) || fileExists(name)
  host.readFile = (name) => sources.get(name) ?? readFile(name)
  host.getSourceFile = (name, ...rest) => {
    const text = sources.get(name)
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
  }
  const program = ts.createProgram([...sources.keys()], options, host)
  return new Map(
    [...sources.keys()].map((name) => {
      const file = program.getSourceFile(name)
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      return [name, found.map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))]
    }),
  )
}

describe('TypeScript in the documentation', () => {
  const found = complaints()

  it('is there', () => {
    expect(snippets.length).toBeGreaterThan(5)
    expect(found.get(join(ROOT, 'snippets', 'known-names.ts'))).toEqual([])
  })

  it.each(snippets)('compiles at $place', (snippet) => {
    expect(found.get(fileOf(snippet)), snippet.code).toEqual([])
  })
})
