/**
 * The dashboard in a real Chromium. Needs `tools/` installed and a Chromium on the machine; where one is absent the
 * tests are skipped with the reason in their name, and fail where both must be there (`FEEDBUS_REQUIRE_BROWSER=1`).
 */
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ROOT } from '../support/source-graph.js'

/**
 * What the tests use of playwright-core. Its own types are in `tools/`, which need not be installed for the rest of
 * the project to compile.
 */
export interface Locator {
  click(): Promise<void>
  count(): Promise<number>
  fill(text: string): Promise<void>
  focus(): Promise<void>
  first(): Locator
  getAttribute(name: string): Promise<string | null>
  innerText(): Promise<string>
  inputValue(): Promise<string>
  isVisible(): Promise<boolean>
  allInnerTexts(): Promise<string[]>
  selectOption(value: string | { readonly label: string }): Promise<unknown>
}

export interface Page {
  addInitScript(script: string): Promise<unknown>
  close(): Promise<void>
  context(): { newCDPSession(page: Page): Promise<CdpSession>; close(): Promise<void> }
  emulateMedia(media: { readonly colorScheme?: 'dark' | 'light' }): Promise<void>
  evaluate<T>(script: string): Promise<T>
  goto(url: string): Promise<unknown>
  keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> }
  locator(selector: string): Locator
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'request', listener: (request: { url(): string }) => void): void
  screenshot(options: { readonly path: string; readonly fullPage?: boolean }): Promise<unknown>
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>
}

export interface CdpSession {
  send(method: string, params?: object): Promise<{ metrics?: { name: string; value: number }[] }>
}

export interface Browser {
  newPage(options: object): Promise<Page>
  close(): Promise<void>
}

interface BrowserType {
  launch(options: { executablePath: string; args: string[] }): Promise<Browser>
}

/** Text of a function for the page: what a colour of its style sheet is right now, `[red, green, blue]` of 255. */
export const RGB_OF = `(name) => {
  const probe = document.createElement('i')
  probe.style.setProperty('color', 'var(' + name + ')')
  document.body.append(probe)
  const channels = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number)
  probe.remove()
  return channels
}`

const CHROMIUMS = [
  process.env['FEEDBUS_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

function loadPlaywright(): BrowserType | null {
  try {
    const load = createRequire(join(ROOT, 'tools', 'package.json'))
    return (load('playwright-core') as { chromium: BrowserType }).chromium
  } catch {
    return null
  }
}

const playwright = loadPlaywright()
const executable = CHROMIUMS.find((path) => path !== undefined && existsSync(path)) ?? null

function absence(): string | null {
  if (playwright === null) return 'playwright-core is not installed: npm ci --ignore-scripts --prefix tools'
  return executable === null ? 'no Chromium found; FEEDBUS_CHROMIUM names one elsewhere' : null
}

/** `describe` for tests that need a browser. */
export function describeWithBrowser(name: string, body: () => void): void {
  const reason = absence()
  if (reason === null) {
    describe(name, body)
  } else if (process.env['FEEDBUS_REQUIRE_BROWSER'] === '1') {
    describe(name, () => {
      it('has its browser', () => {
        throw new Error(`${reason} (FEEDBUS_REQUIRE_BROWSER=1 makes it mandatory)`)
      })
    })
  } else {
    describe.skip(`${name} [${reason}]`, () => {
      it('needs a browser', () => {})
    })
  }
}

export function launchBrowser(): Promise<Browser> {
  if (playwright === null || executable === null) throw new Error(absence() ?? '')
  // Without the sandbox, because tests in containers run as root.
  return playwright.launch({ executablePath: executable, args: ['--no-sandbox'] })
}

/** Everything a page complained about, and every address it wanted that is not its own server's. */
export interface Complaints {
  readonly errors: string[]
  readonly outside: string[]
}

export function watchPage(page: Page, origin: string): Complaints {
  const complaints: Complaints = { errors: [], outside: [] }
  page.on('console', (message) => {
    // Refused by a security policy is an error on the console as well.
    if (message.type() === 'error' || message.type() === 'warning') complaints.errors.push(message.text())
  })
  page.on('pageerror', (error) => complaints.errors.push(String(error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:')) complaints.outside.push(url)
  })
  return complaints
}

/** Pictures for people, kept out of version control. */
export function picturePath(name: string): string {
  const folder = join(ROOT, 'reports', 'dashboard')
  mkdirSync(folder, { recursive: true })
  return join(folder, `${name}.png`)
}
