/** A bot in a worker thread: reports each record's price, and is ended from outside without close. */
import { parentPort, workerData } from 'node:worker_threads'
import { HftConnection, type HftConnectionOptions } from '../../../../../src/connectors/hft/native/index.js'

const connection = await HftConnection.open({ ...(workerData as HftConnectionOptions), keepAlive: true })
connection.onRecords = (first, count) => {
  for (let i = first; i < first + count; i++) parentPort?.postMessage(connection.ring.px(i))
}
parentPort?.postMessage('open')
