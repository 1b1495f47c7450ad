/**
 * What the scripts print and how they end. Everything goes to stderr, so that stdout belongs to the program
 * that follows (`npm start -- --json` is read by other programs).
 */

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** An expected failure: its message is the whole report, a stack would only hide it. */
export class ScriptError extends Error {
  name = 'ScriptError'
}

/**
 * Runs a script's body; a {@link ScriptError} becomes readable text and exit code 1.
 * @param {() => void | Promise<void>} body
 */
export async function runScript(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    say(`\n${error.message}\n`)
    process.exitCode = 1
  }
}

/** @param {number} startMs from `performance.now()` */
export function seconds(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`
}
