/** Small truths about every committed file: what a reader, a diff or another machine would stumble over. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { parseSource, ROOT, readSources } from '../support/source-graph.js'

const TEXT =
  /\.(?:ts|mjs|js|json|jsonc|md|yaml|yml|html|css|grit|txt|rules|sh)$|(?:^|\/)(?:run|LICENSE|\.[a-z]+(?:rc|ignore))$/
const GENERATED = /(?:^|\/)package-lock\.json$/

interface TextFile {
  readonly path: string
  readonly text: string
}

/** What git would commit; without git (an unpacked archive) whatever is there besides output. */
function projectFiles(): TextFile[] {
  return projectPaths()
    .filter((path) => TEXT.test(path) && !GENERATED.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

function projectPaths(): string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    })
    return listed.split('\0').filter((path) => path !== '')
  } catch {
    const output = new Set(['node_modules', 'dist', 'coverage', 'reports', '.git', 'target'])
    const walk = (folder: string): string[] =>
      readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        if (entry.isDirectory()) return output.has(entry.name) ? [] : walk(path)
        return [path]
      })
    return walk('')
  }
}

const files = projectFiles()
const code = files.filter(({ path }) => /\.(?:ts|mjs)$/.test(path))

/** Lines that match, as `path:line text`. */
function linesMatching(sources: readonly TextFile[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
  )
}

describe('every file', () => {
  it('is found, so that the other checks look at something', () => {
    expect(files.length).toBeGreaterThan(60)
    expect(code.some(({ path }) => path.startsWith('src/'))).toBe(true)
  })

  it('has no odd characters: only tabs and line feeds below space, nothing invisible, no text direction marks', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    const odd = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/
    expect(linesMatching(files, odd)).toEqual([])
  })

  it('ends with one line feed', () => {
    expect(files.filter(({ text }) => text !== '' && !/[^\n]\n$/.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('names no folder of the machine it was written on', () => {
    // The word is built so that this line does not find itself.
    const homes = ['wor' + 'k', 'roo' + 't', 'hom' + 'e', 'User' + 's', 'farm']
    const pattern = new RegExp(`(?:^|[^A-Za-z0-9_.~-])/(?:${homes.join('|')})/`)
    expect(linesMatching(files, pattern)).toEqual([])
  })

  it('has nothing left to do', () => {
    const marks = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK', 'not ' + 'implemented']
    expect(linesMatching(files, new RegExp(`\\b(?:${marks.join('|')})\\b`))).toEqual([])
  })

  it('has no test narrowed or postponed by hand', () => {
    const tests = files.filter(({ path }) => path.startsWith('test/') || path.startsWith('tools/'))
    expect(linesMatching(tests, /\b(?:it|test|describe)\.(?:only|todo)\(/)).toEqual([])
  })

  it('has a lock that names no download address', () => {
    for (const lock of ['package-lock.json', 'tools/package-lock.json']) {
      expect(readFileSync(join(ROOT, lock), 'utf8'), lock).not.toContain('"resolved": "http')
    }
  })
})

describe('every source file', () => {
  it('opens with a comment that says what it owns', () => {
    const opening = /^(?:#!.*\n)?\s*(?:\/\*\*|\/\/)/
    const silent = code
      .filter(({ path }) => /^(?:src|scripts|bench|examples|tools)\//.test(path))
      // A payload file is its one type: the docstring below the imports says it all.
      .filter(({ path, text }) => !opening.test(path.startsWith('src/types/') ? withoutImports(text) : text))
      .map(({ path }) => path)
    expect(silent).toEqual([])
  })

  it('does without `any`', () => {
    const found = readSources('src').flatMap((file) => {
      const lines: string[] = []
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) {
          lines.push(`${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`)
        }
        ts.forEachChild(node, visit)
      }
      visit(file.tree)
      return lines
    })
    expect(found).toEqual([])
  })

  it('silences the compiler nowhere', () => {
    const src = code.filter(({ path }) => path.startsWith('src/'))
    expect(linesMatching(src, /@ts-(?:ignore|nocheck|expect-error)/)).toEqual([])
  })

  it('exports by name only', () => {
    const found = readSources('src').flatMap((file) =>
      file.tree.statements
        .filter(
          (statement) =>
            ts.isExportAssignment(statement) ||
            (ts.canHaveModifiers(statement) &&
              ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)),
        )
        .map(() => file.path),
    )
    expect(found).toEqual([])
  })

  it('parses', () => {
    const broken = code
      .filter(({ path }) => path.endsWith('.ts'))
      .filter(({ path, text }) => {
        const tree = parseSource(path, text).tree as ts.SourceFile & { parseDiagnostics?: readonly unknown[] }
        return (tree.parseDiagnostics?.length ?? 0) > 0
      })
      .map(({ path }) => path)
    expect(broken).toEqual([])
  })
})

describe('documents', () => {
  const pages = files.filter(({ path }) => path.endsWith('.md'))

  it('link to files and headings that exist', () => {
    expect(pages.flatMap(brokenLinks)).toEqual([])
  })

  it('would be refused with a broken link', () => {
    const page = {
      path: 'docs/x.md',
      text: '# A heading\n\n[a](#a-heading) [b](nowhere.md) [c](#none) `[d](code.md)`\n',
    }
    expect(brokenLinks(page)).toEqual(['docs/x.md: nowhere.md', 'docs/x.md: #none'])
  })

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const unknown = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)]
        .filter(([, name]) => name !== undefined && scripts[name] === undefined)
        .map(([all]) => `${path}: ${all}`),
    )
    expect(unknown).toEqual([])
  })
})

function withoutImports(text: string): string {
  return text.replace(/^(?:import [^\n]+\n|\s*\n)+/, '')
}

function brokenLinks({ path, text }: TextFile): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '')
  return targets
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#')
      const absolute = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), decodeURIComponent(file))
      const content = file === '' ? text : null
      if (content === null && !existsSync(absolute)) return true
      if (anchor === undefined || (file !== '' && !file.endsWith('.md'))) return false
      return !headingAnchors(content ?? readFileSync(absolute, 'utf8')).has(anchor)
    })
    .map((target) => `${path}: ${target}`)
}

/** Anchors as the usual renderers make them from headings, and explicit ids. */
function headingAnchors(text: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set([...text.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1] ?? ''))
  for (const [, title = ''] of text.replace(/```[\s\S]*?```/g, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}
