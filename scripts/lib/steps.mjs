/** Runs named steps one after the other, all of them even when one fails, and says at the end how each went. */
import { say, seconds } from './console.mjs'

/**
 * @param {readonly { name: string, run: () => Promise<number | 'skipped'> | number | 'skipped' }[]} steps
 *   `run` gives an exit code, or `'skipped'` after having said why
 * @returns {Promise<number>} 0 when nothing failed
 */
export async function runSteps(steps) {
  const lines = []
  let failed = 0
  for (const { name, run } of steps) {
    say(`\n── ${name}`)
    const start = performance.now()
    const code = await run()
    if (code !== 0 && code !== 'skipped') failed++
    const verdict = code === 0 ? 'ok' : code === 'skipped' ? 'skipped' : `FAILED (exit code ${code})`
    lines.push(`${verdict.padEnd(24)}${seconds(start).padStart(9)}  ${name}`)
  }
  say(`\n${lines.join('\n')}`)
  return failed === 0 ? 0 : 1
}
