/** A panic inside the addon, as JavaScript sees it: an error, an object that is of no use any more, and nothing else. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { nodeArgsFor, privateRoot } from '../../../../scripts/lib/native-peers.mjs'
import { describeNative } from '../../../support/native.js'

const PROGRAM = fileURLToPath(new URL('programs/panic.ts', import.meta.url))

describeNative('a panic inside the addon', () => {
  it('is IPC_INTERNAL, poisons its object, and leaves the process and every other object as they were', {
    timeout: 60_000,
  }, () => {
    const root = privateRoot()
    try {
      const args = [...nodeArgsFor(PROGRAM), 'c', ...root.args]
      const child = spawnSync(process.execPath, args, { encoding: 'utf8' })
      // It did panic, and said where.
      expect(child.stderr).toMatch(/panicked at .*iceoryx2/)
      expect({ status: child.status, signal: child.signal }, child.stderr).toEqual({ status: 0, signal: null })
      const internal = {
        code: 'IPC_INTERNAL',
        isTerminal: true,
        message: 'a panic inside the node was caught; it cannot be used any more',
        hint: 'open a new one, and report this',
      }
      expect(JSON.parse(child.stdout)).toEqual({
        panic: internal,
        again: internal,
        listed: internal,
        prices: [1, 2],
        received: [7],
        peers: { value: { publishers: 0, subscribers: 0, nodes: 1 } },
        closed: {},
        closedAgain: {},
        afterwards: { value: { publishers: 0, subscribers: 0, nodes: 1 } },
      })
    } finally {
      root.remove()
    }
  })
})
