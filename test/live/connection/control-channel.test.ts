/** The subscriptions of one socket on the wire, without a socket: what is sent when, and what an answer does. */
import { describe, expect, it } from 'vitest'
import { ControlChannel, type ControlPort } from '../../../src/live/connection/control-channel.js'
import { ControlPace } from '../../../src/live/connection/control-pacer.js'
import { ConnectionCounters } from '../../../src/live/connection/stats.js'
import type { SubscriptionError } from '../../../src/live/errors.js'
import { SILENT_LOGGER, VirtualClock } from '../../../src/runtime/index.js'

const PACE_MS = 100
const ACK_TIMEOUT_MS = 5_000

function build(wanted: Set<string>, answer: (message: string) => void = () => {}) {
  const clock = new VirtualClock()
  const counters = new ConnectionCounters()
  const warnings: string[] = []
  const said: string[] = []
  const sent: { readonly atMs: number; readonly method: string; readonly params: string[]; readonly id: number }[] = []
  const port: ControlPort = {
    send: (message) => {
      sent.push({ atMs: clock.monotonicMs(), ...JSON.parse(message) })
      answer(message)
    },
    onSubscribed: (names) => said.push(`subscribed ${names.join(' ')}`),
    onUnsubscribed: (names) => said.push(`unsubscribed ${names.join(' ')}`),
    onRefused: (error: SubscriptionError) => said.push(`refused ${error.streams.join(' ')}: ${error.code}`),
  }
  let id = 0
  const channel = new ControlChannel(
    { connectionId: 'spot-0', generation: 1 },
    wanted,
    {
      clock,
      counters,
      logger: { ...SILENT_LOGGER, warn: (message) => warnings.push(message) },
      pace: new ControlPace(clock, PACE_MS),
      nextControlId: () => ++id,
    },
    { streamsPerMessageMax: 2, ackTimeoutMs: ACK_TIMEOUT_MS, isolatesRefusals: () => true },
    port,
  )
  const reply = (frame: unknown): void => {
    const bytes = Buffer.from(JSON.stringify(frame))
    channel.onFrame(bytes, 0, bytes.length)
  }
  return { clock, counters, warnings, said, sent, channel, reply }
}

describe('the control channel of a socket', () => {
  it('sends nothing before the socket is open, and then at the pace of the venue', async () => {
    const { clock, counters, sent, channel } = build(new Set(['a', 'b', 'c', 'd', 'e']))
    channel.wake()
    await clock.advance(1_000)
    expect(sent).toEqual([])
    channel.open()
    channel.wake()
    await clock.advance(1_000)
    expect(sent.map(({ params }) => params)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
    expect(sent.map(({ atMs }) => atMs - (sent[0]?.atMs ?? 0))).toEqual([0, PACE_MS, 2 * PACE_MS])
    expect(counters.controlMessagesSent).toBe(3)
    channel.close()
  })

  it('tells what was acknowledged, and takes off what is not wanted any more', async () => {
    const wanted = new Set(['a', 'b'])
    const { clock, said, sent, channel, reply } = build(wanted)
    channel.open()
    channel.wake()
    reply({ result: null, id: 1 })
    expect(channel.ledger.isComplete).toBe(true)
    wanted.delete('b')
    channel.wake()
    await clock.advance(PACE_MS)
    expect(sent.at(-1)).toMatchObject({ method: 'UNSUBSCRIBE', params: ['b'] })
    reply({ result: null, id: 2 })
    expect(said).toEqual(['subscribed a b', 'unsubscribed b'])
    channel.close()
  })

  it('counts what is refused, unanswered and unasked for', async () => {
    const { clock, counters, warnings, said, channel, reply } = build(new Set(['a']))
    channel.open()
    channel.wake()
    reply({ result: null, id: 77 })
    await clock.advance(3 * ACK_TIMEOUT_MS)
    expect(said).toEqual(['refused a: SUBSCRIPTION_TIMEOUT'])
    expect(counters).toMatchObject({ controlRepliesUnmatched: 1, ackTimeouts: 2, subscriptionsRefused: 1 })
    expect(warnings).toEqual(['reply to no pending control message'])
    channel.close()
  })

  it('says and sends nothing once closed, and leaves no timer', async () => {
    const { clock, said, sent, channel, reply } = build(new Set(['a', 'b', 'c']))
    channel.open()
    channel.wake()
    channel.close()
    reply({ result: null, id: 1 })
    channel.wake()
    expect(clock.pendingTimerCount).toBe(0)
    await clock.advance(60_000)
    expect([said, sent.length]).toEqual([[], 1])
  })
})
