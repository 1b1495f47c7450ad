/**
 * The bus against slow obvious models, over random histories. A failure prints seed and path; repeat it with
 * `fc.assert(…, { seed, path })`.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bus, OVERFLOW_POLICIES, type OverflowPolicy, type Subscription } from '../../src/bus/index.js'
import { checkTopicOrPattern, matchesTopic, patternSegments } from '../../src/bus/topic-name.js'
import { type Gate, gate, settle } from './support.js'

const TOPICS = ['a', 'a.x', 'a.y', 'a.x.z', 'b.x'] as const
const PATTERNS = [...TOPICS, '>', 'a.>', '*', '*.x', 'a.*', '*.*.z'] as const

interface Payload {
  readonly symbol: string
  readonly id: number
}

/** The bus without its typing: the topics of these tests are not in the topic map. */
interface LooseBus {
  publish(topic: string, payload: Payload): { seq: number }
  subscribe(
    pattern: string,
    handler: (envelope: { topic: string; seq: number; payload: Payload }) => unknown,
    options?: object,
  ): Subscription
}

function slowMatch(pattern: string, topic: string): boolean {
  const source = pattern
    .split('.')
    .map((segment) => (segment === '>' ? '[^.]+(\\.[^.]+)*' : segment === '*' ? '[^.]+' : segment))
    .join('\\.')
  return new RegExp(`^${source}$`).test(topic)
}

describe('wildcards', () => {
  const segment = fc.constantFrom('a', 'b', 'cc')
  const topic = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'))
  const pattern = fc
    .tuple(
      fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 4 }),
      fc.oneof(segment, fc.constantFrom('*', '>')),
    )
    .map(([head, last]) => [...head, last].join('.'))

  it('match like a regular expression built from the pattern', () => {
    fc.assert(
      fc.property(pattern, topic, (p, t) => {
        checkTopicOrPattern(p)
        expect(matchesTopic(patternSegments(p), t)).toBe(slowMatch(p, t))
      }),
      { numRuns: 3_000 },
    )
  })

  it('accept as a pattern exactly what the grammar allows', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '.', '*', '>', ' ', '-'), maxLength: 6 })
    fc.assert(
      fc.property(text, (p) => {
        const isGood = /^((\*|[a-]+)\.)*(\*|>|[a-]+)$/.test(p)
        let isAccepted = true
        try {
          checkTopicOrPattern(p)
        } catch {
          isAccepted = false
        }
        expect(isAccepted).toBe(isGood)
      }),
      { numRuns: 3_000 },
    )
  })
})

// Synchronous subscribers: order, joining, leaving and nested publishes against a plain list.

interface ModelSubscriber {
  readonly id: number
  readonly pattern: string
  readonly priority: number
  readonly got: string[]
  handle: Subscription | null
}

type Step =
  | { readonly kind: 'subscribe'; readonly pattern: string; readonly priority: number; readonly replay: boolean }
  | { readonly kind: 'unsubscribe'; readonly which: number }
  | { readonly kind: 'publish'; readonly topic: string; readonly symbol: string; readonly nested: readonly string[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe' as const),
    pattern: fc.constantFrom(...PATTERNS),
    priority: fc.integer({ min: -1, max: 1 }),
    replay: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('unsubscribe' as const), which: fc.nat({ max: 20 }) }),
  fc.record({
    kind: fc.constant('publish' as const),
    topic: fc.constantFrom(...TOPICS),
    symbol: fc.constantFrom('S', 'T', 'U'),
    nested: fc.array(fc.constantFrom(...TOPICS), { maxLength: 2 }),
  }),
)

describe('synchronous delivery', () => {
  it('equals a list of subscribers walked once per message, for every history', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bus = new Bus()
        const loose = bus as unknown as LooseBus
        const real: string[] = []
        const model: string[] = []
        const subscribers: ModelSubscriber[] = []
        const seqs = new Map<string, number>()
        const published: { topic: string; symbol: string; seq: number }[] = []
        let nested: readonly string[] = []
        let id = 0

        const ordered = (topic: string): ModelSubscriber[] =>
          subscribers
            .filter((subscriber) => slowMatch(subscriber.pattern, topic))
            .sort((x, y) => y.priority - x.priority || x.id - y.id)
        const modelPublish = (topic: string, symbol: string): void => {
          const seq = (seqs.get(topic) ?? 0) + 1
          seqs.set(topic, seq)
          published.push({ topic, symbol, seq })
          for (const subscriber of ordered(topic)) model.push(`${subscriber.id}: ${topic} ${seq} ${symbol}`)
        }

        for (const next of steps) {
          if (next.kind === 'subscribe') {
            id += 1
            const subscriber: ModelSubscriber = {
              id,
              pattern: next.pattern,
              priority: next.priority,
              got: [],
              handle: null,
            }
            if (next.replay) {
              // Per topic in order of first use; per key the last, in publish order.
              for (const topic of seqs.keys()) {
                if (!slowMatch(next.pattern, topic)) continue
                const ofTopic = published.filter((message) => message.topic === topic)
                const lasts = ofTopic.filter(
                  (message) => !ofTopic.some((other) => other.symbol === message.symbol && other.seq > message.seq),
                )
                for (const { seq, symbol } of lasts) model.push(`${id}: ${topic} ${seq} ${symbol}`)
              }
            }
            const mine = id
            subscriber.handle = loose.subscribe(
              next.pattern,
              ({ topic, seq, payload }) => {
                if (topic === 'log.event') return
                real.push(`${mine}: ${topic} ${seq} ${payload.symbol}`)
                const toPublish = nested
                nested = []
                for (const nestedTopic of toPublish) loose.publish(nestedTopic, { symbol: 'N', id: 0 })
              },
              { priority: next.priority, replayLast: next.replay },
            )
            subscribers.push(subscriber)
          } else if (next.kind === 'unsubscribe') {
            const [gone] = subscribers.splice(next.which % Math.max(subscribers.length, 1), 1)
            gone?.handle?.unsubscribe()
          } else {
            // The first handler that sees the message publishes the nested ones; they come after it.
            nested = next.nested
            const isSeen = ordered(next.topic).length > 0
            modelPublish(next.topic, next.symbol)
            if (isSeen) for (const topic of next.nested) modelPublish(topic, 'N')
            loose.publish(next.topic, { symbol: next.symbol, id: 0 })
            nested = []
          }
        }
        // Replay order across topics is by first use of the name, by subscribing too: compare per topic.
        const perTopic = (lines: string[]): Map<string, string[]> => groupBy(lines, topicOf)
        expect(perTopic(real)).toEqual(perTopic(model))
        expect(bus.health().published).toBe(published.length)
        expect(bus.health().delivered).toBe(model.length)
      }),
      { numRuns: 500 },
    )
  })
})

function topicOf(line: string): string {
  return line.split(' ')[1] ?? ''
}

function groupBy(lines: readonly string[], keyOf: (line: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const line of lines) groups.set(keyOf(line), [...(groups.get(keyOf(line)) ?? []), line])
  return groups
}

// One slow subscriber: its queue against an array.

interface QueueModel {
  waiting: Payload[]
  inFlight: Payload | null
  delivered: number[]
  offered: number
  dropped: number
  conflated: number
  isFailed: boolean
  isGone: boolean
  discarded: number
}

interface QueueReal {
  readonly bus: LooseBus
  readonly subscription: Subscription
  readonly seen: number[]
  readonly gates: Gate[]
}

type QueueCommand = fc.AsyncCommand<QueueModel, QueueReal>

function compare(model: QueueModel, real: QueueReal): void {
  const stats = real.subscription.stats()
  expect(real.seen).toEqual(model.delivered)
  expect(stats).toMatchObject({
    offered: model.offered,
    delivered: model.delivered.length,
    dropped: model.dropped,
    conflated: model.conflated,
    queued: model.waiting.length,
    discarded: model.discarded,
  })
  expect(stats.delivered + stats.dropped + stats.queued + stats.discarded).toBe(stats.offered)
}

function start(model: QueueModel): void {
  const next = model.waiting.shift() ?? null
  model.inFlight = next
  if (next !== null) model.delivered.push(next.id)
}

class Publish implements QueueCommand {
  readonly symbol: string
  readonly policy: OverflowPolicy
  readonly capacity: number
  static id = 0

  constructor(symbol: string, policy: OverflowPolicy, capacity: number) {
    this.symbol = symbol
    this.policy = policy
    this.capacity = capacity
  }

  check(): boolean {
    return true
  }

  async run(model: QueueModel, real: QueueReal): Promise<void> {
    const payload = { symbol: this.symbol, id: ++Publish.id }
    real.bus.publish('t', payload)
    await settle()
    this.#offer(model, payload)
    if (model.inFlight === null) start(model)
    compare(model, real)
  }

  #offer(model: QueueModel, payload: Payload): void {
    if (model.isFailed || model.isGone) return
    model.offered += 1
    if (this.policy === 'conflate') {
      const index = model.waiting.findIndex(({ symbol }) => symbol === payload.symbol)
      if (index >= 0) {
        model.waiting[index] = payload
        model.dropped += 1
        model.conflated += 1
        return
      }
    }
    if (model.waiting.length < this.capacity) {
      model.waiting.push(payload)
      return
    }
    model.dropped += 1
    if (this.policy === 'dropOldest' || this.policy === 'conflate') {
      model.waiting.shift()
      model.waiting.push(payload)
    }
    if (this.policy === 'fail') model.isFailed = true
  }

  toString(): string {
    return `publish ${this.symbol}`
  }
}

class Finish implements QueueCommand {
  readonly isRejection: boolean

  constructor(isRejection: boolean) {
    this.isRejection = isRejection
  }

  check(model: Readonly<QueueModel>): boolean {
    return model.inFlight !== null && !model.isGone
  }

  async run(model: QueueModel, real: QueueReal): Promise<void> {
    const current = real.gates.shift()
    if (this.isRejection) current?.fail(new Error('model'))
    else current?.open()
    await settle()
    start(model)
    compare(model, real)
  }

  toString(): string {
    return this.isRejection ? 'reject' : 'finish'
  }
}

class Leave implements QueueCommand {
  check(model: Readonly<QueueModel>): boolean {
    return !model.isGone
  }

  async run(model: QueueModel, real: QueueReal): Promise<void> {
    real.subscription.unsubscribe()
    await settle()
    model.isGone = true
    model.discarded += model.waiting.length
    model.waiting = []
    compare(model, real)
  }

  toString(): string {
    return 'unsubscribe'
  }
}

describe.each(OVERFLOW_POLICIES)('a queue with %s', (policy) => {
  it('delivers, drops and counts like an array, for every history', async () => {
    const capacityArbitrary = fc.integer({ min: 1, max: 4 })
    const commandsArbitrary = capacityArbitrary.chain((capacity) =>
      fc.tuple(
        fc.constant(capacity),
        fc.commands(
          [
            fc.constantFrom('S', 'T', 'U').map((symbol) => new Publish(symbol, policy, capacity)),
            fc.constantFrom('V', 'W', 'X').map((symbol) => new Publish(symbol, policy, capacity)),
            fc.boolean().map((isRejection) => new Finish(isRejection)),
            fc.constant(new Leave()),
          ],
          { maxCommands: 40 },
        ),
      ),
    )
    await fc.assert(
      fc.asyncProperty(commandsArbitrary, async ([capacity, commands]) => {
        const setup = (): { model: QueueModel; real: QueueReal } => {
          Publish.id = 0
          const bus = new Bus() as unknown as LooseBus
          const seen: number[] = []
          const gates: Gate[] = []
          const subscription = bus.subscribe(
            't',
            ({ payload }) => {
              seen.push(payload.id)
              const next = gate()
              gates.push(next)
              return next.promise
            },
            { overflow: policy, capacity, queued: true },
          )
          return {
            model: {
              waiting: [],
              inFlight: null,
              delivered: [],
              offered: 0,
              dropped: 0,
              conflated: 0,
              isFailed: false,
              isGone: false,
              discarded: 0,
            },
            real: { bus, subscription, seen, gates },
          }
        }
        await fc.asyncModelRun(setup, commands)
      }),
      { numRuns: 150 },
    )
  })
})
