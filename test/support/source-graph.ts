/**
 * Reads the sources with the compiler's parser (no types needed) and answers who imports whom. Comments and
 * strings can never be mistaken for code, and type-only imports, which are gone at run time, are told apart.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The project's root folder. */
export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Import {
  /** As written. */
  readonly specifier: string
  /** Path from the root of the imported file for a relative import, else the package's name (`node:fs`, `ws`). */
  readonly target: string
  readonly isRelative: boolean
  /** Nothing of it is left at run time. */
  readonly isTypeOnly: boolean
  readonly line: number
}

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
  readonly imports: readonly Import[]
}

/** Files below `folder` (from the root) whose names pass, sorted. */
export function listFiles(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => pattern.test(path))
    .sort()
}

/** All TypeScript files below a folder, parsed. */
export function readSources(folder: string): SourceFile[] {
  return listFiles(folder, /\.ts$/).map((path) => parseSource(path, readFileSync(join(ROOT, path), 'utf8')))
}

export function parseSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  const add = (node: ts.Node, specifier: string, isTypeOnly: boolean): void => {
    const isRelative = specifier.startsWith('.')
    imports.push({
      specifier,
      target: isRelative ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') : packageOf(specifier),
      isRelative,
      isTypeOnly,
      line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1,
    })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, node.importClause?.isTypeOnly ?? false)
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node, node.argument.literal.text, true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [first] = node.arguments
      if (first && ts.isStringLiteral(first)) add(node, first.text, false)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, text, tree, imports }
}

/** `@scope/name/sub` → `@scope/name`; Node's own modules keep their prefix. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
}

/** Loops among run-time imports, each as the files on it; empty when there are none. */
export function runtimeCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports.filter((each) => each.isRelative && !each.isTypeOnly).map((each) => each.target),
    ]),
  )
  const cycles: string[][] = []
  const state = new Map<string, 'open' | 'done'>()
  const path: string[] = []
  const visit = (name: string): void => {
    state.set(name, 'open')
    path.push(name)
    for (const next of edges.get(name) ?? []) {
      if (state.get(next) === 'open') cycles.push([...path.slice(path.indexOf(next)), next])
      else if (!state.has(next)) visit(next)
    }
    path.pop()
    state.set(name, 'done')
  }
  for (const name of edges.keys()) if (!state.has(name)) visit(name)
  return cycles
}

/** Everything loaded at run time when `entry` is imported: files and packages. */
export function runtimeClosure(files: readonly SourceFile[], entry: string): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const each of byPath.get(name)?.imports ?? []) if (!each.isTypeOnly) visit(each.target)
  }
  visit(entry)
  return seen
}
