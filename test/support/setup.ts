/** Runs before every test file: no connection leaves the machine, and nothing stays open behind a file. */
import { afterAll, beforeAll } from 'vitest'
import { installNetworkGate } from './network-gate.js'
import { expectNoOpenHandles, openHandles } from './open-handles.js'

installNetworkGate()

// Tests run scripts that install what is missing; under another Node than the one that installed, that would
// take node_modules away from the tests running beside.
process.env['FEEDBUS_SKIP_INSTALL'] = '1'

let before: ReadonlyMap<string, number> = new Map()
beforeAll(() => {
  before = openHandles()
})
afterAll(async () => {
  await expectNoOpenHandles(before)
})
