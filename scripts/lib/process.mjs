/** Child processes for the scripts. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ScriptError, say } from './console.mjs'
import { ROOT } from './paths.mjs'

/**
 * Runs a Node program with the terminal handed through and returns its exit code (a signal counts as 1).
 * @param {string[]} args script and its arguments
 * @param {{ node?: string, cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<number>}
 */
export function runNode(args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, args, {
      cwd: options.cwd ?? ROOT,
      env: options.env ?? process.env,
      stdio: 'inherit',
    })
    const deadline =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            say(`still running after ${(options.timeoutMs ?? 0) / 1000} s, ended: ${args.join(' ')}`)
            child.kill('SIGKILL')
          }, options.timeoutMs)
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(deadline)
      resolve(code ?? 1)
    })
  })
}

/**
 * Arguments that make Node run a program which may be TypeScript.
 * @param {string} program
 * @returns {string[]}
 */
export function nodeArgsFor(program) {
  if (!program.endsWith('.ts')) return [program]
  return ['--enable-source-maps', '--import', pathToFileURL(join(ROOT, 'scripts/lib/ts-register.mjs')).href, program]
}

/**
 * Runs npm quietly; the output comes back to be explained rather than shown.
 * @param {string[]} args
 * @param {string} cwd
 * @returns {{ code: number, output: string }}
 */
export function runNpm(args, cwd) {
  // Inside an npm script the running npm says where it is, so a second npm on the path is never mixed in.
  const cli = process.env.npm_execpath
  const inside = cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli)
  const result = inside
    ? spawnSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
    : spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26, shell: process.platform === 'win32' })
  if (result.error) throw new ScriptError(`npm could not be started: ${result.error.message}`)
  return { code: result.status ?? 1, output: `${result.stdout}${result.stderr}` }
}

/**
 * The script behind a package's command, e.g. `bin('vitest')`.
 * @param {string} packageName
 * @param {{ folder?: string, name?: string }} [options] folder holding node_modules; command when it differs from the package name
 * @returns {string}
 */
export function bin(packageName, options = {}) {
  const home = join(options.folder ?? ROOT, 'node_modules', packageName)
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const name = options.name ?? packageName.split('/').at(-1) ?? packageName
  const entry = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[name]
  if (entry === undefined) throw new ScriptError(`package ${packageName} has no command ${name}`)
  return join(home, entry)
}
