/**
 * Configuration files: YAML or JSON text to a value, and the line of each value for error messages. JSON is
 * checked strictly as JSON; its positions come from the YAML reader, which reads it as well.
 */
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { ConfigError, type ConfigIssue } from '../errors.js'
import { jsonFaultOffset } from './json-fault.js'
import type { ConfigLayer } from './layers.js'
import type { ConfigPath } from './problem.js'

type ParsedDocument = Document.Parsed<ParsedNode>

/** Reads a `.yaml`, `.yml` or `.json` file. Throws `ConfigError` when it cannot be read or is not well formed. */
export function fileLayer(path: string): ConfigLayer {
  const extension = extname(path).toLowerCase()
  if (!['.yaml', '.yml', '.json'].includes(extension)) {
    throw fileError(path, `is not a configuration file: its name must end with .yaml, .yml or .json`)
  }
  return textLayer(path, readText(path), extension === '.json')
}

/** As `fileLayer` for text at hand; `name` is what errors call it. */
export function textLayer(name: string, text: string, isJson: boolean): ConfigLayer {
  const source = text.replace(/^\uFEFF/, '')
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const value = isJson ? jsonValue(name, source, document, lines) : yamlValue(name, document, lines)
  return {
    kind: 'file',
    value,
    locate: (path) => {
      const offset = offsetOf(document, path)
      return offset === undefined ? name : `${name}:${lines.linePos(offset).line}`
    },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const known: Readonly<Record<string, string>> = {
      ENOENT: 'no such file',
      EISDIR: 'it is a directory',
      EACCES: 'permission denied',
    }
    throw fileError(path, `cannot be read: ${known[code ?? ''] ?? String(error)}`, error)
  }
}

function yamlValue(name: string, document: ParsedDocument, lines: LineCounter): unknown {
  // A warning is e.g. an unknown tag, whose value would be read as something else than was written.
  const faults = firstPerLine([...document.errors, ...document.warnings], lines)
  if (faults.length > 0)
    throw new ConfigError(
      faults.map((fault) => syntaxIssue(name, fault, lines)),
      faults[0],
    )
  try {
    return document.toJS()
  } catch (error) {
    throw fileError(name, `cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function jsonValue(name: string, source: string, document: ParsedDocument, lines: LineCounter): unknown {
  // JSON.parse keeps the last of two equal keys and says nothing.
  const repeated = document.errors.filter((fault) => fault.code === 'DUPLICATE_KEY')
  if (repeated.length > 0)
    throw new ConfigError(
      repeated.map((fault) => syntaxIssue(name, fault, lines)),
      repeated[0],
    )
  try {
    return JSON.parse(source)
  } catch (error) {
    const offset = Math.min(jsonFaultOffset(source) ?? 0, source.trimEnd().length)
    const location = `${name}:${lines.linePos(offset).line}`
    const what = (error as Error).message
      .replace(/ in JSON at position \d+.*$/s, '')
      .replace(/, [^\n]*"[\s\S]*is not valid JSON$/, '')
    throw new ConfigError([{ path: '', message: `is not valid JSON: ${what}`, location }], error)
  }
}

/** One mistake often breaks several rules of YAML at once; the first to notice says it best. */
function firstPerLine(faults: readonly YAMLError[], lines: LineCounter): YAMLError[] {
  const seen = new Set<number>()
  return faults.filter((fault) => {
    const { line } = lines.linePos(fault.pos[0])
    return !seen.has(line) && seen.add(line)
  })
}

function syntaxIssue(name: string, fault: YAMLError, lines: LineCounter): ConfigIssue {
  const text = fault.code === 'DUPLICATE_KEY' ? 'the same field is given twice' : fault.message
  return { path: '', message: text, location: `${name}:${lines.linePos(fault.pos[0]).line}` }
}

function fileError(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ path: '', message, location: path }], cause)
}

/** Where the value at a path begins: its key, or its place in a list. The nearest parent when it is missing. */
function offsetOf(document: ParsedDocument, path: ConfigPath): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (pair === undefined) break
      offset = (pair.key as ParsedNode).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part]
      if (node === undefined) break
      offset = (node as ParsedNode).range?.[0] ?? offset
    } else break
  }
  return offset
}
