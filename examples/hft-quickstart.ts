/**
 * The live client in one loop: trade, book, an order and its cancel, and the end when the connection is gone. Runs on
 * the stub, whose data ends after a thousand feeds; with a connector only the bot differs.
 *
 *   npm run example hft-quickstart
 */
import { LiveClient, Side, StubConnectorBot, using } from 'feedbus/hft'

const bot = new StubConnectorBot({ basePrice: 50_000, seed: 42 })

await using(new LiveClient(bot), async (client) => {
  let hasTried = false
  for (;;) {
    const trade = await client.getTrade(1_000)
    const book = client.getBookUpdateNowait()
    if (trade !== null && !hasTried) console.log(`Trade: ${trade.price} x ${trade.qty} side ${trade.side}`)
    if (book !== null && !hasTried) {
      console.log(`Book: ${book.bidPrice} / ${book.askPrice}`)
      const response = await client.submitOrder({ side: Side.BUY, price: book.bidPrice - 500, qty: 0.001 })
      if (response.error !== null) {
        console.log(`Order error: ${response.error}`)
      } else {
        console.log('Order submitted')
        const cancel = await client.cancelOrder(response.orderId, { wait: true })
        console.log(`Order: ${cancel.status}`)
      }
      hasTried = true
    }
    if (!client.health.connected) {
      console.log('Connection lost!')
      break
    }
  }
})
