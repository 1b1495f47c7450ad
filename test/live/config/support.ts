/** Helpers of the configuration tests. */
import { expect } from 'vitest'
import { ConfigError, type ConfigIssue } from '../../../src/live/config/index.js'

/** The issues that `make` fails with; fails the test when it does not. */
export function issuesOf(make: () => unknown): readonly ConfigIssue[] {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID', isTerminal: true })
    return (error as ConfigError).issues
  }
  throw new Error('expected a ConfigError, but the configuration was accepted')
}

/** The only issue, as `path: message`, with ` @location` when it has one. */
export function onlyIssueOf(make: () => unknown): string {
  const issues = issuesOf(make)
  expect(issues.map(issueText)).toHaveLength(1)
  return issueText(issues[0]!)
}

export function issueText(issue: ConfigIssue): string {
  const where = issue.location === undefined ? '' : ` @${issue.location}`
  return `${issue.path}: ${issue.message}${where}`
}

/** Every object reachable from `value` is frozen. */
export function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen)
}
