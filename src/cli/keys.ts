/** Single-key commands on a terminal. Puts stdin into raw mode and back. */
import type { ReadStream } from 'node:tty'

export interface KeyBinding {
  readonly key: string
  readonly help: string
  /** Returns what it did, for the user to read; `null` when there is nothing to say. */
  readonly action: () => string | null
}

/** Starts listening; the result ends it and restores the terminal. Does nothing without a TTY. */
export function listenForKeys(
  input: Pick<ReadStream, 'isTTY' | 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>,
  bindings: readonly KeyBinding[],
  onInterrupt: () => void,
  onNote: (text: string) => void,
): () => void {
  if (!input.isTTY) return () => {}
  const onData = (chunk: Buffer): void => {
    for (const character of chunk.toString('utf8')) {
      // Raw mode delivers Ctrl-C as a character instead of a signal.
      if (character === '\u0003') onInterrupt()
      else {
        const note = bindings.find((binding) => binding.key === character)?.action() ?? null
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
