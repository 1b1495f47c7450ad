/**
 * The dashboard's page compiled for a test that runs from sources: each file by itself, which takes a moment where a
 * whole build takes many. What the built package serves is compiled by `npm run build`.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { listFiles, ROOT } from './source-graph.js'

export interface CompiledPage {
  /** For `DashboardOptions.pageFolder`. */
  readonly folder: string
  remove(): void
}

export function compilePage(): CompiledPage {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.page-'))
  for (const path of ['src/dashboard/protocol.ts', ...listFiles('src/dashboard/page', /./)]) {
    const target = join(folder, path.slice('src/dashboard/'.length))
    mkdirSync(dirname(target), { recursive: true })
    if (!path.endsWith('.ts')) {
      cpSync(join(ROOT, path), target)
      continue
    }
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, path), 'utf8'), {
      fileName: path,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    writeFileSync(target.replace(/\.ts$/, '.js'), outputText)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
