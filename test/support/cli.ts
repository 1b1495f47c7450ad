/**
 * The built command as a real second process. Needs `dist`: `npm test` builds it first; when running vitest by
 * hand, run `npm run build` before.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running command; collects what it prints. Always `stop()` it, also when the test fails. */
export class RunningCli {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  /** Complete lines of stdout so far. */
  lineCount = 0
  readonly ended: Promise<Ended>

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: run "npm run build" first')
    this.child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineCount++
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }) as Ended)
  }

  get lines(): string[] {
    return this.stdout.split('\n').filter((line) => line !== '')
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Asks it to end, waits for it, and insists after two minutes. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    if (!this.hasEnded) this.child.kill(signal)
    const insist = setTimeout(() => this.child.kill('SIGKILL'), 120_000)
    const ended = await this.ended
    clearTimeout(insist)
    return ended
  }
}

/** Runs the command to its end. */
export async function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended & { readonly stdout: string; readonly stderr: string }> {
  const cli = new RunningCli(args, env)
  const ended = await cli.ended
  return { ...ended, stdout: cli.stdout, stderr: cli.stderr }
}
