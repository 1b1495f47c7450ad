/** A configuration problem before it is known where its text came from, and how it becomes a `ConfigIssue`. */
import { ConfigError, type ConfigIssue } from '../errors.js'

export type ConfigPath = readonly (string | number)[]

export interface Problem {
  readonly path: ConfigPath
  readonly message: string
}

/** Where the value at a path was written: `feed.yaml:7`, `env FEEDBUS_VENUE`; `undefined` when not known. */
export type Locate = (path: ConfigPath) => string | undefined

/** `['streams', 1, 'interval']` as `streams[1].interval`. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

export function configError(
  problems: readonly Problem[],
  locate: Locate = () => undefined,
  cause?: unknown,
): ConfigError {
  const issues = problems.map((problem): ConfigIssue => {
    const location = locate(problem.path)
    const issue = { path: formatPath(problem.path), message: problem.message }
    return Object.freeze(location === undefined ? issue : { ...issue, location })
  })
  return new ConfigError(Object.freeze(issues), cause)
}

/** One sentence about a value is enough, although it may break several conditions of its field. */
export function onePerPath(problems: readonly Problem[]): Problem[] {
  const byPath = new Map(problems.toReversed().map((problem) => [formatPath(problem.path), problem]))
  return [...byPath.values()].toReversed()
}

/** Field problems, then rule problems. Where both speak of a value the rule knows more: the venue, the type. */
export function withRules(fields: readonly Problem[], rules: readonly Problem[]): Problem[] {
  const ruled = new Set(rules.map((problem) => formatPath(problem.path)))
  return [...fields.filter((problem) => !ruled.has(formatPath(problem.path))), ...rules]
}
