/**
 * Random schedules of operations on a venue that refuses, forgets and delays: afterwards every promise has settled,
 * the venue carries exactly what is wanted, and a stop leaves nothing. Requests of one socket are answered in order.
 */
import { expect, it } from 'vitest'
import { SeededRandom } from '../../../src/runtime/index.js'
import { Rig, spec } from './rig.js'

const SEED_COUNT = Number(process.env['FEEDBUS_SETTLING_SEEDS'] ?? 60)
const NAMES: readonly string[] = Array.from({ length: 8 }, (_, index) => `n${index}@trade`)

/** What is wrong at the end of one schedule. */
async function faultsOf(seed: number): Promise<string[]> {
  const random = new SeededRandom(seed, 'settling')
  const rig = new Rig({ seed, config: { streamsPerConnectionMax: random.int(2, 6) } })
  const delisted = random.chance(0.5) ? 'n7@trade' : ''
  let isCalm = true
  rig.transport.onConnect = (socket) => {
    if (!isCalm && random.chance(0.15)) socket.behaviour.connect = random.chance(0.5) ? 'refuse' : 'hang'
    let dueMs = 0
    socket.onControl = ({ method, params, id }) => {
      const isSubscribe = method === 'SUBSCRIBE'
      const trouble = !isCalm && isSubscribe ? random.next() : 1
      dueMs = Math.max(dueMs, rig.clock.monotonicMs() + (isCalm ? 5 : random.int(1, 3_000)))
      if (trouble < 0.15) return
      const isRefused = trouble < 0.35 || (isSubscribe && params.includes(delisted))
      rig.clock.setTimer(() => {
        if (socket.state !== 'open') return
        if (isRefused) {
          socket.frame({ error: { code: 2, msg: 'no' }, ...(random.chance(0.3) ? {} : { id }) })
          return
        }
        for (const name of params) {
          if (isSubscribe) socket.subscribed.add(name)
          else socket.subscribed.delete(name)
        }
        socket.frame({ result: null, id })
      }, dueMs - rig.clock.monotonicMs())
    }
  }
  await rig.start([spec('n0@trade'), spec('n1@trade')])
  const stopData = rig.stream(200)
  isCalm = false

  const pending = new Set<string>()
  for (let step = 0; step < 40; step++) {
    const some = NAMES.filter(() => random.chance(0.4))
    const begin = (what: string, promise: Promise<unknown>): void => {
      const label = `${step} ${what}`
      pending.add(label)
      const settle = (): boolean => pending.delete(label)
      promise.then(settle, settle)
    }
    const choice = random.int(0, 8)
    if (choice < 3) begin(`subscribe ${some}`, rig.manager.subscribe(some.map((name) => spec(name))))
    else if (choice < 5) begin(`unsubscribe ${some}`, rig.manager.unsubscribe(some))
    else if (choice === 5) begin(`resubscribe ${some}`, rig.manager.resubscribe(some))
    else if (choice === 6) begin('refresh', rig.manager.refresh())
    else if (choice === 7) rig.transport.open[random.int(0, 3)]?.fail(1006)
    else if (random.chance(0.3)) rig.manager.restart('test')
    await rig.clock.advance(random.int(0, 2_500))
  }
  isCalm = true
  await rig.clock.advance(400_000)

  const faults = [...pending].map((label) => `never settled: ${label}`)
  const wanted = NAMES.filter((name) => rig.manager.connectionOf(name) !== '')
  const carried = rig.transport.open.flatMap((socket) => [...socket.subscribed]).sort()
  if (carried.join() !== wanted.join()) faults.push(`carried ${carried}, wanted ${wanted}`)
  for (const { id, state } of rig.manager.connections()) if (state !== 'OPEN') faults.push(`${id} is ${state}`)
  stopData()
  await rig.settle(rig.manager.stop(), 2_000)
  if (rig.transport.live.length > 0) faults.push(`${rig.transport.live.length} sockets left`)
  await rig.clock.advance(3_000)
  if (rig.clock.pendingTimerCount > 0) faults.push(`${rig.clock.pendingTimerCount} timers left`)
  return faults.map((fault) => `seed ${seed}: ${fault}`)
}

it(`settles every operation and carries what is wanted, whatever the venue answers (${SEED_COUNT} seeds)`, async () => {
  const faults: string[] = []
  for (let seed = 1; seed <= SEED_COUNT && faults.length < 5; seed++) faults.push(...(await faultsOf(seed)))
  expect(faults).toEqual([])
}, 300_000)
