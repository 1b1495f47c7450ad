/**
 * A TypeScript program of the tests as plain JavaScript, for child processes: the file and everything it
 * imports by relative path, transpiled once, so that each child starts as fast as the package would.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface TranspiledProgram {
  /** Path of the JavaScript to run. */
  readonly main: string
  /** Deletes all files written. */
  remove(): void
}

export function transpileProgram(entry: string): TranspiledProgram {
  // Inside the project, so that packages are found from there.
  const target = mkdtempSync(join(ROOT, 'node_modules', '.transpiled-'))
  writeFileSync(join(target, 'package.json'), '{"type":"module"}')
  const outputOf = (source: string): string => join(target, relative(ROOT, source).replace(/\.ts$/, '.js'))
  const queue = [entry]
  const seen = new Set(queue)
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      fileName: source,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    const output = outputOf(source)
    mkdirSync(dirname(output), { recursive: true })
    writeFileSync(output, outputText)
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
      if (!fileName.startsWith('.')) continue
      const imported = join(dirname(source), fileName.replace(/\.js$/, '.ts'))
      if (seen.has(imported)) continue
      seen.add(imported)
      queue.push(imported)
    }
  }
  return { main: outputOf(entry), remove: () => rmSync(target, { recursive: true, force: true }) }
}
