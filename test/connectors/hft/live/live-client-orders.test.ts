/** Orders of the live client, over the stub. */
import { describe, expect, it } from 'vitest'
import { LiveClientError, OrderStatus, Side, TimeInForce } from '../../../../src/connectors/hft/live/index.js'
import { Rig } from './live-client-rig.js'

describe('LiveClient: orders', () => {
  const far = { side: Side.BUY, price: 100, qty: 0.5 } as const

  it('A16 gives ids that rise and differ, also to calls made at the same time', async () => {
    const rig = new Rig()
    await rig.client.start()
    const sent = await Promise.all(Array.from({ length: 50 }, () => rig.client.submitOrder(far)))
    const ids = sent.map(({ orderId }) => orderId)
    expect(new Set(ids).size).toBe(50)
    expect(ids.slice(1).every((id, index) => id > ids[index]!)).toBe(true)
    expect(sent.every(({ status, error }) => status === 'submitted' && error === null)).toBe(true)
    expect(ids[0]! >> 32n).toBe(ids[49]! >> 32n)
    await rig.end()
  })

  it('A16 A42 answers with the text of a code that failed, and rejects only what cannot be', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.client.submitOrder({ ...far, orderId: 7n })
    expect(await rig.client.submitOrder({ ...far, orderId: 7n })).toMatchObject({
      status: 'error',
      error: 'an order with this id exists already (10)',
    })
    expect(await rig.client.submitOrder({ ...far, assetNo: 3 }).catch((error: unknown) => error)).toMatchObject({
      status: 'error',
      error: 'there is no instrument with this number (16)',
    })
    await expect(rig.client.submitOrder({ ...far, qty: 0 })).rejects.toBeInstanceOf(LiveClientError)
    await rig.end()
  })

  it('A17 L4 says cancelled after the confirmation, and submitted while it is only asked for', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    const asked = await rig.client.cancelOrder(orderId)
    expect(asked).toMatchObject({ orderId, status: 'submitted', error: null })
    await rig.clock.advance(5)
    expect(rig.client.getOrderResponse(orderId)).toMatchObject({ status: 'cancelled' })
    const second = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    expect(await rig.settled(rig.client.cancelOrder(second.orderId, { wait: true }))).toMatchObject({
      status: 'cancelled',
    })
    expect(await rig.client.cancelOrder(second.orderId)).toMatchObject({
      status: 'error',
      error: 'the state of the order does not allow this (14)',
    })
    expect(await rig.client.cancelOrder(1n)).toMatchObject({
      status: 'error',
      error: 'there is no order with this id (12)',
    })
    await rig.end()
  })

  it('A17 cancels an order whose submit is still on its way, after its answer', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.client.submitOrder(far)
    expect(await rig.settled(rig.client.cancelOrder(orderId, { wait: true }))).toMatchObject({ status: 'cancelled' })
    await rig.end()
  })

  it('A26 L4 tells filled quantity and average price from the replies', async () => {
    const rig = new Rig({}, { volatility: 0, depthProb: 0, tradeProb: 0 })
    await rig.client.start()
    await rig.clock.advance(20)
    const [first, second] = rig.bot.depth(0).snapshot().asks
    const qty = first!.qty + second!.qty / 2
    const order = { side: Side.BUY, price: second!.price, qty, wait: true } as const
    const { orderId } = await rig.settled(rig.client.submitOrder(order))
    const notional = first!.price * first!.qty + second!.price * (second!.qty / 2)
    const response = rig.client.getOrderResponse(orderId)!
    expect(response).toMatchObject({ status: 'submitted', filledQty: qty, error: null })
    expect(response.avgPrice).toBeCloseTo(notional / qty, 4)
    expect(rig.responses.at(-1)).toMatchObject({ orderId, filledQty: qty })
    expect(rig.client.getPosition()).toBeCloseTo(qty, 9)
    await rig.end()
  })

  it('A26 says error for an order that the venue let expire', async () => {
    const rig = new Rig()
    await rig.client.start()
    await rig.clock.advance(20)
    const price = rig.bot.depth(0).bestAsk + 10
    const order = { side: Side.BUY, price, qty: 0.001, timeInForce: TimeInForce.GTX, wait: true } as const
    expect(await rig.settled(rig.client.submitOrder(order))).toMatchObject({
      status: 'error',
      error: 'the venue says the order is expired',
    })
    await rig.end()
  })

  it('A21 lists orders that can still be filled', async () => {
    const rig = new Rig()
    await rig.client.start()
    const kept = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    const ended = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    await rig.settled(rig.client.cancelOrder(ended.orderId, { wait: true }))
    const order = {
      orderId: kept.orderId,
      side: Side.BUY,
      price: 100,
      qty: 0.5,
      leavesQty: 0.5,
      status: OrderStatus.NEW,
    }
    expect(rig.client.getOrders()).toEqual(new Map([[kept.orderId, order]]))
    await rig.end()
  })

  it('lets the bot forget ended orders, and still knows how they ended', async () => {
    const rig = new Rig()
    await rig.client.start()
    const { orderId } = await rig.settled(rig.client.submitOrder({ ...far, wait: true }))
    await rig.settled(rig.client.cancelOrder(orderId, { wait: true }))
    await rig.clock.advance(5_000)
    expect(rig.bot.orders(0).size).toBe(0)
    expect(rig.client.getOrderResponse(orderId)).toMatchObject({ status: 'cancelled' })
    expect(await rig.client.cancelOrder(orderId)).toMatchObject({ error: expect.stringContaining('(14)') })
    await rig.end()
  })

  it('A20 L6 throws for a position that is not known', async () => {
    const rig = new Rig()
    expect(rig.client.getPosition()).toBe(0)
    rig.bot.faults.isPositionUnknown = true
    expect(() => rig.client.getPosition()).toThrow(LiveClientError)
    await rig.end()
  })
})
