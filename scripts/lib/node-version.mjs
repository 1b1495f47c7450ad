/**
 * Is this Node new enough? Written in old syntax with no imports, because it runs on the very version it
 * complains about. The floor is read from `engines` in package.json by the caller.
 */

/**
 * A readable complaint, or `null` when the version is at or above the floor.
 * @param {string} version as `process.version`
 * @param {string} range as `engines.node`: only the form `>=MAJOR.MINOR` is used here
 * @returns {string | null}
 */
export function nodeVersionProblem(version, range) {
  const floor = numbers(range)
  const found = numbers(version)
  for (let i = 0; i < 3; i++) {
    if (found[i] > floor[i]) return null
    if (found[i] < floor[i]) {
      return (
        'NODE_TOO_OLD feedbus needs Node.js ' +
        range +
        ', this is ' +
        version +
        '.\nInstall a newer one, for example "nvm install 24" or the package from nodejs.org, and run the command again.'
      )
    }
  }
  return null
}

function numbers(text) {
  const parts = text.replace(/[^0-9.]/g, '').split('.')
  return [Number(parts[0] || 0), Number(parts[1] || 0), Number(parts[2] || 0)]
}
