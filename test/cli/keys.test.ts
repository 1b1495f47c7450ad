import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { listenForKeys } from '../../src/cli/keys.js'

class Terminal extends EventEmitter {
  isTTY = true
  isRaw = false
  isFlowing = false
  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }
  resume(): this {
    this.isFlowing = true
    return this
  }
  pause(): this {
    this.isFlowing = false
    return this
  }
  type(text: string): void {
    this.emit('data', Buffer.from(text))
  }
}

interface Heard {
  readonly keys: string[]
  readonly notes: string[]
  interrupts: number
}

function listen(terminal: Terminal): { heard: Heard; stop: () => void } {
  const heard: Heard = { keys: [], notes: [], interrupts: 0 }
  const binding = (key: string, note: string | null) => ({
    key,
    help: `${key} help`,
    action: () => {
      heard.keys.push(key)
      return note
    },
  })
  const stop = listenForKeys(
    // Only the listed members are used.
    terminal as unknown as Parameters<typeof listenForKeys>[0],
    [binding('c', 'cut'), binding('q', null), { ...binding('n', null), also: ['\u001b[6~'] }],
    () => {
      heard.interrupts++
    },
    (note) => heard.notes.push(note),
  )
  return { heard, stop }
}

describe('keys', () => {
  it('run their action and pass on what it says', () => {
    const terminal = new Terminal()
    const { heard } = listen(terminal)
    terminal.type('cxq')

    expect(heard.keys).toEqual(['c', 'q'])
    expect(heard.notes).toEqual(['cut'])
  })

  it('interrupt on Ctrl-C, which raw mode delivers as a character', () => {
    const terminal = new Terminal()
    const { heard } = listen(terminal)
    expect(terminal.isRaw).toBe(true)
    terminal.type('\u0003')

    expect(heard.interrupts).toBe(1)
  })

  it('leave the terminal as it was', () => {
    const terminal = new Terminal()
    const { heard, stop } = listen(terminal)
    stop()
    terminal.type('c')

    expect(heard.keys).toEqual([])
    expect([terminal.isRaw, terminal.isFlowing, terminal.listenerCount('data')]).toEqual([false, false, 0])
  })

  it('stay off where there is no terminal', () => {
    const terminal = new Terminal()
    terminal.isTTY = false
    listen(terminal)

    expect([terminal.isRaw, terminal.isFlowing, terminal.listenerCount('data')]).toEqual([false, false, 0])
  })

  it('takes what a special key sends as one key, and none of its letters', () => {
    const terminal = new Terminal()
    const { heard, stop } = listen(terminal)
    terminal.type('\u001b[6~')
    terminal.type('\u001b[1;5c')
    terminal.type('\u001bOP')
    terminal.type('q')
    expect(heard.keys).toEqual(['n', 'q'])
    stop()
  })
})
