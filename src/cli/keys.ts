/** Single-key commands on a terminal. Puts stdin into raw mode and back. */
import type { ReadStream } from 'node:tty'

export interface KeyBinding {
  readonly key: string
  readonly help: string
  readonly action: () => void
}

/** Starts listening; the result ends it and restores the terminal. Does nothing without a TTY. */
export function listenForKeys(input: ReadStream, bindings: readonly KeyBinding[], onInterrupt: () => void): () => void {
  if (!input.isTTY) return () => {}
  const onData = (chunk: Buffer): void => {
    for (const character of chunk.toString('utf8')) {
      // Raw mode delivers Ctrl-C as a character instead of a signal.
      if (character === '\u0003') onInterrupt()
      else bindings.find((binding) => binding.key === character)?.action()
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
