/** How the processes of a measurement tell each other what they found: one JSON value per line. */

/**
 * Writes one line to standard output; 64-bit integers become text. `onWritten` is called when it has left the process.
 * @param {unknown} value
 * @param {() => void} [onWritten]
 */
export function sayLine(value, onWritten) {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each))
  process.stdout.write(`${text}\n`, () => onWritten?.())
}
