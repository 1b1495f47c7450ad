import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectLimiter } from '../../../src/live/connection/connect-limiter.js'
import { ControlPace, ControlPacer } from '../../../src/live/connection/control-pacer.js'
import { parseControlReply } from '../../../src/live/connection/control-reply.js'
import { frameStreamName } from '../../../src/live/connection/frame-stream-name.js'
import { decideReconnect } from '../../../src/live/connection/reconnect-policy.js'
import { refreshDelayMs } from '../../../src/live/connection/refresh-schedule.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import { Rig, spec } from './rig.js'

const HOUR_MS = 3_600_000

describe('back-off', () => {
  it('stays within base and cap times jitter, for every attempt, also at the cap', () => {
    fc.assert(
      fc.property(
        fc.record({
          baseDelayMs: fc.integer({ min: 1, max: 10_000 }),
          capFactor: fc.integer({ min: 1, max: 1_000 }),
          jitterRatio: fc.double({ min: 0, max: 1, noNaN: true }),
          random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          attempt: fc.integer({ min: 1, max: 2_000_000 }),
        }),
        ({ baseDelayMs, capFactor, jitterRatio, random, attempt }) => {
          const delayMsMax = baseDelayMs * capFactor
          const end = { code: 1006, reason: '', httpStatus: undefined, retryAfterMs: undefined }
          const { delayMs } = decideReconnect(end, attempt, { baseDelayMs, delayMsMax, jitterRatio }, random)
          const plain = Math.min(baseDelayMs * 2 ** Math.min(attempt - 1, 60), delayMsMax)
          expect(delayMs).toBeGreaterThanOrEqual(plain * (1 - jitterRatio) - 1e-6)
          expect(delayMs).toBeLessThanOrEqual(plain * (1 + jitterRatio) + 1e-6)
        },
      ),
    )
  })

  it('never returns before Retry-After', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 1, max: 40 }), (retryAfterMs, attempt) => {
        const backoff = { baseDelayMs: 1_000, delayMsMax: 60_000, jitterRatio: 0.3 }
        const end = { code: 1006, reason: '', httpStatus: 429, retryAfterMs }
        const decision = decideReconnect(end, attempt, backoff, 0.5)
        expect(decision.delayMs).toBeGreaterThanOrEqual(retryAfterMs)
        expect(decision.pauseAllMs).toBe(retryAfterMs)
      }),
    )
  })
})

describe('control pacer', () => {
  it('never sends two messages within an interval, however it is woken, and sends all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 900 }), messages: fc.integer({ min: 0, max: 4 }) }), {
          maxLength: 30,
        }),
        fc.constantFrom(200, 500),
        fc.nat(29),
        async (wakes, intervalMs, slowAt) => {
          const clock = new VirtualClock()
          const pace = new ControlPace(clock, intervalMs)
          let queued = 0
          let offered = 0
          const sent: number[] = []
          const pacer = new ControlPacer(clock, pace, () => {
            if (queued === 0) return false
            queued--
            sent.push(clock.monotonicMs())
            pacer.wake()
            return true
          })
          for (const [index, { afterMs, messages }] of wakes.entries()) {
            await clock.advance(afterMs)
            if (index === slowAt) pace.slowDown()
            queued += messages
            offered += messages
            pacer.wake()
          }
          await clock.advance(offered * intervalMs * 2 + intervalMs * 2)
          expect(sent).toHaveLength(offered)
          for (let index = 1; index < sent.length; index++) {
            expect((sent[index] ?? 0) - (sent[index - 1] ?? 0)).toBeGreaterThanOrEqual(intervalMs)
          }
          expect(clock.pendingTimerCount).toBe(0)
        },
      ),
    )
  })

  it('forgives a slow-down step by step', async () => {
    const clock = new VirtualClock()
    const pace = new ControlPace(clock, 500)
    for (let index = 0; index < 10; index++) pace.slowDown()
    expect(pace.intervalMs).toBe(4_000)
    await clock.advance(10 * 60_000)
    expect(pace.intervalMs).toBe(2_000)
    await clock.advance(60 * 60_000)
    expect(pace.intervalMs).toBe(500)
  })
})

describe('connect limiter', () => {
  it('keeps count, spacing and pauses, and serves everybody who does not withdraw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            afterMs: fc.integer({ min: 0, max: 400 }),
            what: fc.constantFrom('request', 'request', 'request', 'withdraw', 'pause'),
          }),
          { maxLength: 60 },
        ),
        async (steps) => {
          const clock = new VirtualClock()
          const limiter = new ConnectLimiter(clock, { attemptsMax: 5, windowMs: 2_000, spacingMs: 100 })
          const attempts: number[] = []
          const pauses: { from: number; to: number }[] = []
          const withdrawals: (() => void)[] = []
          let wished = 0
          let withdrawn = 0
          for (const { afterMs, what } of steps) {
            await clock.advance(afterMs)
            const nowMs = clock.monotonicMs()
            if (what === 'pause') {
              limiter.pauseFor(700)
              pauses.push({ from: nowMs, to: nowMs + 700 })
            } else if (what === 'withdraw') {
              const before = limiter.waitingCount
              withdrawals.pop()?.()
              withdrawn += before - limiter.waitingCount
            } else {
              wished++
              withdrawals.push(limiter.request(() => attempts.push(clock.monotonicMs())))
            }
          }
          await clock.advance(120_000)
          expect(attempts).toHaveLength(wished - withdrawn)
          for (const [index, at] of attempts.entries()) {
            if (index > 0) expect(at - (attempts[index - 1] ?? 0)).toBeGreaterThanOrEqual(100)
            expect(attempts.filter((other) => other > at - 2_000 && other <= at).length).toBeLessThanOrEqual(5)
            for (const pause of pauses) expect(at <= pause.from || at >= pause.to).toBe(true)
          }
          expect(clock.pendingTimerCount).toBe(0)
        },
      ),
    )
  })
})

describe('refresh schedule', () => {
  const plan = fc.record({
    openedAtMs: fc.integer({ min: 1_790_000_000_000, max: 1_800_000_000_000 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    window: fc.record({ fromHour: fc.integer({ min: 0, max: 23 }), toHour: fc.integer({ min: 1, max: 24 }) }),
  })

  it('never plans beyond the wanted age without a window', () => {
    fc.assert(
      fc.property(plan, fc.integer({ min: 60_000, max: 23 * HOUR_MS }), ({ openedAtMs, random }, ageMsMax) => {
        const delayMs = refreshDelayMs({ openedAtMs, random, ageMsMax, lifetimeMs: 24 * HOUR_MS, window: null })
        expect(delayMs).toBeLessThanOrEqual(ageMsMax)
        expect(delayMs).toBeGreaterThanOrEqual(ageMsMax * 0.95 - 1)
      }),
    )
  })

  it('runs inside the window whenever one opens early enough, and before the venue ends the connection always', () => {
    fc.assert(
      fc.property(plan, ({ openedAtMs, random, window }) => {
        const ageMsMax = 23 * HOUR_MS
        const delayMs = refreshDelayMs({ openedAtMs, random, ageMsMax, lifetimeMs: 24 * HOUR_MS, window })
        expect(delayMs).toBeGreaterThan(0)
        expect(delayMs).toBeLessThanOrEqual(23.75 * HOUR_MS)
        const isInside = (ageMs: number): boolean => {
          const hour = (((openedAtMs + ageMs) / HOUR_MS) % 24) + 24
          const { fromHour, toHour } = window
          const inDay = hour % 24
          return fromHour < toHour ? inDay >= fromHour && inDay <= toHour : inDay >= fromHour || inDay <= toHour
        }
        // The slow and obvious question: are there two minutes from one hour of age on that would do?
        let fits = false
        for (let ageMs = HOUR_MS; ageMs <= 23.7 * HOUR_MS && !fits; ageMs += 60_000) {
          fits = isInside(ageMs) && isInside(ageMs + 120_000)
        }
        if (fits) expect(isInside(delayMs)).toBe(true)
      }),
    )
  })

  it('goes a little beyond the wanted age rather than miss the window', () => {
    const openedAtMs = Date.parse('2026-11-20T03:30:00Z')
    const window = { fromHour: 3, toHour: 4 }
    const delayMs = refreshDelayMs({ openedAtMs, random: 0, ageMsMax: 23 * HOUR_MS, lifetimeMs: 24 * HOUR_MS, window })
    expect(delayMs).toBe(23.5 * HOUR_MS)
  })
})

describe('control replies', () => {
  const read = (text: string): unknown => {
    const padded = Buffer.from(`xx${text}yy`)
    return parseControlReply(padded, 2, padded.length - 2)
  }

  it('are read in every shape a venue sends', () => {
    expect(read('{"result":null,"id":101}')).toEqual({ kind: 'result', id: 101 })
    expect(read('{"result":["a@trade"],"id":"103"}')).toEqual({ kind: 'result', id: 103 })
    expect(read('{"error":{"code":2,"msg":"no"},"id":5}')).toEqual({ kind: 'error', id: 5, code: 2, message: 'no' })
    expect(read('{"error":{"code":4,"msg":"Too many subscriptions"}}')).toMatchObject({ id: null, code: 4 })
    expect(read('{"code":3,"msg":"Invalid JSON","id":null}')).toMatchObject({ kind: 'error', id: null, code: 3 })
    expect(read('{"stream":"a@trade","data":{}}')).toBeNull()
  })

  it('never throw', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseControlReply(bytes, 0, bytes.length)))
    fc.assert(fc.property(fc.json(), (text) => void read(text)))
  })
})

describe('stream names of frames', () => {
  it('are found whatever the key order, spacing and escapes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.json(), fc.boolean(), fc.nat(2), (stream, data, swap, indent) => {
        const parsed: unknown = JSON.parse(data)
        const frame = Buffer.from(
          JSON.stringify(swap ? { data: parsed, stream } : { stream, data: parsed }, null, indent),
        )
        expect(frameStreamName(frame, 0, frame.length)).toBe(JSON.parse(JSON.stringify(stream)))
      }),
    )
  })

  it('are absent in anything else', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void frameStreamName(bytes, 0, bytes.length)))
    const text = Buffer.from('{"result":null,"id":1}')
    expect(frameStreamName(text, 0, text.length)).toBeNull()
  })
})

describe('sharding', () => {
  it('keeps every stream exactly once, on its route, within the limit, through any changes', async () => {
    const name = fc.nat(25).map((index) => `s${index}@trade`)
    const step = fc.record({
      what: fc.constantFrom('add', 'remove'),
      names: fc.array(name, { minLength: 1, maxLength: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (steps, streamsPerConnectionMax) => {
          const rig = new Rig({ venue: 'SIM_FUTURES', config: { streamsPerConnectionMax } })
          const routeOf = (stream: string): 'public' | 'market' =>
            Number(stream.slice(1, -6)) % 3 === 0 ? 'market' : 'public'
          const wanted = new Set(['s0@trade', 's1@trade'])
          await rig.start([...wanted].map((stream) => spec(stream, routeOf(stream))))
          for (const { what, names } of steps) {
            for (const stream of names) {
              if (what === 'add') wanted.add(stream)
              else wanted.delete(stream)
            }
            // Not awaited: the next change comes while this one is under way.
            if (what === 'add')
              rig.manager.subscribe(names.map((stream) => spec(stream, routeOf(stream)))).catch(() => {})
            else rig.manager.unsubscribe(names).catch(() => {})
            await rig.clock.advance(150)
          }
          await rig.clock.advance(60_000)
          const carried = rig.transport.open.flatMap((socket) => [...socket.subscribed])
          expect([...carried].sort()).toEqual([...wanted].sort())
          for (const socket of rig.transport.open) {
            expect(socket.subscribed.size).toBeLessThanOrEqual(streamsPerConnectionMax)
            expect(socket.subscribed.size).toBeGreaterThan(0)
            for (const stream of socket.subscribed) expect(socket.url).toContain(`/${routeOf(stream)}/stream`)
          }
          for (const stream of wanted)
            expect(rig.manager.connectionOf(stream)).toMatch(new RegExp(`^${routeOf(stream)}-`))
          await rig.settle(rig.manager.stop(), 2_000)
          expect(rig.clock.pendingTimerCount).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })
})
