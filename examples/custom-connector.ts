/**
 * A connector of your own: a live wrapper whose messages have their own shape, made to speak the connector contract,
 * on the bus with reconnects, queue and health for free. The wrapper here makes up its prices; yours has a venue.
 *
 *   npm run example custom-connector
 */
import { Bus } from 'feedbus'
import { type ConnectorEvent, type ConnectorHealthStatus, ConnectorWrapper, HftConnectorStream } from 'feedbus/hft'

/** What the library you wrap hands over: its names, its numbers. */
interface WrapperMessage {
  readonly kind: 'trade' | 'other'
  readonly ts: number
  readonly price: number
  readonly amount: number
  readonly side: 0 | 1
  readonly id: number
}

class LiveWrapper {
  isOpen = false
  #id = 0

  async nextMessage(): Promise<WrapperMessage | null> {
    const id = ++this.#id
    // Every third call has nothing to say, every fifth something we do not want.
    if (id % 3 === 0) return null
    const kind = id % 5 === 0 ? 'other' : 'trade'
    return {
      kind,
      ts: Date.now(),
      price: 50_000 + Math.sin(id / 10) * 20,
      amount: 0.01,
      side: id % 2 === 0 ? 0 : 1,
      id,
    }
  }
}

class WrappedConnector extends ConnectorWrapper {
  readonly #wrapper = new LiveWrapper()
  #events = 0

  async connect(): Promise<void> {
    this.#wrapper.isOpen = true
  }

  async disconnect(): Promise<void> {
    this.#wrapper.isOpen = false
  }

  async subscribeTrades(symbol: string): Promise<void> {
    console.log(`trades of ${symbol} subscribed`)
  }

  async subscribeDepth(_symbol: string): Promise<void> {}

  async nextEvent(): Promise<ConnectorEvent | null> {
    const message = await this.#wrapper.nextMessage()
    if (message === null || message.kind !== 'trade') return null
    this.#events++
    const { ts, price, amount, side, id } = message
    const isBuy = side === 0
    return { type: 'trade', timestamp: ts, price, qty: amount, side: isBuy ? 'buy' : 'sell', isBuyerMaker: !isBuy, id }
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(this.#wrapper.isOpen)
  }

  getHealthStatus(): ConnectorHealthStatus {
    const { isOpen } = this.#wrapper
    return { connected: isOpen, subscribedTrades: isOpen, subscribedDepth: false, eventCounter: this.#events }
  }
}

const bus = new Bus()
let count = 0
bus.subscribe('mkt.trades', ({ payload }) => {
  if (++count <= 3) console.log(`${payload.takerSide} ${payload.qty} at ${payload.price.toFixed(2)}`)
})

const stream = new HftConnectorStream(new WrappedConnector(), bus, { pollIntervalMs: 10, logLine: null })
await stream.start()
await new Promise((resolve) => setTimeout(resolve, 1_000))
await stream.stop()
console.log(`${count} trades, then ${stream.state}`)
if (count === 0) process.exitCode = 1
