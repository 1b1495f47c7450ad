/**
 * The one file that loads the addon, and only when something of the native layer is used: importing the package
 * never does. There is no fall-back to anything but a native library.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Addon } from './addon.js'
import { IpcError } from './errors.js'
import type { NativeAvailability, NativeVersions } from './types.js'

/** The addon's file for this machine, e.g. `feedbus-native.linux-x64-gnu.node`. */
function addonFile(): string {
  return `feedbus-native.${platformTarget()}.node`
}

/** `platform-arch-libc`, as platform packages are named; libc on Linux only. */
export function platformTarget(): string {
  const target = `${process.platform}-${process.arch}`
  return process.platform === 'linux' ? `${target}-${isGlibc() ? 'gnu' : 'musl'}` : target
}

function isGlibc(): boolean {
  // The loader of glibc lies at one of these places on every distribution that has it.
  if (existsSync('/etc/alpine-release')) return false
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  report.excludeNetwork = true
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime !== undefined
}

/** What is tried, in this order. */
function candidates(): string[] {
  const file = addonFile()
  const chosen = process.env['NATIVE_IOX_PATH']
  return [
    ...(chosen === undefined || chosen === '' ? [] : [chosen]),
    // The same from src/ and from dist/: the folder `native` beside them.
    fileURLToPath(new URL(`../../../../native/${file}`, import.meta.url)),
    `feedbus-native-${platformTarget()}`,
  ]
}

let loaded: Addon | undefined

/** The addon; loaded once. Throws `NATIVE_UNAVAILABLE`, and tries again on the next call. */
export function loadAddon(): Addon {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  const failures: string[] = []
  const causes: unknown[] = []
  for (const candidate of candidates()) {
    try {
      const addon = require(candidate) as Addon
      // A thread that is ended runs the addon's own hook; a process that exits by itself does not.
      process.once('exit', () => addon.closeAll())
      loaded = addon
      return addon
    } catch (error) {
      failures.push(`  ${candidate}: ${firstLine(error)}`)
      causes.push(error)
    }
  }
  throw new IpcError(
    'NATIVE_UNAVAILABLE',
    `the native addon is not there for ${platformTarget()} (Node ${process.versions.node}). Tried:\n${failures.join('\n')}\nBuild it with: ${buildCommand()}`,
    new AggregateError(causes, 'every place failed'),
  )
}

/** In a clone the script is there by name; a program that installed the package has no such script of its own. */
function buildCommand(): string {
  const home = fileURLToPath(new URL('../../../../', import.meta.url)).replace(/[\\/]$/, '')
  return home === process.cwd() ? 'npm run build:native' : `npm run build:native --prefix ${JSON.stringify(home)}`
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

/** Can the native layer be used here? Tries to load it; never throws. */
export function isNativeAvailable(): NativeAvailability {
  try {
    loadAddon()
    return { ok: true }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Throws `NATIVE_UNAVAILABLE`. */
export function versions(): NativeVersions {
  return loadAddon().versions()
}
