/**
 * Makes a panic inside the addon, as a program of its own because the panic's text goes to stderr: `panic.ts NAME
 * --root PATH/ --prefix P`. A service for four billion nodes has lists of ports that do not fit their own offsets, and
 * Iceoryx2 takes that for impossible. Reports what came of the node it happened in, and of everything else.
 */
import { argumentsOf } from '../../../../../bench/native/arguments.js'
import { HftConnection, IpcError, IpcNode, samplesIn } from '../../../../../src/connectors/hft/native/index.js'
import { waitFor } from '../../../../support/wait-for.js'
import { ConnectorDouble, depth } from '../double.js'

const { name, option } = argumentsOf(process.argv.slice(2))
const where = { rootPath: option('root', ''), prefix: option('prefix', '') }
const outcome = (action: () => unknown): unknown => {
  try {
    return { value: action() }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error
    const { code, isTerminal, message, hint } = error
    return { code, isTerminal, message, hint }
  }
}

// What else there is: a connection over a connector, and a service of its own.
const other = IpcNode.create(where)
const double = new ConnectorDouble(other, name)
const connection = await HftConnection.open({ connector: name, kind: 'binancefutures', node: where })
const prices: number[] = []
connection.onRecords = (first, count) => {
  for (let i = first; i < first + count; i++) prices.push(connection.ring.px(i))
}
const service = other.service({ name: 'mine', mode: 'create', bufferSize: 4 })
const subscriber = service.subscriber()
const publisher = service.publisher({ maxLen: 8 })
double.send(depth('btcusdt', 1))
await waitFor(() => prices.length === 1)

const node = IpcNode.create(where)
const before = node.service({ name: 'before', mode: 'create' })
const panic = outcome(() => node.service({ name: 'impossible', mode: 'create', maxNodes: 2 ** 32 - 1 }))
const again = outcome(() => node.service({ name: 'possible', mode: 'create' }))
const listed = outcome(() => node.listNodes())

double.send(depth('btcusdt', 2))
await waitFor(() => prices.length === 2)
publisher.send(Uint8Array.of(7))
const out = new Uint8Array(256)
const received = [...samplesIn(out, subscriber.drainInto(out, 4))].map(({ payload }) => payload[0])
// What the node had made before has a life of its own.
const peers = outcome(() => before.peers())
const closed = outcome(() => node.close())
const closedAgain = outcome(() => node.close())
const next = IpcNode.create(where)
const afterwards = outcome(() => next.service({ name: 'possible', mode: 'create' }).peers())
next.close()
await connection.close()
double.close()
other.close()
process.stdout.write(
  `${JSON.stringify({ panic, again, listed, prices, received, peers, closed, closedAgain, afterwards })}\n`,
)
