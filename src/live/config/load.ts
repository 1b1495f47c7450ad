/**
 * Entry points that read configuration from outside: file, environment, command line, or all of them with
 * the precedence flags over environment over file over defaults.
 */

import { ConfigError, type ConfigIssue } from '../errors.js'
import { restUrlOrigin } from './endpoints.js'
import { type ConfigField, configFields } from './fields.js'
import { fileLayer } from './file.js'
import { type ConfigLayer, type LayerKind, type MergedLayers, mergeLayers } from './layers.js'
import { configProblems, LiveFeedConfig } from './live-feed-config.js'
import { configError } from './problem.js'
import { environmentLayer, environmentProblems, flagLayer } from './text-layers.js'
import { venueInfo } from './venues.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ConfigSources {
  /** Path of a `.yaml`, `.yml` or `.json` file. */
  readonly file?: string | undefined
  /** E.g. `process.env`. Only the documented `FEEDBUS_…` names are read. */
  readonly env?: Environment | undefined
  /**
   * A parsed command line: camel-case keys as in `configFields()` (`venue`, `symbols`, `streams`, `baseUrl`,
   * …), values as text or already of their type. Other keys are left alone, they belong to the command.
   */
  readonly flags?: Readonly<Record<string, unknown>> | undefined
}

export interface EffectiveValue {
  /** `connection.pingIntervalMs` */
  readonly path: string
  /** As the feed uses it; `null` for a field that is not set. */
  readonly value: unknown
  readonly kind: 'default' | LayerKind
  /** `default`, `file feed.yaml:7`, `env FEEDBUS_VENUE`, `flag --venue`; for addresses e.g. `default of BINANCE_SPOT`. */
  readonly origin: string
}

export interface ConfigExplanation {
  readonly config: LiveFeedConfig
  /** One per field, in the order of the documentation. */
  readonly values: readonly EffectiveValue[]
}

/** Reads a file, and the environment above it when given. Throws `ConfigError` with `file:line` in each issue. */
export function loadConfigFile(path: string, options: { readonly env?: Environment | undefined } = {}): LiveFeedConfig {
  return loadConfig({ file: path, env: options.env })
}

/** The configuration that the `FEEDBUS_…` variables describe alone. Throws `ConfigError`. */
export function configFromEnv(env: Environment): LiveFeedConfig {
  return loadConfig({ env })
}

/** All sources together, flags over environment over file over defaults. Throws `ConfigError`. */
export function loadConfig(sources: ConfigSources): LiveFeedConfig {
  return read(sources).config
}

/** As `loadConfig`, and for every field its value in force and where it was written. Throws `ConfigError`. */
export function explainConfig(sources: ConfigSources): ConfigExplanation {
  const { config, merged } = read(sources)
  return { config, values: configFields().map((field) => effectiveValue(config, merged, field)) }
}

function read(sources: ConfigSources): { config: LiveFeedConfig; merged: MergedLayers } {
  const { file, env, flags } = sources
  const layers: ConfigLayer[] = []
  if (file !== undefined) layers.push(fileLayer(file))
  if (env !== undefined) layers.push(environmentLayer(env))
  if (flags !== undefined) layers.push(flagLayer(flags))
  const merged = mergeLayers(layers)
  // With a broken stream list there may be no streams left; that is no problem of its own.
  const further = configProblems(merged.value).filter(
    (problem) => merged.problems.length === 0 || problem.path.length > 0,
  )
  const problems = [...merged.problems, ...further]
  const misnamed = env === undefined ? [] : environmentProblems(env).map(misnamedVariable)
  if (problems.length + misnamed.length > 0) {
    throw new ConfigError([...inFileOrder(configError(problems, merged.locate).issues, file), ...misnamed])
  }
  return { config: LiveFeedConfig.parse(merged.value), merged }
}

/** What is wrong in the file, from its top to its end; then the rest. */
function inFileOrder(issues: readonly ConfigIssue[], file: string | undefined): ConfigIssue[] {
  const lineOf = (issue: ConfigIssue): number => {
    if (file === undefined || issue.location === undefined) return Number.MAX_SAFE_INTEGER
    if (issue.location === file) return 0
    const line = issue.location.startsWith(`${file}:`) ? Number(issue.location.slice(file.length + 1)) : Number.NaN
    return Number.isInteger(line) ? line : Number.MAX_SAFE_INTEGER
  }
  return issues.toSorted((a, b) => lineOf(a) - lineOf(b))
}

function misnamedVariable(problem: { name: string; message: string }): ConfigIssue {
  return { path: '', message: problem.message, location: `env ${problem.name}` }
}

function effectiveValue(config: LiveFeedConfig, merged: MergedLayers, field: ConfigField): EffectiveValue {
  const value = field.path.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], config)
  const layer = merged.layerOf(field)
  if (layer === undefined) return { path: field.pathText, value, kind: 'default', origin: defaultOrigin(config, field) }
  const place = placeOf(layer, field.path)
  const isTakenOver = field.key === 'symbols' && merged.listLayer !== undefined
  const origin = isTakenOver ? `${place}, used by ${placeOf(merged.listLayer, ['streams'])}` : place
  return { path: field.pathText, value, kind: layer.kind, origin }
}

function placeOf(layer: ConfigLayer, path: readonly string[]): string {
  const place = layer.locate(path) ?? layer.kind
  return layer.kind === 'file' ? `file ${place}` : place
}

function defaultOrigin(config: LiveFeedConfig, field: ConfigField): string {
  const info = venueInfo(config.venue)
  if (field.key === 'baseUrl') return info.wsUrl === '' ? 'not set' : `default of ${config.venue}`
  if (field.key !== 'restUrl') return 'default'
  const { baseUrl } = config.connection
  const origin = restUrlOrigin(info, baseUrl === info.wsUrl ? {} : { baseUrl })
  if (origin === 'baseUrl') return 'beside connection.baseUrl'
  return origin === 'none' ? 'not set' : `default of ${config.venue}`
}
