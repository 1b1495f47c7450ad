/** Errors of the simulated venue. Each code has a section in `docs/errors.md`. */
import { LiveFeedError } from '../types/errors.js'

export class SimOptionError extends LiveFeedError {
  override readonly name = 'SimOptionError'
  declare readonly code: 'SIM_OPTION_INVALID'
  /** One sentence per problem, each beginning with the option. */
  readonly issues: readonly string[]

  constructor(issues: readonly string[], cause?: unknown) {
    super('SIM_OPTION_INVALID', issues.join('\n'), { isTerminal: true, ...(cause === undefined ? {} : { cause }) })
    this.issues = issues
  }
}

/** A fault plan that cannot be; `issues` names each field and what is allowed. */
export class FaultPlanError extends LiveFeedError {
  override readonly name = 'FaultPlanError'
  declare readonly code: 'FAULT_PLAN_INVALID'
  readonly issues: readonly string[]

  constructor(issues: readonly string[], cause?: unknown) {
    const message = `fault plan: ${issues.join('\nfault plan: ')}`
    super('FAULT_PLAN_INVALID', message, { isTerminal: true, ...(cause === undefined ? {} : { cause }) })
    this.issues = issues
  }
}

/** A file that is not a recording; says where. */
export class RecordingError extends LiveFeedError {
  override readonly name = 'RecordingError'
  declare readonly code: 'RECORDING_INVALID'

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('RECORDING_INVALID', message, { isTerminal: true, ...options })
  }
}
