/**
 * Every command of the documentation can be typed: options of `feedbus` are known and have values that parse, and
 * programs, examples, measurements and tests that are named exist. (npm scripts: `test/architecture/sources.test.ts`.)
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addConfigCommand } from '../../src/cli/commands/config.js'
import { addLiveCommand } from '../../src/cli/commands/live.js'
import { addSimCommand } from '../../src/cli/commands/sim.js'
import { addTopicsCommand } from '../../src/cli/commands/topics.js'
import { addUpCommand } from '../../src/cli/commands/up.js'
import { ROOT } from '../support/source-graph.js'

interface Line {
  /** `docs/x.md: feedbus live …` */
  readonly place: string
  readonly words: readonly string[]
}

function pages(): string[] {
  const under = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name))
  return ['README.md', ...['docs', 'examples', 'bench', 'deploy'].flatMap(under)]
}

/** Lines of fenced blocks and texts in backquotes that begin with one of the commands looked at here. */
function commandsOf(page: string, text: string): Line[] {
  const found: string[] = []
  const prose = text.replace(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm, (_all, language: string, body: string) => {
    if (['', 'sh', 'bash', 'text'].includes(language)) found.push(...body.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    return ''
  })
  found.push(...[...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? ''))
  return found
    .map((line) => line.trim().replace(/^\$ /, ''))
    .filter((line) => /^(?:[A-Z_]+=\S+ )*(?:feedbus|npm|npx|node) \S/.test(line))
    .map((line) => {
      const words = line
        .replace(/\s#.*$/, '')
        .replace(/\s+[|>].*$/, '')
        .match(/'[^']*'|\S+/g)
      return { place: `${page}: ${line}`, words: (words ?? []).map((word) => word.replace(/^'(.*)'$/, '$1')) }
    })
    .map(({ place, words }) => ({ place, words: words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))) }))
}

/** All commands of `feedbus`, without doing anything. */
function feedbus(): Command {
  const program = new Command('feedbus')
  const nothing = async (result: Promise<unknown>): Promise<void> => {
    await result
  }
  for (const add of [addUpCommand, addLiveCommand, addSimCommand, addConfigCommand, addTopicsCommand]) {
    add(program, nothing)
  }
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  return program
}

/** A word in capitals, dots or an ellipsis stands for something that the reader fills in. */
const isPlaceholder = (word: string): boolean => /^[A-Z][A-Z_:/.]*$|…|\.\.\./.test(word) && !word.startsWith('BINANCE')

function feedbusProblem(words: readonly string[]): string | undefined {
  const [name = '', ...rest] = words
  const command = feedbus().commands.find((candidate) => candidate.name() === name)
  if (command === undefined) return name === '' || name.startsWith('-') ? undefined : `there is no command ${name}`
  const args: string[] = []
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? ''
    const option = command.options.find(({ long }) => long === word)
    const value = rest[at + 1]
    // Prose names an option without a value.
    if (option?.required && value === undefined) break
    if (option?.required && isPlaceholder(value ?? '')) at++
    else if (!isPlaceholder(word) && word !== '--help') args.push(word)
  }
  try {
    const { unknown } = command.parseOptions(args)
    return unknown.length === 0 ? undefined : `${name} has no option ${unknown[0]}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function problemOf({ words }: Line): string | undefined {
  const [program = '', ...rest] = words
  const missing = (path: string): string | undefined =>
    isPlaceholder(path) || existsSync(join(ROOT, path)) ? undefined : `there is no ${path}`
  if (program === 'feedbus') return feedbusProblem(rest)
  if (program === 'node') {
    const script = rest.find((word) => /\.(?:m?js|ts)$/.test(word) && !word.startsWith('-'))
    // Built by the first start; its sources are here.
    if (script?.startsWith('dist/') === true) {
      return missing(script.replace(/^dist/, 'src').replace(/\.js$/, '.ts')) ?? feedbusProblem(rest.slice(1))
    }
    return script === undefined ? undefined : missing(script)
  }
  if (program === 'npx') {
    if (rest[0] !== 'vitest') return undefined
    return rest
      .filter((word) => word.startsWith('test/'))
      .map(missing)
      .find((problem) => problem !== undefined)
  }
  const [verb, script, name] = rest
  if (verb === 'start' && script === '--') return feedbusProblem(['up', ...rest.slice(2)])
  if (verb !== 'run' || name === undefined || name.startsWith('-') || isPlaceholder(name)) return undefined
  if (script === 'example') return missing(`examples/${name}.ts`)
  if (script === 'bench') {
    return ['.mjs', '.ts', '/run.mjs', '/run.ts'].some((end) => existsSync(join(ROOT, `bench/${name}${end}`)))
      ? undefined
      : `there is no measurement ${name}`
  }
  return undefined
}

describe('commands in the documentation', () => {
  const lines = pages().flatMap((page) => commandsOf(page, readFileSync(join(ROOT, page), 'utf8')))

  it('can all be typed', () => {
    expect(lines.length).toBeGreaterThan(60)
    const problems = lines.flatMap((line) => {
      const problem = problemOf(line)
      return problem === undefined ? [] : [`${line.place} → ${problem}`]
    })
    expect(problems).toEqual([])
  })

  it.each([
    ['feedbus live --vneue BINANCE_SPOT', /no option --vneue/],
    ['feedbus live --venue BINANCE_SPTO', /BINANCE_SPTO/],
    ['feedbus up --duration 20', /not a duration/],
    ['feedbus liev', /no command liev/],
    ['npm start -- --drauction 20s', /no option --drauction/],
    ['npm run example watch-it-heel', /no examples\/watch-it-heel/],
    ['npm run bench nonsense', /no measurement nonsense/],
    ['npx vitest run test/nowhere.test.ts', /no test\/nowhere/],
    ['node scripts/nowhere.mjs --x', /no scripts\/nowhere/],
    ['node dist/cli/main.js up --emti x', /no option --emti/],
  ])('would be refused as %s', (text, problem) => {
    const [line] = commandsOf('page.md', `\`${text}\``)
    expect(line && problemOf(line)).toMatch(problem)
  })
})
