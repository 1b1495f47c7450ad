/**
 * Opens a connection as a program of its own and reports what came of it, as a JSON line: `open.ts NAME --root PATH/
 * --prefix P [--mode poll] [--wait MS] [--user ID] [--send BYTES]`. For whoever must be another user, or have less
 * memory, than the test. `--send` makes a service of its own and sends in it instead.
 */
import { argumentsOf } from '../../../../../bench/native/arguments.js'
import { HftConnection, IpcError, IpcNode, isNativeAvailable } from '../../../../../src/connectors/hft/native/index.js'

const { name, option } = argumentsOf(process.argv.slice(2))
const report = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Sends until every slot has been written once. */
function fillService(maxLen: number): void {
  const node = IpcNode.create(where)
  const service = node.service({ name, mode: 'create', bufferSize: 64, maxSubscribers: 2 })
  service.subscriber()
  const publisher = service.publisher({ maxLen })
  for (let sent = 0; sent < 200; sent++) publisher.send(new Uint8Array(maxLen).fill(1))
  node.close()
}

async function connect(): Promise<void> {
  const connection = await HftConnection.open({
    connector: name,
    kind: 'binancefutures',
    mode: option('mode', 'pump') === 'poll' ? 'poll' : 'pump',
    waitForConnectorMs: Number(option('wait', '0')),
    node: where,
  })
  await connection.close()
}

const where = { rootPath: option('root', ''), prefix: option('prefix', '') }
const user = Number(option('user', '0'))
if (user > 0) {
  // Loaded first: the project's folder may be closed to that user.
  isNativeAvailable()
  process.setgroups?.([])
  process.setgid?.(user)
  process.setuid?.(user)
}
const started = performance.now()
try {
  const bytes = Number(option('send', '0'))
  if (bytes > 0) fillService(bytes)
  else await connect()
  report({ event: 'done' })
} catch (error) {
  if (!(error instanceof IpcError)) throw error
  const { code, message, hint, isTerminal } = error
  report({ event: 'refused', code, message, hint, isTerminal, elapsedMs: performance.now() - started })
}
