/** The first minute of a newcomer: what the bootstrap decides, and what it says when it cannot go on. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../support/source-graph.js'

interface NodeVersion {
  nodeVersionProblem(version: string, range: string): string | null
}
interface Install {
  reasonToInstall(folder: string): string | null
  explainNpmFailure(output: string, folder: string): string
}

// Plain JavaScript without declarations, so that it runs before anything is installed.
const load = async <T>(file: string): Promise<T> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, 'scripts/lib', file)).href)) as T
const { nodeVersionProblem } = await load<NodeVersion>('node-version.mjs')
const { reasonToInstall, explainNpmFailure } = await load<Install>('install.mjs')

describe('the Node check', () => {
  it.each(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v24.21.0', 'v100.0.0'])('accepts %s', (version) => {
    expect(nodeVersionProblem(version, '>=20.19')).toBeNull()
  })

  it.each(['v20.18.3', 'v18.20.8', 'v4.0.0'])('refuses %s and says what to install', (version) => {
    const text = nodeVersionProblem(version, '>=20.19')
    expect(text).toContain(`NODE_TOO_OLD feedbus needs Node.js >=20.19, this is ${version}`)
    expect(text).toContain('Install a newer one')
  })
})

describe('the need to install', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'feedbus-install-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const lock = (version: string): string =>
    JSON.stringify({
      packages: {
        '': {},
        'node_modules/a': { version, integrity: `sha512-${version}` },
        'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-x', optional: true },
      },
    })
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
  const installed = (version: string): void => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    write(
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { version, integrity: `sha512-${version}` } } }),
    )
  }
  const stamp = (lockText: string, node: string): void =>
    write(
      'node_modules/.feedbus-bootstrap.json',
      JSON.stringify({ lock: createHash('sha256').update(lockText).digest('hex'), node }),
    )
  const thisNode = `${process.version} ${process.platform}-${process.arch}`

  it('is there in a fresh clone', () => {
    write('package-lock.json', lock('1.0.0'))
    expect(reasonToInstall(folder)).toBe('not installed yet')
  })

  it('is not there when somebody installed the same by hand, and that is remembered', () => {
    write('package-lock.json', lock('1.0.0'))
    installed('1.0.0')
    expect(reasonToInstall(folder)).toBeNull()
    rmSync(join(folder, 'node_modules/.package-lock.json'))
    expect(reasonToInstall(folder)).toBeNull()
  })

  it('is there when what is installed differs from the lock', () => {
    write('package-lock.json', lock('2.0.0'))
    installed('1.0.0')
    expect(reasonToInstall(folder)).toBe('node_modules does not match the lock file')
  })

  it('is there after the lock changed', () => {
    write('package-lock.json', lock('2.0.0'))
    installed('1.0.0')
    stamp(lock('1.0.0'), thisNode)
    expect(reasonToInstall(folder)).toBe('the lock file changed')
  })

  it('is there after Node changed', () => {
    write('package-lock.json', lock('1.0.0'))
    installed('1.0.0')
    stamp(lock('1.0.0'), 'v18.0.0 linux-x64')
    expect(reasonToInstall(folder)).toBe(`Node changed from v18.0.0 linux-x64 to ${thisNode}`)
  })
})

describe('a failed installation', () => {
  it.each([
    ['npm error code ENOTFOUND\nnpm error network request failed', 'NO_NETWORK'],
    ['npm error code EAI_AGAIN', 'NO_NETWORK'],
    ['npm error code EUSAGE', 'LOCK_OUT_OF_STEP'],
    ['npm error code EINTEGRITY', 'CORRUPT_DOWNLOAD'],
    ['npm error code ENOSPC', 'DISK_FULL'],
    ['npm error code EACCES', 'NOT_WRITABLE'],
    ['npm error something new', 'INSTALL_FAILED'],
  ])('is explained: %j is %s', (output, code) => {
    const text = explainNpmFailure(output, ROOT)
    expect(text.startsWith(`${code} `)).toBe(true)
    expect(text).toContain('npm ci --ignore-scripts')
    expect(text).toContain('npm error')
  })
})
