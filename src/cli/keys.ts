/** Single-key commands on a terminal. Puts stdin into raw mode and back. */
import type { ReadStream } from 'node:tty'

export interface KeyBinding {
  /** A character, or what a special key sends, e.g. `\u001b[6~`. */
  readonly key: string
  /** Other keys that do the same. */
  readonly also?: readonly string[]
  /** For the footer; empty when another binding speaks for this one. */
  readonly help: string
  /** Returns what it did, for the user to read; `null` when there is nothing to say. */
  readonly action: () => string | null
}

/** One key: what a special key sends begins with an escape and is one word, or its letters would be taken for keys. */
const PRESSED = new RegExp(`${String.fromCharCode(27)}(?:\\[[0-9;]*[A-Za-z~]|O[A-Z])|[^]`, 'gu')

/** Starts listening; the result ends it and restores the terminal. Does nothing without a TTY. */
export function listenForKeys(
  input: Pick<ReadStream, 'isTTY' | 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>,
  bindings: readonly KeyBinding[],
  onInterrupt: () => void,
  onNote: (text: string) => void,
): () => void {
  if (!input.isTTY) return () => {}
  const onData = (chunk: Buffer): void => {
    for (const pressed of chunk.toString('utf8').match(PRESSED) ?? []) {
      // Raw mode delivers Ctrl-C as a character instead of a signal.
      if (pressed === '\u0003') onInterrupt()
      else {
        const note = bindings.find(({ key, also }) => key === pressed || also?.includes(pressed))?.action() ?? null
        if (note !== null) onNote(note)
      }
    }
  }
  input.setRawMode(true)
  input.resume()
  input.on('data', onData)
  return () => {
    input.off('data', onData)
    input.setRawMode(false)
    input.pause()
  }
}
