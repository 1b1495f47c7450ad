/** A dashboard on a server with a page open on it. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { Dashboard } from '../../src/dashboard/index.js'
import { HttpServer } from '../../src/http/index.js'
import { type CompiledPage, compilePage } from '../support/dashboard-page.js'
import { waitFor } from '../support/wait-for.js'
import { type Browser, type Complaints, launchBrowser, type Page, watchPage } from './support.js'

/** Loading, a push and a frame, on a machine with other things to do. */
export const PATIENCE_MS = 90_000
/** For `expect.poll`: the page draws a moment after it knows. */
export const PATIENTLY: { readonly timeout: number; readonly interval: number } = { timeout: PATIENCE_MS, interval: 50 }

export interface OpenPage {
  readonly page: Page
  readonly complaints: Complaints
  /** Waits until the text of the first match satisfies the test. */
  text(selector: string, test: (text: string) => boolean): Promise<string>
  /** Texts of all matches. */
  texts(selector: string): Promise<string[]>
}

export interface Rig {
  bus: Bus
  serve(options?: { readonly port?: number; readonly bus?: Bus; readonly title?: string }): Promise<Served>
  open(url: string, options?: object): Promise<OpenPage>
}

export interface Served {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** Registers its own setup and teardown with the enclosing `describe`. */
export function browserRig(): Rig {
  let compiled: CompiledPage
  let browser: Browser
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    compiled = compilePage()
    browser = await launchBrowser()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })
  afterAll(async () => {
    await browser?.close()
    compiled?.remove()
  })

  const rig: Rig = {
    bus: new Bus(),
    serve: async ({ port = 0, bus = new Bus(), title = 'test' } = {}) => {
      rig.bus = bus
      const dashboard = new Dashboard({ bus, title, pageFolder: compiled.folder })
      const { routes, upgrades } = dashboard
      const server = await HttpServer.start({ port, sources: [], routes, upgrades })
      let isStopped = false
      const stop = async (): Promise<void> => {
        if (isStopped) return
        isStopped = true
        await dashboard.close()
        await server.stop()
      }
      closing.push(stop)
      return { url: server.url, port: server.port, stop }
    },
    open: async (url, options = {}) => {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, colorScheme: 'dark', ...options })
      closing.push(() => page.close())
      await page.addInitScript(`
        globalThis.violations = []
        document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))
      `)
      const complaints = watchPage(page, url)
      await page.goto(url)
      const opened: OpenPage = {
        page,
        complaints,
        text: (selector, test) => {
          let last = ''
          return waitFor(
            async () => {
              const locator = page.locator(selector)
              if ((await locator.count()) === 0) return null
              last = await locator.first().innerText()
              return test(last) ? last || ' ' : null
            },
            { timeoutMs: PATIENCE_MS, pollMs: 50, what: () => `${selector} to be right; it says "${last}"` },
          )
        },
        texts: (selector) => page.locator(selector).allInnerTexts(),
      }
      return opened
    },
  }
  return rig
}

/** The page said nothing wrong, wanted nothing from elsewhere and was refused nothing by its policy. */
export async function expectClean({ page, complaints }: OpenPage): Promise<void> {
  expect(complaints.errors).toEqual([])
  expect(complaints.outside).toEqual([])
  expect(await page.evaluate<string[]>('violations')).toEqual([])
}
