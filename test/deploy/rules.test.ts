/** What `deploy/` ships: rules and board are accepted by promtool, use metrics that exist, and lead to the runbook. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { FeedMetrics } from '../../src/metrics/index.js'
import { boardQueries, DEPLOY, fasterRules, RULES_PATH, type Rule, readRules } from '../support/deploy.js'
import { describeWithPrometheus, promtool } from '../support/prometheus.js'

const rules = readRules()
const alerts = rules.filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined)

interface AlertTest {
  readonly alertname: string
  readonly exp_alerts: readonly unknown[]
}

function alertTests(): AlertTest[] {
  const file = parse(readFileSync(`${DEPLOY}prometheus/rules.test.yml`, 'utf8')) as {
    tests: { alert_rule_test: AlertTest[] }[]
  }
  return file.tests.flatMap(({ alert_rule_test }) => alert_rule_test)
}

/** As GitHub makes anchors of headings. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

async function knownNames(): Promise<Set<string>> {
  const metrics = new FeedMetrics()
  const text = await metrics.text()
  metrics.close()
  const recorded = rules.flatMap(({ record }) => (record === undefined ? [] : [record]))
  const exported = [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1] ?? '')
  return new Set([...exported, ...recorded, 'up'])
}

/** Names of series in an expression: what is followed by a selector, or is written like ours. */
function namesIn(expr: string): string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, '""')
  const ours = [...bare.matchAll(/\b(?:[a-z]+:)?feedbus_\w+(?::\w+)?/g)]
  const selected = [...bare.matchAll(/\b([a-z_][\w:]*)\{/g)]
  return [...new Set([...ours.map((match) => match[0]), ...selected.map((match) => match[1] ?? '')])]
}

describe('alert rules', () => {
  it('each have a severity, a text and a section of the runbook', () => {
    const anchors = anchorsOf('runbook.md')
    expect(alerts.length).toBeGreaterThanOrEqual(8)
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning'], alert).toContain(labels?.['severity'])
      expect(annotations?.['summary']?.length, alert).toBeGreaterThan(10)
      expect(annotations?.['description']?.length, alert).toBeGreaterThan(20)
      const [page, anchor = ''] = (annotations?.['runbook'] ?? '').split('#')
      expect(page, alert).toBe('docs/runbook.md')
      expect(anchors, `${alert}: docs/runbook.md has no section "${anchor}"`).toContain(anchor)
    }
  })

  it('each have a test in which they fire and one in which they do not', () => {
    const tests = alertTests()
    for (const { alert } of alerts) {
      const own = tests.filter(({ alertname }) => alertname === alert)
      expect(
        own.some(({ exp_alerts }) => exp_alerts.length > 0),
        `${alert} fires in no test`,
      ).toBe(true)
      expect(
        own.some(({ exp_alerts }) => exp_alerts.length === 0),
        `${alert} is silent in no test`,
      ).toBe(true)
    }
    const known = new Set(alerts.map(({ alert }) => alert))
    expect(tests.filter(({ alertname }) => !known.has(alertname))).toEqual([])
  })

  it('ask for metrics that exist', async () => {
    const known = await knownNames()
    for (const { record, alert, expr } of rules) {
      const names = namesIn(expr)
      expect(names.length, alert ?? record).toBeGreaterThan(0)
      expect(names.filter((name) => !known.has(name))).toEqual([])
    }
  })

  it('run faster with nothing but their durations changed', () => {
    const faster = parse(fasterRules(60)) as { groups: { rules: Rule[] }[] }
    const scaled = faster.groups.flatMap((group) => group.rules)
    const withoutDurations = ({ expr, for: _for, ...rest }: Rule): object => ({
      ...rest,
      expr: expr.replaceAll(/\[\d+(?:ms|s|m|h)\]/g, '[]'),
    })
    expect(scaled.map(withoutDurations)).toEqual(rules.map(withoutDurations))
    expect(scaled.find(({ alert }) => alert === 'FeedbusFeedStale')?.for).toBe('1000ms')
    expect(fasterRules(60)).toContain('increase(feedbus_connection_reconnects_total[10000ms])')
  })
})

describe('the Grafana board', () => {
  const board = JSON.parse(readFileSync(`${DEPLOY}grafana/feedbus.json`, 'utf8')) as {
    panels: { id: number; type: string; title: string; gridPos: { x: number; y: number; w: number; h: number } }[]
  }

  it('has panels with ids and titles of their own that do not cover each other', () => {
    const { panels } = board
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    for (const [index, { title, gridPos: a }] of panels.entries()) {
      expect(a.x + a.w, title).toBeLessThanOrEqual(24)
      for (const { gridPos: b, title: other } of panels.slice(index + 1)) {
        const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
        expect(isApart, `${title} and ${other}`).toBe(true)
      }
    }
  })

  it('asks for metrics that exist, with no variable left open', async () => {
    const known = await knownNames()
    for (const { panel, expr } of boardQueries()) {
      expect(expr, panel).not.toMatch(/\$/)
      expect(
        namesIn(expr).filter((name) => !known.has(name)),
        panel,
      ).toEqual([])
    }
  })
})

describeWithPrometheus('promtool', ['promtool'], (program = '') => {
  /** Each query as a recording rule of its own: a broken one is named with its place. */
  function checkQueries(queries: readonly string[]): { ok: boolean; output: string } {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-board-'))
    try {
      const path = join(folder, 'board.yml')
      const recorded = queries.map((expr, index) => ({ record: `board:query:${index}`, expr }))
      writeFileSync(path, JSON.stringify({ groups: [{ name: 'board', rules: recorded }] }))
      return promtool(program, 'check', 'rules', path)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it('accepts the configuration and the rules', () => {
    const config = promtool(program, 'check', 'config', `${DEPLOY}prometheus/prometheus.yml`)
    expect(config.ok, config.output).toBe(true)
    const checked = promtool(program, 'check', 'rules', RULES_PATH)
    expect(checked.ok, checked.output).toBe(true)
    expect(checked.output).toContain(`${rules.length} rules found`)
  })

  it('finds that each alert fires when it should, and not when it should not', () => {
    const tested = promtool(program, 'test', 'rules', `${DEPLOY}prometheus/rules.test.yml`)
    expect(tested.ok, tested.output).toBe(true)
  })

  it('accepts every query of the board, and would not accept a broken one', () => {
    const queries = boardQueries().map(({ expr }) => expr)
    expect(queries.length).toBeGreaterThan(30)
    const checked = checkQueries(queries)
    expect(checked.ok, checked.output).toBe(true)
    expect(checkQueries(['sum by (manager (up)']).ok).toBe(false)
  })
})
