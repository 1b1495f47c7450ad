import { describe, expect, it } from 'vitest'
import { Rig, spec, specs } from './rig.js'

describe('rv', () => {
  it('unsubscribe of a name in a half', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const names = ['a@trade', 'b@trade', 'c@trade', 'd@trade']
    rig.socket.onControl = (message, socket) => {
      if (message.method === 'SUBSCRIBE' && message.params.length > 1)
        socket.frame({ error: { code: 2, msg: 'no' }, id: message.id })
      else {
        for (const p of message.params)
          message.method === 'SUBSCRIBE' ? socket.subscribed.add(p) : socket.subscribed.delete(p)
        socket.frame({ result: null, id: message.id })
      }
    }
    rig.manager.subscribe(names.map((n) => spec(n))).catch(() => {})
    await rig.clock.advance(100)
    expect(rig.socket.sent.at(-1)?.message.params).toHaveLength(4)
    const un = rig.manager.unsubscribe(names)
    await rig.settle(un, 20_000)
  })
  it('subscribe acked on replacement before old died', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    await rig.clock.advance(2000)
    // new sockets acknowledge the first message, the second slowly
    rig.transport.onConnect = (socket) => {
      let n = 0
      socket.onControl = (message, s) => {
        n++
        const ms = n === 1 ? 2_000 : n === 2 ? 5 : 5
        rig.clock.setTimer(() => {
          for (const p of message.params) s.subscribed.add(p)
          s.frame({ result: null, id: message.id })
        }, ms)
      }
    }
    old.onControl = () => {}
    void rig.manager.refresh().catch(() => {})
    await rig.clock.advance(20)
    const sub = rig.manager.subscribe([spec('x@trade')])
    await rig.clock.advance(1_000)
    expect(rig.transport.last.subscribed.has('x@trade')).toBe(true)
    old.fail(1006)
    await rig.settle(sub, 30_000)
  })
  it('subscribe refused on replacement before old died', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    await rig.clock.advance(2000)
    rig.transport.onConnect = (socket) => {
      let n = 0
      socket.onControl = (message, s) => {
        n++
        if (n === 1)
          rig.clock.setTimer(() => {
            for (const p of message.params) s.subscribed.add(p)
            s.frame({ result: null, id: message.id })
          }, 2_000)
        else s.frame({ error: { code: 2, msg: 'no' }, id: message.id })
      }
    }
    old.onControl = () => {}
    void rig.manager.refresh().catch(() => {})
    await rig.clock.advance(20)
    const sub = rig.manager.subscribe([spec('x@trade')])
    await rig.clock.advance(1_000)
    old.fail(1006)
    const e = await rig.rejection(sub, 200_000)
    expect(e.code).toBe('SUBSCRIPTION_REJECTED')
  })
  it('repeated shutdown announcements do not push the replacement', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.stream(50)
    await rig.clock.advance(1000)
    const say = (s: any) => s.frame({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } })
    say(rig.socket)
    await rig.clock.runUntil(() => rig.of('connectionRefreshed').length === 1, 10_000)
    await rig.clock.advance(500)
    const second = rig.socket
    for (let i = 0; i < 60; i++) {
      if (second.state === 'open') say(second)
      await rig.clock.advance(1000)
    }
    expect(rig.of('connectionRefreshed').length).toBeGreaterThan(1)
  })
  it('wall clock going back does not keep a connection unhealthy', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.stream(50)
    await rig.clock.advance(15_000)
    rig.socket.fail(1006)
    await rig.clock.advance(5_000)
    expect(rig.manager.connections()[0]?.reconnectAttempt).toBe(1)
    rig.clock.jumpWall(-3_600_000)
    for (let i = 0; i < 30; i++) {
      await rig.clock.advance(1_000)
      rig.manager.connections()
    }
    expect(rig.manager.connections()[0]?.reconnectAttempt).toBe(0)
  })
})
