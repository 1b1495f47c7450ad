/**
 * Random schedules of faults and operations on a virtual clock. Each seed runs in two phases: first faults and
 * calls fall as the seed decides while the rules are checked after every step; then faults stop, and within a
 * stated time every stream must be subscribed and delivering again.
 *
 * FEEDBUS_SIM_SEED=<n> runs one seed, FEEDBUS_SIM_SEEDS=<count> more of them.
 */
import { describe, expect, it } from 'vitest'
import type { Generation } from '../../../src/live/connection/generation.js'
import { type Random, SeededRandom } from '../../../src/runtime/index.js'
import type { ScriptedSocket } from '../../support/scripted-transport.js'
import { Rig, spec } from './rig.js'

const ONE_SEED = process.env['FEEDBUS_SIM_SEED']
/** Once a defect each. 1189: a quick delay after a hand-over that needed none. */
const FOUND = [1_189]
const SEEDS = ONE_SEED === undefined ? Number(process.env['FEEDBUS_SIM_SEEDS'] ?? 150) : 1
const SHUTDOWN = { stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } }

/** The drawn diagram of `shard-supervisor.ts`; CLOSED and FAILED are checked apart. */
const TRANSITIONS: Readonly<Record<string, readonly string[]>> = {
  IDLE: ['CONNECTING'],
  CONNECTING: ['SUBSCRIBING', 'BACKOFF', 'OPEN'],
  SUBSCRIBING: ['OPEN', 'BACKOFF'],
  OPEN: ['REFRESHING', 'BACKOFF'],
  REFRESHING: ['OPEN', 'CONNECTING', 'SUBSCRIBING', 'BACKOFF'],
  BACKOFF: ['CONNECTING'],
}

interface Faults {
  readonly drops: boolean
  readonly connects: boolean
  readonly stalls: boolean
  readonly lostAcks: boolean
  readonly refusals: boolean
  readonly shutdowns: boolean
}

class Scenario {
  readonly rig: Rig
  readonly random: Random
  readonly faults: Faults
  /** What the user asked for. */
  readonly wanted = new Set<string>()
  /** Every connection is a pair of sockets. */
  readonly isRedundant: boolean
  pendingCalls = 0
  isFaulty = true
  #staleFrames = 0
  readonly #quick = new Set<string>()
  /** What `check` has looked at already. */
  #checkedSignals = 0
  #checkedConnects = 1
  #stopData: () => void = () => {}

  constructor(seed: number) {
    this.random = new SeededRandom(seed).split('scenario')
    const { random } = this
    this.faults = {
      drops: random.chance(0.8),
      connects: random.chance(0.6),
      stalls: random.chance(0.4),
      lostAcks: random.chance(0.3),
      refusals: random.chance(0.2),
      shutdowns: random.chance(0.4),
    }
    this.isRedundant = random.chance(0.3)
    this.rig = new Rig({
      venue: 'SIM_FUTURES',
      seed,
      config: {
        streamsPerConnectionMax: random.int(1, 6),
        pingIntervalMs: 4_000,
        pingTimeoutMs: 1_000,
        connectTimeoutMs: 3_000,
        baseReconnectDelayMs: 500,
        reconnectDelayMsMax: 4_000,
        connectionAgeMsMax: random.chance(0.5) ? 30_000 : 82_800_000,
        redundant: this.isRedundant ? ['TRADE'] : [],
      },
    })
    // Since a generation took over, nothing of an older one may be handed on.
    const tookOver = new Map<string, number>()
    this.rig.signals.on('connectionEstablished', (event) => tookOver.set(event.connectionId, event.generation))
    this.rig.signals.on('connectionRefreshed', (event) => tookOver.set(event.connectionId, event.toGeneration))
    this.rig.sink.onFrameSeen = ({ origin }) => {
      if (origin.generation < (tookOver.get(origin.connectionId) ?? 0)) this.#staleFrames++
    }
    this.rig.transport.onConnect = (socket) => {
      if (!this.isFaulty) return
      if (this.faults.connects && random.chance(0.4)) {
        socket.behaviour.connect = random.chance(0.7) ? 'refuse' : 'hang'
        if (random.chance(0.2)) {
          socket.behaviour.refusal = { code: 1006, reason: '', httpStatus: 429, retryAfterMs: random.int(100, 8_000) }
        }
      }
      socket.behaviour.latencyMs = random.int(1, 300)
      socket.behaviour.ackDelayMs = random.chance(0.3) ? random.int(0, 4_000) : 0
      socket.behaviour.answersClose = random.chance(0.8)
      socket.onControl = (message) => {
        if (!this.isFaulty || socket.isStalled) {
          if (!socket.isStalled) later(() => socket.apply(message))
        } else if (this.faults.lostAcks && random.chance(0.2)) return
        else if (this.faults.refusals && random.chance(0.1)) {
          const error = { code: 2, msg: 'Invalid request: invalid stream' }
          later(() => socket.frame(random.chance(0.5) ? { error, id: message.id } : { error }))
        } else later(() => socket.apply(message))
      }
      const later = (action: () => void): void => {
        this.rig.clock.setTimer(action, socket.behaviour.latencyMs + socket.behaviour.ackDelayMs)
      }
    }
  }

  async run(): Promise<void> {
    await this.#start()
    const steps = this.random.int(10, 40)
    for (let step = 0; step < steps; step++) {
      this.#step()
      this.check()
      await this.rig.clock.advance(this.random.int(0, 6_000))
      this.check()
    }
    this.isFaulty = false
    for (const socket of this.rig.transport.live) {
      if (!socket.isStalled) Object.assign(socket.behaviour, { acknowledges: true, pongs: true, answersClose: true })
    }
    await this.#expectRecovery()
    await this.#stop()
  }

  #step(): void {
    const { random, rig, faults } = this
    const socket = this.#anySocket()
    const names = Array.from({ length: random.int(1, 4) }, () => `s${random.int(0, 15)}@trade`)
    const faultKinds: (() => void)[] = []
    if (socket !== undefined) {
      if (faults.drops) faultKinds.push(() => socket.fail(...random_(random, CLOSES)))
      if (faults.stalls) faultKinds.push(() => socket.stall())
      if (faults.shutdowns) faultKinds.push(() => socket.frame(SHUTDOWN))
      faultKinds.push(
        () => socket.frame('garbage'),
        () => socket.pong(),
        () => socket.pingFromVenue(),
      )
      faultKinds.push(() => socket.acknowledge(1_000_000))
    }
    const operations: (() => void)[] = [
      () => this.#subscribe(names),
      () => this.#subscribe(names),
      () => this.#unsubscribe(names),
      () => this.#call(rig.manager.resubscribe(names)),
      () => this.#call(rig.manager.refresh('random')),
      () => rig.manager.restart('random'),
    ]
    const kinds = faultKinds.length > 0 && random.chance(0.6) ? faultKinds : operations
    random_(random, kinds)()
  }

  #anySocket(): ScriptedSocket | undefined {
    const open = this.rig.transport.open
    return open.length === 0 ? undefined : random_(this.random, open)
  }

  #subscribe(names: readonly string[]): void {
    for (const name of names) this.wanted.add(name)
    this.#call(this.rig.manager.subscribe(names.map((name) => spec(name, routeOf(name)))))
  }

  #unsubscribe(names: readonly string[]): void {
    for (const name of names) this.wanted.delete(name)
    this.#call(this.rig.manager.unsubscribe(names))
  }

  #call(call: Promise<void>): void {
    this.pendingCalls++
    const done = (): void => {
      this.pendingCalls--
    }
    call.then(done, done)
  }

  async #start(): Promise<void> {
    // Start itself must not meet a fault: it fails fast by contract.
    this.isFaulty = false
    for (const name of ['s0@trade', 's1@trade', 's2@trade', 's3@trade']) this.wanted.add(name)
    await this.rig.start([...this.wanted].map((name) => spec(name, routeOf(name))))
    this.isFaulty = true
    let counter = 0
    const timer = this.rig.clock.setRepeating(() => {
      counter++
      for (const socket of this.rig.transport.open) {
        if (!socket.isStalled) for (const name of socket.subscribed) socket.data(name, counter)
      }
    }, 250)
    this.#stopData = () => this.rig.clock.clearTimer(timer)
  }

  check(): void {
    const { transport, manager, clock } = this.rig
    const byConnection = new Map<string, ScriptedSocket[]>()
    for (const socket of transport.live) {
      const { connectionId } = (socket.sink as Generation).origin
      byConnection.set(connectionId, [...(byConnection.get(connectionId) ?? []), socket])
    }
    const paths = manager.connections().flatMap(({ id, state, paths }) => {
      return paths.length === 0 ? [{ id, state }] : paths.map((one) => ({ id: `${id}/${one.path}`, state: one.state }))
    })
    if (this.isRedundant) expect(manager.connections().flatMap((one) => one.paths).length).toBe(paths.length)
    for (const { id, state } of paths) {
      const sockets = byConnection.get(id) ?? []
      const active = sockets.filter((socket) => socket.closedWith === null && !socket.isTerminated)
      expect(sockets.length, `sockets of ${id} in ${state}`).toBeLessThanOrEqual(2)
      expect(active.length, `active sockets of ${id} in ${state}`).toBeLessThanOrEqual(state === 'REFRESHING' ? 2 : 1)
    }
    expect(this.#staleFrames, 'frames of a generation that had been replaced').toBe(0)
    for (; this.#checkedConnects < transport.sockets.length; this.#checkedConnects++) {
      const at = transport.sockets[this.#checkedConnects]?.connectedAtMs ?? 0
      const spacingMs = at - (transport.sockets[this.#checkedConnects - 1]?.connectedAtMs ?? 0)
      expect(spacingMs, 'spacing of connects').toBeGreaterThanOrEqual(100 - 1e-6)
    }
    const recent = transport.sockets.filter((socket) => socket.connectedAtMs > clock.monotonicMs() - 300_000)
    expect(recent.length, 'connects in five minutes').toBeLessThanOrEqual(270)
    for (const socket of transport.live) {
      for (let index = 1; index < socket.sent.length; index++) {
        const gapMs = (socket.sent[index]?.atMs ?? 0) - (socket.sent[index - 1]?.atMs ?? 0)
        if (gapMs < 200 - 1e-6) throw new Error(`control messages ${gapMs} ms apart`)
      }
    }
    const stats = manager.stats()
    const delivered = transport.sockets.reduce((sum, socket) => sum + socket.frameCount, 0)
    expect(stats.framesReceived, 'conservation of frames').toBe(delivered)
    expect(stats.frames.failed).toBe(0)
    expect(stats.socketCount).toBe(transport.live.length)
    expect(stats.connectsAttempted).toBe(transport.sockets.length)
    for (; this.#checkedSignals < this.rig.log.length; this.#checkedSignals++) {
      const signal = this.rig.log[this.#checkedSignals]
      if (signal?.name === 'connectionState') {
        const { connectionId, state, previous } = signal.event
        // The state of a pair is that of its better path: it follows no diagram of its own.
        if (this.isRedundant && !connectionId.includes('/')) continue
        expect(state, 'FAILED without a bound on attempts').not.toBe('FAILED')
        if (state !== 'CLOSED') expect(TRANSITIONS[previous], `${previous} -> ${state}`).toContain(state)
      } else if (signal?.name === 'connectionReconnecting') {
        const { connectionId, delayMs, attempt, reason } = signal.event
        // The first attempt after a healthy connection is quick, and the delays grow from the second on.
        if (attempt === 1) this.#quick.delete(connectionId)
        if (attempt === 1 && delayMs <= 65) {
          this.#quick.add(connectionId)
          continue
        }
        if (/429|Invalid request/.test(reason)) continue
        const step = attempt - 1 - (this.#quick.has(connectionId) ? 1 : 0)
        const plain = Math.min(500 * 2 ** step, 4_000)
        expect(delayMs).toBeGreaterThanOrEqual(plain * 0.7 - 1e-6)
        expect(delayMs).toBeLessThanOrEqual(plain * 1.3 + 1e-6)
      }
    }
  }

  async #expectRecovery(): Promise<void> {
    const { rig } = this
    const assigned = (): string[] =>
      Array.from({ length: 16 }, (_, index) => `s${index}@trade`).filter(
        (name) => rig.manager.connectionOf(name) !== '',
      )
    const carried = (): string[] => rig.transport.open.filter((s) => !s.isStalled).flatMap((s) => [...s.subscribed])
    const wantedOnWire = (): string[] => (this.isRedundant ? [...assigned(), ...assigned()] : assigned())
    const isRecovered = (): boolean =>
      this.pendingCalls === 0 &&
      rig.manager.connections().every((connection) => connection.state === 'OPEN') &&
      rig.manager.connections().every(({ paths }) => paths.every(({ state }) => state === 'OPEN')) &&
      // A venue that ignores or refuses an UNSUBSCRIBE twice may go on sending what nobody wants.
      (this.faults.refusals || this.faults.lostAcks ? covers(carried(), assigned()) : same(carried(), wantedOnWire()))
    try {
      await rig.clock.runUntil(isRecovered, 60_000)
    } catch (error) {
      const states = rig.manager.connections().map((connection) => `${connection.id} ${connection.state}`)
      throw new Error(
        `not recovered: ${states.join(', ')}; ${this.pendingCalls} calls pending; assigned ${assigned()}; carried ${carried()}`,
        { cause: error },
      )
    }
    this.check()
    // Refused or unanswered streams are dropped by contract; without such faults nothing may be missing.
    if (!this.faults.refusals && !this.faults.lostAcks && !this.faults.stalls) {
      expect(assigned().sort()).toEqual([...this.wanted].sort())
    }
  }

  async #stop(): Promise<void> {
    const { rig } = this
    this.#stopData()
    await rig.settle(rig.manager.stop(), 2_000)
    expect(rig.transport.live).toHaveLength(0)
    // Deliveries of the script may be under way; nothing of ours may be.
    await rig.clock.advance(5_000)
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.manager.stats().socketCount).toBe(0)
  }
}

const CLOSES: [number, string][] = [
  [1006, ''],
  [1000, ''],
  [1001, 'going away'],
  [1008, 'Too many requests'],
  [1008, 'Invalid request'],
  [1011, ''],
]

function random_<T>(random: Random, choices: readonly T[]): T {
  return choices[random.int(0, choices.length - 1)] as T
}

function routeOf(name: string): 'public' | 'market' {
  return Number(name.slice(1, -6)) % 2 === 0 ? 'public' : 'market'
}

function covers(all: readonly string[], some: readonly string[]): boolean {
  return some.every((name) => all.includes(name))
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
}

describe('random schedules of faults and operations', () => {
  it(
    `keep every rule and recover (${SEEDS} seeds)`,
    async () => {
      const random = Array.from({ length: SEEDS }, (_, index) => 1_000 + index)
      for (const seed of ONE_SEED === undefined ? [...FOUND, ...random] : [Number(ONE_SEED)]) {
        try {
          await new Scenario(seed).run()
        } catch (error) {
          const how = `FEEDBUS_SIM_SEED=${seed} npx vitest run test/live/connection/simulation.test.ts`
          throw new Error(`seed ${seed}: ${(error as Error).message}\nreproduce: ${how}`, { cause: error })
        }
      }
    },
    60_000 + SEEDS * 200,
  )
})
