/**
 * The files of the page: its own, compiled beside this one, and the two chart libraries as their packages ship
 * them. Each file is a route of its own, so no path from outside ever reaches the file system.
 */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpRoute } from '../http/index.js'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Nothing from outside, nothing inline, no text that becomes code. Modules, style sheet and push socket are of this
 * server; a data address is allowed for pictures only, for the cursor glyphs of the charts.
 */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const FOLDER = fileURLToPath(new URL('./', import.meta.url))

/** Where the files come from; a test from sources compiles the page elsewhere. */
export interface AssetFolders {
  /** Holds `protocol.js` and `page/`. */
  readonly compiled: string
}

export function assetRoutes(folders: AssetFolders = { compiled: FOLDER }): HttpRoute[] {
  const page = join(folders.compiled, 'page')
  const files: (readonly [path: string, file: string])[] = [
    ['/dashboard/protocol.js', join(folders.compiled, 'protocol.js')],
    ['/dashboard/vendor/uplot.js', packageFile('uplot', 'dist/uPlot.esm.js')],
    ['/dashboard/vendor/uplot.css', packageFile('uplot', 'dist/uPlot.min.css')],
    [
      '/dashboard/vendor/lightweight-charts.js',
      packageFile('lightweight-charts', 'dist/lightweight-charts.standalone.production.mjs'),
    ],
  ]
  for (const entry of readdirSync(page, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const isServed = entry.isFile() && extname(file) in CONTENT_TYPES && !file.endsWith('.html')
    if (isServed) files.push([`/dashboard/page${file.slice(page.length).replaceAll('\\', '/')}`, file])
  }
  return [
    route('/', join(page, 'index.html'), 'dashboard: what the feed is doing, as a page'),
    ...files.map(([path, file]) => route(path, file)),
  ]
}

function route(path: string, file: string, help?: string): HttpRoute {
  const extension = extname(file) === '.mjs' ? '.js' : extname(file)
  let body: Promise<Buffer> | null = null
  return {
    path,
    ...(help === undefined ? {} : { help }),
    answer: async () => {
      body ??= readFile(file)
      return {
        status: 200,
        contentType: CONTENT_TYPES[extension] ?? 'application/octet-stream',
        body: await body,
        headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY },
      }
    },
  }
}

/** Found the way Node finds the package, so that it works wherever npm has put it. */
function packageFile(name: string, path: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path)
}
