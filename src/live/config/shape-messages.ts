/**
 * Turns what the schema library reports into sentences that name the bad value, what is allowed and what was
 * probably meant. Knows the fields only through `schemaNode`.
 */
import type { z } from 'zod'
import { type JsonSchemaNode, schemaNode } from './json-schema.js'
import { type ConfigPath, formatPath, onePerPath, type Problem } from './problem.js'
import { type ParsedConfig, parseConfigShape, parseStreamShape } from './schema.js'
import { didYouMean, isInSeconds, nearest, quote, sameWords, showValue } from './suggest.js'
import { symbolProblem } from './symbols.js'

type Issue = z.core.$ZodIssue

/** Checks every field by itself. `config` is present only without problems. */
export function checkShape(input: unknown): { config?: ParsedConfig; problems: Problem[] } {
  const checked = parseConfigShape(input)
  if (checked.value !== undefined) return { config: checked.value, problems: [] }
  return { problems: onePerPath(problemsOf(checked.issues, input)) }
}

/** Checks one stream by itself; problems are at `path` and below. */
export function checkStreamShape(input: unknown, path: ConfigPath): Problem[] {
  const checked = parseStreamShape(input)
  if (checked.value !== undefined) return []
  // The texts are those of a stream inside a configuration.
  const base = ['streams', 0]
  const issues = checked.issues.map((issue) => ({ ...issue, path: [...base, ...issue.path] }))
  const problems = onePerPath(problemsOf(issues, { streams: [input] }))
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path.slice(base.length)] }))
}

function problemsOf(issues: readonly Issue[], input: unknown): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownFieldMessage(path, key, valueAt(input, [...path, key])),
      }))
    }
    return [{ path, message: badValueMessage(path, valueAt(input, path)) }]
  })
}

/** The value at a path of unchecked input; `undefined` when there is none. */
export function valueAt(input: unknown, path: ConfigPath): unknown {
  let value = input
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

function unknownFieldMessage(parent: ConfigPath, key: string, value: unknown): string {
  const siblings = Object.keys(schemaNode(parent)?.properties ?? {}).filter((name) => name !== '$schema')
  const meant = nearest(key, siblings)
  if (meant !== undefined) return `unknown field. Did you mean ${meant}?${unitHint(key, meant, value)}`
  const elsewhere = placesOf(key, parent)
  if (elsewhere !== undefined) {
    return `unknown field here. Did you mean ${elsewhere.path}?${unitHint(key, elsewhere.name, value)}`
  }
  return `unknown field; known here: ${siblings.join(', ')}`
}

/** The place outside `parent` where a field of these words lives. A near miss would be a far guess there. */
function placesOf(key: string, parent: ConfigPath): { path: string; name: string } | undefined {
  for (const section of [
    [],
    ['book'],
    ['candles'],
    ['trades'],
    ['connection'],
    ['health'],
    ['connection', 'refreshWindow'],
  ]) {
    if (formatPath(section) === formatPath(parent)) continue
    const name = sameWords(key, Object.keys(schemaNode(section)?.properties ?? {}))
    if (name !== undefined) return { path: formatPath([...section, name]), name }
  }
  return undefined
}

function unitHint(given: string, meant: string, value: unknown): string {
  if (!isInSeconds(given) || !isInMs(meant)) return ''
  const example = typeof value === 'number' && Number.isFinite(value) ? value : 30
  return ` It is in milliseconds: ${example} s is ${Math.round(example * 1000)}.`
}

function isInMs(name: string): boolean {
  return /Ms(Max|Min)?$/.test(name)
}

function badValueMessage(path: ConfigPath, value: unknown): string {
  const node = schemaNode(path)
  const name = path.at(-1)
  if (path.length === 0) return `${showValue(value)} is not a configuration: an object with at least venue is needed`
  if (value === undefined) return `is required${requirement(node)}`
  if (isSymbolPath(path) && typeof value === 'string')
    return symbolProblem(value) ?? `symbol ${quote(value)} is not valid`
  if (isSymbolPath(path)) return `${showValue(value)} is not a symbol: write it as text in quotes, e.g. "BTCUSDT"`
  if (node?.properties !== undefined) return sectionMessage(value, node)
  if (node?.type === 'array') return listMessage(name, value)
  if (name === 'depthLevels' && value === 'full') {
    return '"full" is not one of 5, 10, 20. Leave depthLevels out for the maintained full book'
  }
  return `${showValue(value)} ${expectation(node, name)}${valueHint(node, name, value)}`
}

function requirement(node: JsonSchemaNode | undefined): string {
  const choices = choicesOf(node)
  return choices.length > 0 ? `: one of ${choices.join(', ')}` : ''
}

function sectionMessage(value: unknown, node: JsonSchemaNode): string {
  const fields = Object.keys(node.properties ?? {}).join(', ')
  if (value === null) return `is empty: remove it, or give it fields (${fields})`
  return `${showValue(value)} is not an object with the fields ${fields}`
}

function listMessage(name: string | number | undefined, value: unknown): string {
  if (value === null) return 'is empty: remove it, or give it a list'
  const example =
    name === 'symbols' && typeof value === 'string' ? value.split(',').map((part) => part.trim()) : undefined
  const hint = example === undefined ? '' : `; write ${JSON.stringify(example)}`
  return `${showValue(value)} is not a list${hint}`
}

function expectation(node: JsonSchemaNode | undefined, name: string | number | undefined): string {
  const choices = choicesOf(node)
  if (choices.length > 0) return `is not one of ${choices.join(', ')}`
  if (node?.type === 'boolean') return 'is not true or false'
  if (node?.type === 'string') return 'is not a text'
  const numeric = node?.anyOf?.find((part) => part.type === 'integer') ?? node
  const kind = numeric?.type === 'integer' ? 'a whole number' : 'a number'
  const unit = typeof name === 'string' && isInMs(name) ? ' of milliseconds' : ''
  const range = rangeOf(numeric)
  return `is not ${kind}${unit}${range}${node?.anyOf === undefined ? '' : ', or Infinity'}`
}

function rangeOf(node: JsonSchemaNode | undefined): string {
  const { minimum, maximum } = node ?? {}
  if (minimum === undefined) return ''
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `, ${minimum} or more`
    : ` from ${minimum} to ${maximum}`
}

function choicesOf(node: JsonSchemaNode | undefined): string[] {
  return (node?.enum ?? []).map(String)
}

function valueHint(node: JsonSchemaNode | undefined, name: string | number | undefined, value: unknown): string {
  if (typeof value !== 'string') {
    // `interval: 1` and `updateSpeed: 100`: the unit is part of the text.
    if (typeof value === 'number' && name === 'updateSpeed') return `; write "${value}ms"`
    return ''
  }
  const choices = choicesOf(node)
  if (choices.length > 0) {
    const text = value.trim()
    // Only case tells a minute from a month, so a near miss of an interval is not for us to guess.
    if (name === 'interval' || name === 'defaultKlineInterval') return intervalHint(text, choices)
    return didYouMean(text, choices)
  }
  if (node?.type === 'boolean') return booleanHint(value)
  if (typeof name === 'string' && isInMs(name)) {
    const ms = durationTextMs(value)
    if (ms !== undefined) return `: durations are numbers of milliseconds; write ${ms}`
  }
  if (node?.anyOf !== undefined && /^[.+]?inf(inity)?$/i.test(value.trim())) return '. Did you mean Infinity?'
  const plain = value.replaceAll('_', '')
  if (value.trim() !== '' && Number.isFinite(Number(plain)))
    return `: it is a text; write ${Number(plain)} without quotes`
  return ''
}

function booleanHint(value: string): string {
  const text = value.trim().toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return '; write true without quotes'
  if (['false', 'no', 'off', '0'].includes(text)) return '; write false without quotes'
  return ''
}

const INTERVAL_UNITS: Readonly<Record<string, string>> = {
  s: 's',
  sec: 's',
  second: 's',
  m: 'm',
  min: 'm',
  minute: 'm',
  h: 'h',
  hour: 'h',
  d: 'd',
  day: 'd',
  w: 'w',
  week: 'w',
  mo: 'M',
  mon: 'M',
  month: 'M',
}

/** `5min` and `1H` as the venue writes them, when it has them. */
function intervalHint(text: string, choices: readonly string[]): string {
  const match = /^(\d+)\s*([a-z]+?)s?$/i.exec(text)
  const unit = INTERVAL_UNITS[match?.[2]?.toLowerCase() ?? '']
  const minutes = unit === 'm' ? Number(match?.[1]) : Number.NaN
  const meant = minutes % 60 === 0 ? `${minutes / 60}h` : `${match?.[1]}${unit}`
  return choices.includes(meant) ? `. Did you mean ${meant}?` : ''
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `30s` as 30000; `undefined` when it is no duration text. */
export function durationTextMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim())
  const unit = DURATION_UNITS_MS[match?.[2]?.toLowerCase() ?? '']
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit)
}

function isSymbolPath(path: ConfigPath): boolean {
  const isInSymbols = path[0] === 'symbols' && path.length === 2
  return isInSymbols || (path[0] === 'streams' && path.at(-1) === 'symbol')
}
