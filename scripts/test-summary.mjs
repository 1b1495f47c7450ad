/**
 * Reads vitest's JSON reports and closes with one plain line of counts, so that a log, or a machine reading it,
 * can tell "all passed" from "nothing ran". Fails when a report is absent, holds a failure or ran no test.
 *
 *   node scripts/test-summary.mjs REPORT.json […]
 */
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0
for (const path of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    passed += report.numPassedTests
    skipped += report.numPendingTests + report.numTodoTests
    // A file that does not even load counts no test; it is a failure all the same.
    const brokenFiles = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    )
    failed += report.numFailedTests + brokenFiles.length
    for (const { name, message } of brokenFiles) console.log(`could not run ${name}: ${message}`)
  } catch (error) {
    console.log(`no usable report ${path}: ${error instanceof Error ? error.message : error}`)
    failed++
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
if (failed > 0 || passed === 0) process.exitCode = 1
