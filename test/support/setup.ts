/** Runs before every test file: no connection leaves the machine, and nothing stays open behind a file. */
import { afterAll, beforeAll } from 'vitest'
import { installNetworkGate } from './network-gate.js'
import { expectNoOpenHandles, openHandles } from './open-handles.js'

installNetworkGate()

let before: ReadonlyMap<string, number> = new Map()
beforeAll(() => {
  before = openHandles()
})
afterAll(async () => {
  await expectNoOpenHandles(before)
})
