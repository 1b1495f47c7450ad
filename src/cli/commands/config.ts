/** `feedbus config check|show|schema`: what a configuration says, before anything is started with it. */
import type { Command } from 'commander'
import { configJsonSchema, explainConfig, loadConfigFile } from '../../live/index.js'
import { ExitCode } from '../exit.js'
import { formatCounted } from '../format.js'

export function addConfigCommand(program: Command, run: (result: Promise<ExitCode>) => Promise<void>): void {
  const config = program.command('config').description('check and show configuration')
  config
    .command('check <file>')
    .description('check a YAML or JSON file; one line per problem, exit code 2')
    .action((file: string) => run(check(file)))
  config
    .command('show [file]')
    .description('effective values of file, environment and defaults, each with its origin')
    .action((file: string | undefined) => run(show(file)))
  config
    .command('schema')
    .description('JSON Schema of the configuration, for editors')
    .action(() => run(schema()))
}

async function check(file: string): Promise<ExitCode> {
  const config = loadConfigFile(file)
  process.stdout.write(`${file}: ok, ${config.venue}, ${formatCounted(config.streamSpecs().length, 'stream')}\n`)
  return ExitCode.OK
}

async function show(file: string | undefined): Promise<ExitCode> {
  const explained = explainConfig({ ...(file === undefined ? {} : { file }), env: process.env })
  const width = Math.max(...explained.values.map(({ path }) => path.length))
  for (const { path, value, origin } of explained.values) {
    process.stdout.write(`${path.padEnd(width)}  ${textOf(value)}  # ${origin}\n`)
  }
  return ExitCode.OK
}

async function schema(): Promise<ExitCode> {
  process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  return ExitCode.OK
}

function textOf(value: unknown): string {
  // JSON has no Infinity and would print null.
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'unset')
}
