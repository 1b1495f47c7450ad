/** Which programs of examples/ can be run, and how. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './paths.mjs'

/**
 * File names directly in examples/, sorted.
 * @returns {string[]}
 */
export function listExamples() {
  const folder = join(ROOT, 'examples')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /\.(?:ts|mjs)$/.test(name))
    .sort()
}

/**
 * The arguments of an example, from the first `npm run example NAME -- …` in its header.
 * @param {string} name file name in examples/
 * @returns {string[]}
 */
export function argsOfExample(name) {
  const header = readFileSync(join(ROOT, 'examples', name), 'utf8').split('*/', 1)[0] ?? ''
  const line = /^ \*\s+npm run example \S+(?: -- (.+))?$/m.exec(header)
  return line?.[1]?.split(/\s+/) ?? []
}
