/**
 * Captured venue data for tests. It is large and lives beside the project (`../shared/data`), so a clone may
 * lack it: such tests are then skipped with the reason in their name, and fail where it must be there
 * (`FEEDBUS_REQUIRE_DATA=1`).
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const DATA = new URL('../../../shared/data/', import.meta.url)

/** Absolute path of a file or folder below the captured data, or `null` when it is not there. */
export function sharedData(path: string): string | null {
  const absolute = fileURLToPath(new URL(path, DATA))
  return existsSync(absolute) ? absolute : null
}

/**
 * `describe` for tests that read captured data. `body` gets the absolute paths of the named files in the same
 * order; without names the whole folder is wanted and `body` finds its way with {@link sharedData}.
 */
export function describeWithData(name: string, body: () => void): void
export function describeWithData(name: string, paths: readonly string[], body: (...files: string[]) => void): void
export function describeWithData(
  name: string,
  pathsOrBody: readonly string[] | (() => void),
  bodyOfPaths?: (...files: string[]) => void,
): void {
  const paths = typeof pathsOrBody === 'function' ? ['captures'] : pathsOrBody
  const body = typeof pathsOrBody === 'function' ? pathsOrBody : (bodyOfPaths ?? (() => {}))
  const found = paths.map((path) => sharedData(path))
  const absent = paths.filter((_, index) => found[index] === null)
  if (absent.length === 0) {
    describe(name, () => body(...(found as string[])))
    return
  }
  const reason = `captured data absent: ${absent.join(', ')}`
  if (process.env['FEEDBUS_REQUIRE_DATA'] === '1') {
    describe(name, () => {
      it('has its captured data', () => {
        throw new Error(`${reason} (expected beside the project, and FEEDBUS_REQUIRE_DATA=1 makes it mandatory)`)
      })
    })
    return
  }
  describe.skip(`${name} [${reason}]`, () => {
    it('needs captured data', () => {})
  })
}
