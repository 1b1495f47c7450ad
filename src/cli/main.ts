#!/usr/bin/env node
/** The `feedbus` command: parses, runs one command, turns every ending into an exit code. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { ConfigError, formatConfigIssue } from '../live/errors.js'
import { LiveFeedError } from '../types/index.js'
import { addConfigCommand } from './commands/config.js'
import { addLiveCommand } from './commands/live.js'
import { addSimCommand } from './commands/sim.js'
import { addTopicsCommand } from './commands/topics.js'
import { addUpCommand } from './commands/up.js'
import { ExitCode, UsageError } from './exit.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// A reader that went away (`feedbus live --emit … | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.OK)
  throw error
})

const program = new Command('feedbus')
  .description('typed in-process message bus and live market data feed')
  .version(version)
  .showSuggestionAfterError()
  .exitOverride()

const run = async (result: Promise<ExitCode>): Promise<void> => {
  process.exitCode = await result
}
addUpCommand(program, run)
addLiveCommand(program, run)
addSimCommand(program, run)
addConfigCommand(program, run)
addTopicsCommand(program, run)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): ExitCode {
  // Help and version leave through an error too; commander has printed everything already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.WRONG_USAGE
  if (error instanceof ConfigError) {
    for (const issue of error.issues) process.stderr.write(`${formatConfigIssue(issue)}\n`)
    return ExitCode.WRONG_USAGE
  }
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`)
    return ExitCode.WRONG_USAGE
  }
  const text =
    error instanceof LiveFeedError
      ? `${error.code} ${error.message}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
  process.stderr.write(`${text}\n`)
  return ExitCode.RUNTIME_FAILURE
}
