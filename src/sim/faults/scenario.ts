/**
 * Fault scenarios over a recording (plans of kind `lines`): which lines a client never sees or sees twice,
 * which fields are added, and which snapshots answer its resyncs. Line numbers count from 1 in the file.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { FaultPlanError } from './plan.js'

const restAnswer = z.object({ after_line: z.number().int(), lastUpdateId: z.number().int(), rest_raw: z.string() })

const scenarioSchema = z.object({
  name: z.string(),
  drop_lines: z.array(z.number().int()).default([]),
  repeat_lines: z.array(z.number().int()).default([]),
  add_fields: z.object({ data: z.record(z.string(), z.unknown()) }).optional(),
  serve_first_snapshot_only_after_its_line: z.boolean().default(false),
  rest_answers: z.array(restAnswer).default([]),
})

const fileSchema = z.object({ capture: z.string(), scenarios: z.array(scenarioSchema) })

export interface RestAnswer {
  /** Answers from here on; asked earlier, the answer waits for this line. */
  readonly afterLine: number
  readonly body: string
}

export interface Scenario {
  readonly name: string
  /** Path of the recording it belongs to. */
  readonly capturePath: string
  readonly dropLines: ReadonlySet<number>
  readonly repeatLines: ReadonlySet<number>
  readonly addFields: Readonly<Record<string, unknown>> | null
  /** The snapshot a request gets, by the line from which the request may come; ascending. */
  readonly answers: readonly (RestAnswer & { readonly fromLine: number })[]
}

/** Reads one scenario of a file; its capture is looked for beside the file and in `../captures`. */
export function loadScenario(file: string, name: string, capturePath?: string): Scenario {
  let parsed: z.infer<typeof fileSchema>
  try {
    parsed = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new FaultPlanError(
      [`${file.replace(/^.*[\\/]/, '')} is not a scenario file: ${(error as Error).message}`],
      error,
    )
  }
  const found = parsed.scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) {
    const names = parsed.scenarios.map((scenario) => scenario.name).join(', ')
    throw new FaultPlanError([`scenario: "${name}" is not one of ${names}`])
  }
  return {
    name,
    capturePath: capturePath ?? join(dirname(file), '..', 'captures', parsed.capture),
    dropLines: new Set(found.drop_lines),
    repeatLines: new Set(found.repeat_lines),
    addFields: found.add_fields?.data ?? null,
    answers: answersOf(found),
  }
}

/**
 * Each separate drop asks for one resync, so the i-th answer belongs to requests from the i-th drop on. A
 * scenario that holds back the first snapshot answers the very first request.
 */
function answersOf(scenario: z.infer<typeof scenarioSchema>): Scenario['answers'] {
  const answers = scenario.rest_answers.map((answer) => ({ afterLine: answer.after_line, body: answer.rest_raw }))
  if (scenario.serve_first_snapshot_only_after_its_line) return answers.map((answer) => ({ ...answer, fromLine: 0 }))
  const drops = [...scenario.drop_lines].sort((x, y) => x - y)
  return answers.map((answer, index) => {
    const previousLine = answers[index - 1]?.afterLine ?? 0
    return { ...answer, fromLine: drops.find((line) => line > previousLine) ?? answer.afterLine }
  })
}
