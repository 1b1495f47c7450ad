import { describe, expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { EnvelopeEmitter } from '../../src/cli/emit.js'
import { VirtualClock } from '../../src/runtime/index.js'
import type { LogEvent } from '../../src/types/index.js'

const EVENT: LogEvent = { event: 'FEED_STALE', level: 'WARNING', message: 'silent', timeMs: 1, data: {} }

class Output {
  readonly writes: string[] = []
  write(text: string): void {
    this.writes.push(text)
  }
  get lines(): string[] {
    return this.writes
      .join('')
      .split('\n')
      .filter((line) => line !== '')
  }
}

function setUp(patterns: string[]): { bus: Bus; clock: VirtualClock; out: Output; emitter: EnvelopeEmitter } {
  const clock = new VirtualClock()
  const bus = new Bus({ clock })
  const out = new Output()
  return { bus, clock, out, emitter: new EnvelopeEmitter(bus, patterns, out, clock) }
}

describe('the emitter', () => {
  it('writes each matching envelope as one JSON line, in order of publishing', async () => {
    const { bus, clock, out } = setUp(['log.*'])
    bus.publish('log.event', EVENT, { source: 'spot' })
    bus.publish('log.event', EVENT)
    await clock.advance(1)

    const envelopes = out.lines.map((line) => JSON.parse(line))
    expect(envelopes.map(({ topic, seq }) => [topic, seq])).toEqual([
      ['log.event', 1],
      ['log.event', 2],
    ])
    expect(envelopes[0]).toMatchObject({ payload: { event: 'FEED_STALE' }, source: 'spot' })
  })

  it('gathers the lines of one turn in one write', async () => {
    const { bus, clock, out } = setUp(['log.event'])
    for (let index = 0; index < 100; index++) bus.publish('log.event', EVENT)
    expect(out.writes).toEqual([])
    await clock.advance(1)

    expect(out.writes.length).toBe(1)
    expect(out.lines.length).toBe(100)
  })

  it('does not wait for the turn to end when much is waiting', () => {
    const { bus, out } = setUp(['log.event'])
    const large: LogEvent = { ...EVENT, message: 'x'.repeat(70_000) }
    bus.publish('log.event', large)

    expect(out.writes.length).toBe(1)
  })

  it('writes an envelope that two patterns match once', () => {
    const { bus, out, emitter } = setUp(['log.event', 'log.*'])
    bus.publish('log.event', EVENT)
    emitter.close()

    expect(out.lines.length).toBe(1)
    expect(emitter.lineCount).toBe(1)
  })

  it('writes what is waiting when it closes, and nothing after', async () => {
    const { bus, clock, out, emitter } = setUp(['log.event'])
    bus.publish('log.event', EVENT)
    emitter.close()
    bus.publish('log.event', EVENT)
    await clock.advance(10)

    expect(out.lines.length).toBe(1)
  })
})
