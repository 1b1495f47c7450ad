/** How an error leaves the command: a line a person can act on, and an exit code. */
import { CommanderError } from 'commander'
import { ConnectorError } from '../connectors/hft/index.js'
import { ConfigError, formatConfigIssue } from '../live/errors.js'
import { FaultPlanError, RecordingError, SimOptionError } from '../sim/index.js'
import { LiveFeedError } from '../types/index.js'
import { ExitCode, UsageError } from './exit.js'

export interface Failure {
  readonly exitCode: ExitCode
  /** For stderr; empty when everything was printed already. */
  readonly lines: readonly string[]
}

export function describeFailure(error: unknown): Failure {
  // Help and version leave through an error too; commander has printed everything already.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? ExitCode.OK : ExitCode.WRONG_USAGE, lines: [] }
  }
  if (error instanceof ConfigError) {
    return { exitCode: ExitCode.WRONG_USAGE, lines: error.issues.map(formatConfigIssue) }
  }
  if (error instanceof FaultPlanError || error instanceof SimOptionError) {
    return { exitCode: ExitCode.WRONG_USAGE, lines: error.issues.map((issue) => `${error.code} ${issue}`) }
  }
  if (error instanceof RecordingError) {
    return { exitCode: ExitCode.WRONG_USAGE, lines: [`${error.code} ${error.message}`] }
  }
  if (error instanceof ConnectorError && error.code === 'CONNECTOR_OPTIONS') {
    return { exitCode: ExitCode.WRONG_USAGE, lines: error.message.split('\n').map((line) => `${error.code} ${line}`) }
  }
  if (error instanceof UsageError) return { exitCode: ExitCode.WRONG_USAGE, lines: [`error: ${error.message}`] }
  return { exitCode: ExitCode.RUNTIME_FAILURE, lines: [failureText(error)] }
}

/** A known error by code and message; an unknown one with its stack, because then it is ours to find. One line else. */
export function failureText(error: unknown): string {
  if (error instanceof LiveFeedError) return `${error.code} ${error.message}`
  if (isListenError(error)) return `cannot listen on ${error.address}:${error.port}: ${error.code}`
  // What the system refuses (a full disk, a missing folder) says all there is to say.
  if (isSystemError(error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

interface ListenError extends Error {
  readonly code: string
  readonly address: string
  readonly port: number
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'errno' in error
}

function isListenError(error: unknown): error is ListenError {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen' && 'address' in error
}
