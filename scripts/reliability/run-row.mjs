/** Runs one row of the scoreboard in processes of its own and reads what came of it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../lib/paths.mjs'
import { bin } from '../lib/process.mjs'

/**
 * @typedef {object} Outcome
 * @property {'passed' | 'failed' | 'not run'} verdict
 * @property {number} passed tests
 * @property {number} failed
 * @property {number} seconds
 * @property {string} figure
 * @property {string} command what runs this row alone
 * @property {string[]} failures names, with the first line of what went wrong
 * @property {string} output of the process, for a row that failed without naming a test
 */

/**
 * @param {import('./rows.mjs').Row} row
 * @param {{ share: number, seeds: number | null, deadlineMs: number, judgesTimes: boolean }} limits
 * @returns {Promise<Outcome>}
 */
export async function runRow(row, { share, seeds, deadlineMs, judgesTimes }) {
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-reliability-'))
  const figuresFile = join(folder, 'figures.jsonl')
  const reportFile = join(folder, 'report.json')
  const scale = row.env?.(share, seeds) ?? {}
  const started = performance.now()
  try {
    const { code, output, isCut } = await run(argsOf(row, share, reportFile), {
      env: { ...process.env, ...scale, FEEDBUS_FIGURES: figuresFile, NO_COLOR: '1' },
      timeoutMs: Math.max(1_000, deadlineMs - performance.now()),
    })
    const report = row.files === undefined ? scriptReport(code) : vitestReport(reportFile)
    const figures = existsSync(figuresFile)
      ? readFileSync(figuresFile, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []
    const isMet = row.isMet === undefined || !judgesTimes || (figures.length > 0 && row.isMet(figures))
    const failures = [...report.failures]
    if (isCut) failures.push('the time was up before it ended')
    if (!isMet) failures.push(`the bar was missed: ${row.bar}`)
    // A row whose tests were all filtered out has shown nothing.
    const isGood = code === 0 && !isCut && isMet && report.failed === 0 && report.passed > 0
    return {
      verdict: isGood ? 'passed' : 'failed',
      passed: report.passed,
      failed: report.failed,
      seconds: (performance.now() - started) / 1000,
      figure: row.figure !== undefined && figures.length > 0 ? row.figure(figures) : '',
      command: commandOf(row, scale, share),
      failures: !isGood && failures.length === 0 ? [`exit code ${code}, ${report.passed} tests passed`] : failures,
      output,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {import('./rows.mjs').Row} row @param {number} share @param {string} reportFile */
function argsOf(row, share, reportFile) {
  if (row.script !== undefined) {
    return [join(ROOT, 'scripts', `${row.script[0]}.mjs`), ...row.script.slice(1), ...(row.args?.(share) ?? [])]
  }
  const filter = row.only === undefined ? [] : ['-t', row.only]
  return [
    bin('vitest'),
    'run',
    ...(row.files ?? []),
    ...filter,
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    '--maxWorkers=1',
  ]
}

/** @param {import('./rows.mjs').Row} row @param {Record<string, string>} scale @param {number} share */
function commandOf(row, scale, share) {
  if (row.script !== undefined) return `npm run ${row.script.join(' ')} -- ${(row.args?.(share) ?? []).join(' ')}`
  const env = Object.entries(scale).map(([name, value]) => `${name}=${value} `)
  const filter = row.only === undefined ? '' : ` -t "${row.only}"`
  return `${env.join('')}npx vitest run ${(row.files ?? []).join(' ')}${filter}`
}

/** @param {string} file */
function vitestReport(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, failures: ['the tests did not run'] }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  /** @type {string[]} */
  const failures = []
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.length === 0) failures.push(firstLine(suite.message))
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') failures.push(`${test.fullName}: ${firstLine(test.failureMessages[0] ?? '')}`)
    }
  }
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numFailedTestSuites, failures }
}

/** @param {number} code */
function scriptReport(code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, failures: [] }
}

/** @param {string} text */
function firstLine(text) {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? 'no message'
  )
}

/**
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<{ code: number, output: string, isCut: boolean }>}
 */
function run(args, { env, timeoutMs }) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that the workers end with it when the time is up.
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let output = ''
    let isCut = false
    const keep = (/** @type {Buffer} */ data) => {
      output = (output + data.toString()).slice(-20_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const timer = setTimeout(() => {
      isCut = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, timeoutMs)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? 1, output, isCut })
    })
  })
}
