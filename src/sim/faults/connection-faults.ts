/** Faults that strike whole connections at one moment. */
import type { Clock } from '../../runtime/index.js'
import type { FaultConnection } from './fault-target.js'
import { type GarbageVariant, garbageFrame } from './garbage.js'
import { FAULT_VARIANTS } from './plan.js'
import type { RuleRun } from './rule-run.js'
import { matchingStreams } from './selector.js'

/** Reason texts the venue writes next to each code. */
const REASONS: Readonly<Record<number, string>> = { 1008: 'Too many requests', 1011: 'Internal error' }

export interface Strike {
  readonly clock: Clock
  /** Writes the fault record and returns its number. */
  record(connection: FaultConnection | null, detail: Readonly<Record<string, unknown>>, stream?: string): number
  /** Runs later unless the plan was stopped. */
  later(action: () => void, delayMs: number): void
  /** Undoes what lasts: after a time (never by itself without one), or when the rule is ended. */
  lasts(forMs: number | undefined, undo: () => void): void
}

/** Applies an at-once fault to one connection. */
export function strikeConnection(run: RuleRun, connection: FaultConnection, strike: Strike): void {
  const { rule } = run
  const variant = rule.variant ?? FAULT_VARIANTS[rule.fault][0] ?? null
  switch (rule.fault) {
    case 'reset':
      strike.record(connection, { how: variant })
      if (variant === 'fin') connection.fin()
      else connection.reset()
      return
    case 'close': {
      const code = rule.code ?? 1001
      const reason = rule.reason ?? REASONS[code] ?? ''
      strike.record(connection, { code, reason })
      connection.closeWith(code, reason)
      return
    }
    case 'ageCut':
      strike.record(connection, { how: variant })
      if (variant === 'reset') connection.reset()
      else connection.closeWith(1001, '')
      return
    case 'halfOpen': {
      strike.record(connection, { forMs: rule.for ?? null })
      connection.hold()
      strike.lasts(drawFor(run), () => connection.release())
      return
    }
    case 'slowLink': {
      const bytesPerSecond = rule.bytesPerSecond ?? 2000
      strike.record(connection, { bytesPerSecond, forMs: rule.for ?? null })
      connection.limitBandwidth(bytesPerSecond)
      strike.lasts(drawFor(run), () => connection.limitBandwidth(null))
      return
    }
    case 'serverShutdown': {
      const leadMs = run.draw(rule.lead, 10_000)
      if (!connection.announceShutdown()) return
      strike.record(connection, { leadMs })
      strike.later(() => connection.closeWith(1001, ''), leadMs)
      return
    }
    case 'pingFlood': {
      const times = rule.times ?? 50
      strike.record(connection, { variant, times })
      for (let index = 0; index < times; index++) {
        if (variant === 'pong') connection.pong('')
        else connection.ping(`flood ${index}`)
      }
      return
    }
    case 'garbage': {
      const variants = FAULT_VARIANTS.garbage
      const drawn = (rule.variant ?? variants[run.random.int(0, variants.length - 1)]) as GarbageVariant
      const bytes =
        rule.body === undefined ? garbageFrame(drawn, connection.lastText, run.random) : encodeUtf8(rule.body)
      strike.record(connection, { variant: drawn, bytes: bytes.length, frame: excerpt(bytes) })
      connection.sendBytes(bytes)
      return
    }
    case 'silentStream': {
      for (const stream of pickSome(matchingStreams(rule.on, connection), rule.pick, run)) {
        const fault = strike.record(connection, { variant }, stream)
        connection.mute(stream, fault, variant === 'resubscribe')
        strike.lasts(drawFor(run), () => connection.unmute(stream))
      }
      return
    }
    default:
      throw new Error(`${rule.fault} does not strike connections`)
  }
}

/** How long the fault lasts, or undefined: until the rule is ended. */
export function drawFor(run: RuleRun): number | undefined {
  return run.rule.for === undefined ? undefined : run.draw(run.rule.for, 0)
}

/** `count` of the values drawn without repetition, in their own order; all of them without a count. */
export function pickSome<T>(values: readonly T[], count: number | undefined, run: RuleRun): T[] {
  if (count === undefined || values.length <= count) return [...values]
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(run.random.int(0, values.length - 1))
  return values.filter((_, index) => chosen.has(index))
}

function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function excerpt(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 200))
}
