/** `feedbus topics`: every topic with its meaning and payload. */
import type { Command } from 'commander'
import { TOPIC_CATALOG } from '../../types/topic-catalog.js'
import { ExitCode } from '../exit.js'

export function addTopicsCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  program
    .command('topics')
    .description('list topics with the fields of their payload')
    .option('--json', 'as one JSON document')
    .action((options: { json?: boolean }) => run(topics(options.json ?? false)))
}

async function topics(json: boolean): Promise<ExitCode> {
  if (json) {
    process.stdout.write(`${JSON.stringify(TOPIC_CATALOG, null, 2)}\n`)
    return ExitCode.OK
  }
  for (const [topic, { payload, meaning, fields }] of Object.entries(TOPIC_CATALOG)) {
    process.stdout.write(`${topic}  (${payload})\n  ${meaning}\n`)
    const width = Math.max(...Object.keys(fields).map((name) => name.length))
    for (const [name, text] of Object.entries(fields)) process.stdout.write(`    ${name.padEnd(width)}  ${text}\n`)
    process.stdout.write('\n')
  }
  return ExitCode.OK
}
