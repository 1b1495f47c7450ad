/** Which programs of examples/ can be run. */
import { existsSync, readdirSync } from 'node:fs'
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
