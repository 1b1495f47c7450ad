/** What a caller of a redundant pair is told when both paths refuse or have given up. */
import { describe, expect, it } from 'vitest'
import { ConnectionError, SubscriptionError } from '../../../src/live/errors.js'
import type { ControlMessage, ScriptedSocket } from '../../support/scripted-transport.js'
import { Rig, spec, specs } from './rig.js'

const pairConfig = { redundant: ['TRADE' as const] }

/** Both sockets open, both paths given up after one attempt. */
async function failedPair(): Promise<Rig> {
  const rig = new Rig({ config: { ...pairConfig, maxReconnectAttempts: 1 } })
  await rig.start(specs(1))
  rig.transport.behaviour.connect = 'refuse'
  for (const socket of rig.transport.open) socket.fail()
  await rig.clock.runUntil(() => rig.of('connectionFailed').length > 0, 120_000)
  return rig
}

/** The venue refuses `name` on this socket. */
function refuses(socket: ScriptedSocket, name: string): void {
  socket.onControl = (message: ControlMessage) => {
    if (message.params.includes(name)) socket.frame({ error: { code: 2, msg: `no ${name}` }, id: message.id })
    else socket.apply(message)
  }
}

describe('a redundant pair that both paths have given up', () => {
  it('says so once, naming both paths with the error of each', async () => {
    const rig = await failedPair()
    expect(rig.of('connectionFailed')).toHaveLength(1)
    const error = rig.of('connectionFailed')[0]?.error
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'RECONNECTS_EXHAUSTED', isTerminal: true, reconnectAttempt: 1 })
    expect(error?.message).toMatch(/spot-0 has given up on both paths \(path [ab]: .*spot-0\/[ab].*; path [ab]: .*\)/)
    const { errors } = (error as ConnectionError).cause as AggregateError
    expect(errors.map(({ code }: { code: string }) => code)).toEqual(['RECONNECTS_EXHAUSTED', 'RECONNECTS_EXHAUSTED'])
    expect(new Set(errors.map(({ message }: Error) => /spot-0\/[ab]/.exec(message)?.[0]))).toEqual(
      new Set(['spot-0/a', 'spot-0/b']),
    )
  })

  it.each([
    ['subscribe', (rig: Rig) => rig.manager.subscribe(specs(1))],
    ['resubscribe', (rig: Rig) => rig.manager.resubscribe(['s0@trade'])],
    ['refresh', (rig: Rig) => rig.manager.refresh()],
  ] as const)('rejects %s with a coded error that has both causes', async (_name, ask) => {
    const rig = await failedPair()
    const error = await rig.rejection(ask(rig))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'RECONNECTS_EXHAUSTED', isTerminal: true })
    expect((error.cause as AggregateError).errors).toHaveLength(2)
  })

  it('rejects a subscription that was waiting when the second path gave up', async () => {
    const rig = new Rig({ config: { ...pairConfig, maxReconnectAttempts: 1 } })
    await rig.start(specs(1))
    rig.transport.behaviour.connect = 'refuse'
    for (const socket of rig.transport.open) socket.fail()
    const error = await rig.rejection(rig.manager.subscribe([spec('new@trade')]), 120_000)
    expect(error).toMatchObject({ code: 'RECONNECTS_EXHAUSTED' })
    expect((error.cause as AggregateError).errors).toHaveLength(2)
  })
})

describe('a redundant pair that the venue refuses streams on', () => {
  it('rejects with the streams that both paths refused, and carries the others', async () => {
    const rig = new Rig({ config: pairConfig })
    await rig.start(specs(1))
    for (const socket of rig.transport.open) refuses(socket, 'bad@trade')
    const error = await rig.rejection(rig.manager.subscribe([spec('bad@trade'), spec('good@trade')]))
    expect(error).toBeInstanceOf(SubscriptionError)
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_REJECTED', streams: ['bad@trade'] })
    expect(rig.manager.connectionOf('bad@trade')).toBe('')
    expect(rig.manager.connectionOf('good@trade')).toBe('spot-0')
  })

  it('is content when each path carries what the other refused', async () => {
    const rig = new Rig({ config: pairConfig })
    await rig.start(specs(1))
    const [a, b] = rig.transport.open as [ScriptedSocket, ScriptedSocket]
    refuses(a, 'x@trade')
    refuses(b, 'y@trade')
    await rig.settle(rig.manager.subscribe([spec('x@trade'), spec('y@trade')]), 60_000)
    expect([...a.subscribed]).toContain('y@trade')
    expect([...b.subscribed]).toContain('x@trade')
    expect(rig.manager.connectionOf('x@trade')).toBe('spot-0')
  })
})
