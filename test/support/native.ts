/**
 * Tests that need the native addon. A clone without Rust lacks it: such tests are then skipped with the reason in
 * their name, and fail where it must be there (`FEEDBUS_REQUIRE_NATIVE=1`).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { isNativeAvailable } from '../../src/connectors/hft/native/binding.js'
import type { NodeOptions, TypeDetail } from '../../src/connectors/hft/native/types.js'

/** The user header of a connector's services. */
export const CONNECTOR_HEADER: TypeDetail = {
  name: 'hftbacktest::live::ipc::iceoryx::CustomHeader',
  size: 16,
  align: 8,
  variant: 'fixed',
}

/** `describe` for tests over the addon. */
export function describeNative(name: string, body: () => void): void {
  const { ok, reason = '' } = isNativeAvailable()
  if (ok) {
    describe(name, body)
    return
  }
  if (process.env['FEEDBUS_REQUIRE_NATIVE'] === '1') {
    describe(name, () => {
      it('has the native addon', () => {
        throw new Error(`${reason}\n(FEEDBUS_REQUIRE_NATIVE=1 makes it mandatory)`)
      })
    })
    return
  }
  describe.skip(`${name} [native addon absent: npm run build:native]`, () => {
    it('needs the native addon', () => {})
  })
}

let roots = 0

/** A root path and prefix nobody else uses, removed after the tests of the file. */
export function privateNode(): Required<Pick<NodeOptions, 'rootPath' | 'prefix'>> {
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-iox-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const rootPath = join(folder, 'root/')
  mkdirSync(rootPath, { recursive: true, mode: 0o750 })
  roots += 1
  // Segments are named by prefix alone, so it must differ between test files that run at once.
  return { rootPath, prefix: `fbt${process.pid}_${roots}_` }
}
