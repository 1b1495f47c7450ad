/**
 * Formatting and lints of the Rust code, as one more part of the native lane: what `npm run lint` is for the rest.
 * Both come with a toolchain as components, so a minimal one may lack them.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { say, seconds } from './console.mjs'
import { NATIVE } from './native.mjs'

const DEADLINE_MS = 1_200_000
/**
 * The addon and the programs exclude each other (the addon's symbols exist in a Node process only), so each is looked
 * at by itself. The addon has no tests of its own: those of the crate are built with the programs.
 * @type {readonly { name: string, component: 'fmt' | 'clippy', args: string[], folder?: string }[]}
 */
const LINTS = [
  { name: 'formatting', component: 'fmt', args: ['fmt', '--check'] },
  { name: 'formatting, conformance', component: 'fmt', args: ['fmt', '--check'], folder: 'conformance' },
  { name: 'lints, addon', component: 'clippy', args: ['clippy', '--lib', '--locked', '--', '-D', 'warnings'] },
  {
    name: 'lints, peers and tests',
    component: 'clippy',
    args: [
      'clippy',
      '--all-targets',
      '--no-default-features',
      '--features',
      'tools',
      '--locked',
      '--',
      '-D',
      'warnings',
    ],
  },
]

/**
 * Runs them all and says how each went.
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function lintNative() {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { name, component, args, folder = '' } of LINTS) {
    const start = performance.now()
    if (spawnSync('cargo', [component, '--version'], { cwd: NATIVE }).status !== 0) {
      counts.skipped += 1
      say(
        `skipped ${name}: this toolchain has no cargo ${component} (rustup component add ${component === 'fmt' ? 'rustfmt' : 'clippy'})`,
      )
      continue
    }
    const { status } = spawnSync('cargo', args, { cwd: join(NATIVE, folder), stdio: 'inherit', timeout: DEADLINE_MS })
    if (status === 0) counts.passed += 1
    else counts.failed += 1
    say(`${status === 0 ? 'ok     ' : 'FAILED '} ${name} (${seconds(start)})`)
  }
  return counts
}
