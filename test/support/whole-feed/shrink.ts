/** A failing schedule made as short as it can be while it still breaks the same rule. */
import { type RunOutcome, runSchedule } from './run.js'
import type { Schedule } from './schedule.js'

const RUNS_MAX = 60

/** Leaves out halves, quarters and at last single steps, as long as the rule stays broken. */
export async function shrink(failed: RunOutcome): Promise<RunOutcome> {
  const rule = failed.violations[0]?.rule
  let best = failed
  let runs = 0
  for (let size = Math.ceil(best.schedule.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.schedule.steps.length && runs < RUNS_MAX; ) {
      runs++
      const steps = best.schedule.steps.filter((_, index) => index < at || index >= at + size)
      const shorter: Schedule = { ...best.schedule, steps }
      const outcome = await runSchedule(shorter)
      if (outcome.violations.some((violation) => violation.rule === rule)) best = outcome
      else at += size
    }
  }
  return best
}
