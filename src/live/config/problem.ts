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

/** Of several problems at one path the last, more specific one stays. */
export function onePerPath(problems: readonly Problem[]): Problem[] {
  const byPath = new Map<string, Problem>()
  for (const problem of problems) byPath.set(formatPath(problem.path), problem)
  return [...byPath.values()]
}
