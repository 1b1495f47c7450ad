/**
 * Installs the locked packages of one folder when needed, else does nothing.
 *
 * "Needed" is decided by content, never by time: the hash of the lock file and the Node that installed. What
 * somebody installed by hand is accepted when npm's own record of it agrees with the lock, because `npm ci`
 * starts by deleting everything.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ScriptError, say, seconds } from './console.mjs'
import { ROOT } from './paths.mjs'
import { runNpm } from './process.mjs'

/**
 * @param {string} folder holds package.json and package-lock.json
 * @returns {boolean} whether something was installed
 */
export function ensureInstalled(folder) {
  // A test must never replace the packages it runs on, whatever Node it was started with.
  if (process.env.FEEDBUS_SKIP_INSTALL === '1') return false
  const label = folder === ROOT ? 'dependencies' : `${basename(folder)}/ packages`
  const reason = reasonToInstall(folder)
  if (reason === null) return false

  const start = performance.now()
  say(`bootstrap: installing ${label} (${reason}): npm ci --ignore-scripts …`)
  const { code, output } = runNpm(
    ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    folder,
  )
  if (code !== 0) throw new ScriptError(explainNpmFailure(output, folder))
  writeStamp(folder)
  say(`bootstrap: installed ${label} in ${seconds(start)}`)
  return true
}

/**
 * Why an installation is needed, or `null`.
 * @param {string} folder
 * @returns {string | null}
 */
export function reasonToInstall(folder) {
  const modules = join(folder, 'node_modules')
  if (!existsSync(modules)) return 'not installed yet'
  const stamp = readStamp(folder)
  if (stamp === null) {
    if (!matchesLock(folder)) return 'node_modules does not match the lock file'
    writeStamp(folder)
    return null
  }
  const wanted = wantedStamp(folder)
  if (stamp.lock !== wanted.lock) {
    if (!matchesLock(folder)) return 'the lock file changed'
    writeStamp(folder)
    return null
  }
  if (stamp.node !== wanted.node) return `Node changed from ${stamp.node} to ${wanted.node}`
  return null
}

/**
 * What to tell a person when `npm ci` failed: the cause in words, what to do, then npm's last lines.
 * @param {string} output
 * @param {string} folder
 * @returns {string}
 */
export function explainNpmFailure(output, folder) {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/A complete log of this run/.test(line))
  const tail = lines
    .slice(-8)
    .map((line) => `  ${line}`)
    .join('\n')
  const cause = CAUSES.find(({ pattern }) => pattern.test(output))
  const text = cause?.text ?? 'INSTALL_FAILED "npm ci" failed; its own words are below.'
  return `${text}\nTo repeat it by hand: npm ci --ignore-scripts${folder === ROOT ? '' : ` --prefix ${basename(folder)}`}\n${tail}`
}

const CAUSES = [
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|FETCH_ERROR/,
    text: 'NO_NETWORK The packages of the lock file could not be fetched: the package registry did not answer.\nConnect once, or set a proxy or mirror ("npm config set registry URL"), and run the command again. Only this first step needs the network.',
  },
  {
    pattern: /EUSAGE|can only install packages when your package\.json and package-lock\.json/,
    text: 'LOCK_OUT_OF_STEP package.json and package-lock.json disagree. Run "npm install --ignore-scripts" after editing package.json and commit both.',
  },
  {
    pattern: /EINTEGRITY/,
    text: 'CORRUPT_DOWNLOAD A package does not have the content the lock file promises. Run "npm cache verify" and try again; if it repeats, the mirror is at fault.',
  },
  {
    pattern: /ENOSPC/,
    text: 'DISK_FULL There is no space left on the device.',
  },
  {
    pattern: /EACCES|EPERM|EROFS/,
    text: 'NOT_WRITABLE npm may not write here. Check who owns the folder and the npm cache.',
  },
]

function stampPath(folder) {
  return join(folder, 'node_modules', '.feedbus-bootstrap.json')
}

function wantedStamp(folder) {
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  return { lock, node: `${process.version} ${process.platform}-${process.arch}` }
}

function readStamp(folder) {
  try {
    return JSON.parse(readFileSync(stampPath(folder), 'utf8'))
  } catch {
    return null
  }
}

function writeStamp(folder) {
  rmSync(stampPath(folder), { force: true })
  writeFileSync(stampPath(folder), `${JSON.stringify(wantedStamp(folder))}\n`)
}

/** Does npm's record of what it installed name each package of the lock with the same content? */
function matchesLock(folder) {
  try {
    const locked = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
    const installed = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')).packages
    return Object.entries(locked).every(([path, entry]) => {
      if (path === '') return true
      const found = installed[path]
      // Optional ones are packages for other platforms.
      if (found === undefined) return entry.optional === true
      return found.version === entry.version && found.integrity === entry.integrity
    })
  } catch {
    return false
  }
}
