/** The steps behind `scripts/bootstrap.mjs`, on a Node known to be new enough. */
import { ensureBuilt } from './build.mjs'
import { runScript } from './console.mjs'
import { ensureInstalled } from './install.mjs'
import { ROOT } from './paths.mjs'

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export function bootstrap(args) {
  return runScript(() => {
    ensureInstalled(ROOT)
    ensureBuilt({ force: args.includes('--force-build') })
  })
}
