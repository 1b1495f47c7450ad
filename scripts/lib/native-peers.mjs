/** Where the Rust programs of the native layer are, and private folders for their shared memory. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ROOT } from './paths.mjs'

export { nodeArgsFor } from './process.mjs'

export const NATIVE = join(ROOT, 'native')
/** What builds them. */
export const BUILD_PEERS = 'cargo build --release --no-default-features --features tools --bins'

/**
 * Path of a peer program, `null` when it was not built. Of several builds the newest, so that a test never runs
 * against yesterday's.
 * @param {'fake_connector' | 'rust_sub' | 'echo'} name
 */
export function peerProgram(name) {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(NATIVE, 'target')
  const found = ['release', 'checked', 'debug']
    .map((profile) => join(target, profile, name))
    .filter((path) => existsSync(path))
  return found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? null
}

/**
 * A root folder and a prefix nobody else uses. `leftovers` says what is still there: service and node files below the
 * root, and segments with the prefix where the system keeps shared memory.
 */
export function privateRoot() {
  const rootPath = `${mkdtempSync(join(tmpdir(), 'feedbus-iox-'))}/`
  // The name the system made up for the folder is as private as the folder.
  const prefix = `${basename(rootPath).slice(-6)}_`
  return {
    rootPath,
    prefix,
    args: ['--root', rootPath, '--prefix', prefix],
    leftovers() {
      const files = readdirSync(rootPath, { withFileTypes: true, recursive: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => entry.name)
      const segments = existsSync('/dev/shm') ? readdirSync('/dev/shm').filter((name) => name.startsWith(prefix)) : []
      return [...files, ...segments]
    },
    remove() {
      rmSync(rootPath, { recursive: true, force: true })
      if (!existsSync('/dev/shm')) return
      // Only ours: nothing else has this prefix.
      for (const name of readdirSync('/dev/shm')) {
        if (name.startsWith(prefix)) rmSync(join('/dev/shm', name), { force: true })
      }
    },
  }
}
