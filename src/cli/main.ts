#!/usr/bin/env node
/** The `feedbus` command: parses, runs one command, turns every ending into an exit code. */
import { Command } from 'commander'
import { addConfigCommand } from './commands/config.js'
import { addLiveCommand } from './commands/live.js'
import { addSimCommand } from './commands/sim.js'
import { addTopicsCommand } from './commands/topics.js'
import { addUpCommand } from './commands/up.js'
import { ExitCode } from './exit.js'
import { describeFailure, failureText } from './failure.js'
import { VERSION } from './version.js'

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that went away (`feedbus live --emit … | head`) is no error of ours.
    if (error.code === 'EPIPE') process.exit(ExitCode.OK)
    // Going on would be lost work. Nothing is said where there is no place to say it.
    if (output === process.stdout) process.stderr.write(`cannot write to stdout: ${failureText(error)}\n`)
    process.exit(ExitCode.RUNTIME_FAILURE)
  })
}

const program = new Command('feedbus')
  .description('typed in-process message bus and live market data feed')
  .version(VERSION)
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    'after',
    `
Data goes to stdout, everything else to stderr. Ctrl-C ends a command with its summary.
Exit codes: 0 fine, 1 failed at run time, 2 wrong usage or configuration.

Examples:
  feedbus up --duration 20s
  feedbus live --venue SIM_SPOT --symbols BTCUSDT --streams kline:1m,depth:20 --emit 'mkt.*'
  feedbus sim --port 9001 --faults rough
  feedbus config check feed.yaml`,
  )

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
  const { exitCode, lines } = describeFailure(error)
  for (const line of lines) process.stderr.write(`${line}\n`)
  process.exitCode = exitCode
}
