import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { ExitCode, UsageError } from '../../src/cli/exit.js'
import { describeFailure } from '../../src/cli/failure.js'
import { LiveFeedConfig } from '../../src/live/index.js'
import { FaultPlanError, RecordingError } from '../../src/sim/index.js'

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('an error that ends the command', () => {
  it('is wrong usage with one line per problem for a wrong configuration', () => {
    const failure = describeFailure(thrownBy(() => LiveFeedConfig.parse({ venue: 'binance_spt', colour: 'red' })))

    expect(failure.exitCode).toBe(ExitCode.WRONG_USAGE)
    expect(failure.lines.length).toBeGreaterThan(1)
    for (const line of failure.lines) expect(line).toMatch(/^CONFIG_INVALID [^\n]+$/)
  })

  it.each([
    [new FaultPlanError(['rules[0].at: wrong', 'seed: wrong']), 2, /^FAULT_PLAN_INVALID /],
    [new RecordingError('a.jsonl:1 is not JSON'), 1, /^RECORDING_INVALID a\.jsonl:1/],
    [new UsageError('give a factor.'), 1, /^error: give a factor\.$/],
  ])('is wrong usage without a stack for %s', (error, count, line) => {
    const failure = describeFailure(error)

    expect(failure.exitCode).toBe(ExitCode.WRONG_USAGE)
    expect(failure.lines.length).toBe(count)
    for (const text of failure.lines) expect(text).toMatch(line)
  })

  it('has nothing to add where the parser has printed already', () => {
    expect(describeFailure(new CommanderError(0, 'commander.help', ''))).toEqual({ exitCode: ExitCode.OK, lines: [] })
    expect(describeFailure(new CommanderError(1, 'commander.unknownOption', ''))).toEqual({
      exitCode: ExitCode.WRONG_USAGE,
      lines: [],
    })
  })

  it('is a run-time failure that names the address for a port in use', () => {
    const error = Object.assign(new Error('listen'), {
      ...{ syscall: 'listen', code: 'EADDRINUSE', address: '127.0.0.1', port: 9001 },
    })

    expect(describeFailure(error)).toEqual({
      exitCode: ExitCode.RUNTIME_FAILURE,
      lines: ['cannot listen on 127.0.0.1:9001: EADDRINUSE'],
    })
  })

  it('is one line for what the system refuses', () => {
    const refused = thrownBy(() => readFileSync(join('no', 'such', 'file')))

    expect(describeFailure(refused)).toEqual({
      exitCode: ExitCode.RUNTIME_FAILURE,
      lines: [expect.stringMatching(/^ENOENT: no such file or directory, open '[^\n]+'$/)],
    })
  })

  it('keeps its stack when nobody expected it', () => {
    const failure = describeFailure(new TypeError('surprise'))

    expect(failure.exitCode).toBe(ExitCode.RUNTIME_FAILURE)
    expect(failure.lines.join('\n')).toMatch(/TypeError: surprise\n\s+at /)
  })
})
