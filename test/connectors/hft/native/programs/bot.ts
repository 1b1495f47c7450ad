/**
 * A bot as a program of its own: `bot.ts ROOT PREFIX MODE END`. Prints `open` and `record`, and after its first record
 * ends as asked: `exit` without close, `throw`, or not at all (`stay`; SIGTERM is handled by the program itself).
 */
import { HftConnection } from '../../../../../src/connectors/hft/native/index.js'

const [rootPath = '', prefix = '', mode = 'pump', end = 'stay'] = process.argv.slice(2)
const connection = await HftConnection.open({
  connector: 'c',
  kind: 'binancefutures',
  mode: mode === 'poll' ? 'poll' : 'pump',
  keepAlive: true,
  node: { rootPath, prefix },
})
process.on('SIGTERM', () => {
  process.stdout.write('handled\n')
  process.exit(3)
})
connection.onRecords = () => {
  process.stdout.write('record\n')
  if (end === 'exit') process.exit(0)
  if (end === 'throw') throw new Error('a handler failed')
}
process.stdout.write('open\n')
