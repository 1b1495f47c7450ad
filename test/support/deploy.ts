/** The files of `deploy/`, as tests need them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const DEPLOY: string = fileURLToPath(new URL('../../deploy/', import.meta.url))
export const RULES_PATH: string = `${DEPLOY}prometheus/rules.yml`

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export function readRules(): Rule[] {
  const file = parse(readFileSync(RULES_PATH, 'utf8')) as { groups: { rules: Rule[] }[] }
  return file.groups.flatMap(({ rules }) => rules)
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * The shipped rule file with every duration (`for: 1m`, `[10m]`) divided by `factor`, and nothing else changed: the
 * same rules on a clock that runs faster. Names of recording rules keep theirs.
 */
export function fasterRules(factor: number): string {
  const shorter = (count: string, unit: string): string =>
    `${Math.max(count === '0' ? 0 : 1, Math.round((Number(count) * (MS_PER_UNIT[unit] ?? 0)) / factor))}ms`
  return readFileSync(RULES_PATH, 'utf8')
    .replace(
      /^(\s+for: )(\d+)([smh])$/gm,
      (_, start: string, count: string, unit: string) => start + shorter(count, unit),
    )
    .replace(/\[(\d+)([smh])\]/g, (_, count: string, unit: string) => `[${shorter(count, unit)}]`)
}

export interface BoardQuery {
  readonly panel: string
  readonly expr: string
}

/** All queries of the Grafana board, with its variables filled in. */
export function boardQueries(): BoardQuery[] {
  const board = JSON.parse(readFileSync(`${DEPLOY}grafana/feedbus.json`, 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[]
  }
  return board.panels.flatMap(({ title, targets }) =>
    (targets ?? []).map(({ expr }) => ({ panel: title, expr: fillVariables(expr) })),
  )
}

/** What Grafana does before it asks. */
function fillVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(instance|manager)\b/g, '.*')
}
