/**
 * Memory over days: a feed on a virtual clock in a process of its own, with the connection lost every ten simulated
 * minutes. FEEDBUS_ENDURANCE_HOURS=<hours> of virtual time, at least 3; 24 make more than 50 million messages.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportFigures } from '../../support/figures.js'
import { slope } from '../../support/slope.js'
import { type TranspiledProgram, transpileProgram } from '../../support/transpiled.js'

const CHILD = fileURLToPath(new URL('./endurance-child.ts', import.meta.url))
const HOURS = Number(process.env['FEEDBUS_ENDURANCE_HOURS'] ?? 3)
const MIB = 2 ** 20

interface Hour {
  readonly hour: number
  readonly heapUsed: number
  readonly rss: number
  readonly arrayBuffers: number
  readonly timers: number
  readonly sockets: number
  readonly live: number
  readonly open: number
}

let program: TranspiledProgram
beforeAll(() => {
  program = transpileProgram(CHILD)
})
afterAll(() => program.remove())

describe('a feed that runs for a day', () => {
  it(`keeps its memory, timers and sockets over ${HOURS} simulated hours with a reconnect every ten minutes`, {
    timeout: 240_000 + HOURS * 60_000,
  }, async () => {
    const child = spawn(process.execPath, ['--expose-gc', program.main, String(HOURS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(0)
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>)
    const end = lines.pop() as Record<string, number>
    const hours = lines as unknown as Hour[]
    expect(hours).toHaveLength(HOURS)
    for (const { timers, sockets, live, open } of hours) {
      expect({ timers, sockets, live, open }).toEqual({ timers: hours[0]?.timers, sockets: 1, live: 4, open: 1 })
    }
    expect(end).toMatchObject({ timers: 0, sockets: 0, rejected: 0, lostCandles: 0, openGaps: 0 })
    // Every frame is accounted for.
    expect((end['received'] ?? 0) + (end['leftOver'] ?? 0)).toBe(end['frames'])

    // What is bounded fills first: compiled code and latency windows within the hour, the thousand gaps that are
    // remembered within half a day.
    const warm = hours.slice(HOURS < 12 ? 1 : 12)
    const heap = warm.map(({ heapUsed, arrayBuffers }) => heapUsed + arrayBuffers)
    const heapGrowth = (heap.at(-1) ?? 0) / (heap[0] ?? 1) - 1
    const rssPerHour = slope(warm.map(({ rss }) => rss)) / MIB
    reportFigures('endurance', {
      hours: HOURS,
      messages: end['frames'] ?? 0,
      heapMib: (heap.at(-1) ?? 0) / MIB,
      heapGrowth,
      rssMibPerHour: Number.isNaN(rssPerHour) ? 0 : rssPerHour,
    })
    expect(heapGrowth).toBeLessThan(0.05)
    // Resident memory moves in steps of the allocator: a slope means something over many hours only.
    if (HOURS >= 12) expect(rssPerHour).toBeLessThan(1)
  })
})
