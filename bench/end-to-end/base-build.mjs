/**
 * Builds the package as it was at another commit, in a temporary worktree with the packages installed here, so
 * that a benchmark can run both builds in one run.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param {string} ref commit, branch or tag
 * @returns {{ dist: string, remove(): void }} address of its `dist`, and what takes it away again
 */
export function buildOf(ref) {
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-base-'))
  const tree = join(folder, 'tree')
  const remove = () => {
    rmSync(folder, { recursive: true, force: true })
    execFileSync('git', ['worktree', 'prune'], { cwd: ROOT })
  }
  try {
    execFileSync('git', ['worktree', 'add', '--detach', tree, ref], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: tree, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    remove()
    throw new Error(
      `cannot build ${ref} to compare with: ${error.stderr?.toString() || error.stdout?.toString() || error.message}`,
    )
  }
  return { dist: pathToFileURL(join(tree, 'dist')).href, remove }
}
