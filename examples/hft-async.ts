/**
 * Two readers at once, one for trades and one for books, each waiting at most a second. On the stub, until its data
 * ends.
 *
 *   npm run example hft-async
 */
import { LiveClient, StubConnectorBot, using } from 'feedbus/hft'

async function countTrades(client: LiveClient): Promise<number> {
  let count = 0
  while ((await client.getTrade(1_000)) !== null) count++
  return count
}

async function countBooks(client: LiveClient): Promise<number> {
  let count = 0
  while ((await client.getBookUpdate(1_000)) !== null) count++
  return count
}

const client = new LiveClient(new StubConnectorBot({ seed: 7 }))
const [trades, books] = await using(client, () => Promise.all([countTrades(client), countBooks(client)]))
console.log(`${trades} trades and ${books} book updates read, ${client.dropped.trades + client.dropped.books} dropped`)
