/**
 * The scoreboard of reliability: every promise that can be counted, judged at scale, in bounded time.
 *
 *   npm run reliability [-- --minutes N] [--rows a,b] [--seeds N] [--at-once N] [--counts-only] [--json] [--list]
 *
 * Ten minutes by default; fewer scale the counts down, and each row says at which scale it ran. Two rows run at
 * once, or --at-once: about half of them wait more than they compute. Exit code 1 when a row fails or the time was up before it
 * ran. With --counts-only bars in time are shown and not judged, for machines that are busy with other things.
 * docs/reliability.md explains the rows.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError, say } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT } from './lib/paths.mjs'
import { ROWS } from './reliability/rows.mjs'
import { runRow } from './reliability/run-row.mjs'

const AT_ONCE = '2'

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      rows: { type: 'string' },
      'at-once': { type: 'string', default: AT_ONCE },
      seeds: { type: 'string' },
      'counts-only': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const minutes = positive('minutes', values.minutes)
  const seeds = values.seeds === undefined ? null : positive('seeds', values.seeds)
  const rows = chosen(values.rows)
  const atOnce = positive('at-once', values['at-once'])
  if (values.list) {
    for (const { id, name, bar } of rows) process.stdout.write(`${id.padEnd(14)}${name}: ${bar}\n`)
    return
  }
  ensureInstalled(ROOT)
  // Scripts run on dist; tests run on the sources.
  if (rows.some(({ script }) => script !== undefined)) ensureBuilt()
  const deadlineMs = performance.now() + minutes * 60_000
  // What all rows cost at full scale, so many at once, against the time there is; some slack for a busy machine.
  const fullS = rows.reduce((total, row) => total + row.costS, 0) / atOnce
  const share = Math.min(1, (minutes * 60 * 0.75) / fullS)
  say(
    `${rows.length} rows within ${minutes} min, at ${Math.round(share * 100)} % of full scale; Node ${process.version}, ` +
      `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`,
  )
  // The longest first, so that the last one does not run alone.
  const waiting = [...rows].sort((a, b) => b.costS - a.costS)
  /** @type {Map<string, import('./reliability/run-row.mjs').Outcome>} */
  const outcomes = new Map()
  const lane = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      if (performance.now() >= deadlineMs) return
      const outcome = await runRow(row, { share, seeds, deadlineMs, judgesTimes: !values['counts-only'] })
      outcomes.set(row.id, outcome)
      say(`${outcome.verdict.padEnd(8)} ${row.id.padEnd(14)} ${outcome.seconds.toFixed(1).padStart(6)} s`)
    }
  }
  await Promise.all(Array.from({ length: Math.ceil(atOnce) }, lane))
  report(rows, outcomes, share, seeds, values.json)
})

/**
 * @param {readonly import('./reliability/rows.mjs').Row[]} rows
 * @param {Map<string, import('./reliability/run-row.mjs').Outcome>} outcomes
 * @param {number} share
 * @param {number | null} seeds
 * @param {boolean} json
 */
function report(rows, outcomes, share, seeds, json) {
  const lines = rows.map((row) => {
    const outcome = outcomes.get(row.id)
    return {
      row: row.id,
      promise: row.name,
      bar: row.bar,
      scale: row.scale(row.env?.(share, seeds) ?? {}),
      verdict: outcome?.verdict ?? 'not run',
      tests: outcome?.passed ?? 0,
      figure: outcome?.figure ?? '',
      seconds: Math.round(outcome?.seconds ?? 0),
      command: outcome?.command ?? '',
      failures: outcome?.failures ?? ['the time was up'],
    }
  })
  if (json) process.stdout.write(`${JSON.stringify(lines)}\n`)
  else {
    const columns = /** @type {const} */ (['verdict', 'row', 'promise', 'bar', 'scale', 'figure', 'seconds'])
    const widths = columns.map((name) => Math.max(name.length, ...lines.map((line) => String(line[name]).length)))
    const text = (/** @type {(name: typeof columns[number]) => unknown} */ cell) =>
      columns
        .map((name, index) => String(cell(name)).padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd()
    process.stdout.write(`\n${text((name) => name)}\n`)
    for (const line of lines) process.stdout.write(`${text((name) => line[name])}\n`)
    for (const line of lines.filter(({ verdict }) => verdict !== 'passed')) {
      process.stdout.write(`\n${line.row}: ${line.verdict}\n  alone: ${line.command}\n`)
      for (const failure of line.failures) process.stdout.write(`  ${failure}\n`)
      const output = outcomes.get(line.row)?.output
      if (output) process.stdout.write(`${output.split('\n').slice(-15).join('\n')}\n`)
    }
  }
  const failed = lines.filter(({ verdict }) => verdict !== 'passed').length
  process.stdout.write(`\n${lines.length - failed} passed, ${failed} failed\n`)
  if (failed > 0) process.exitCode = 1
}

/** @param {string | undefined} names */
function chosen(names) {
  if (names === undefined) return ROWS
  const wanted = names.split(',')
  const unknown = wanted.filter((name) => !ROWS.some(({ id }) => id === name))
  if (unknown.length > 0) {
    throw new ScriptError(`no such row: ${unknown.join(', ')}; there are ${ROWS.map(({ id }) => id).join(', ')}`)
  }
  return ROWS.filter(({ id }) => wanted.includes(id))
}

/** @param {string} name @param {string} text */
function positive(name, text) {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new ScriptError(`--${name} ${text} is not a number above 0`)
  return value
}
