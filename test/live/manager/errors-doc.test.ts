import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const SOURCE = new URL('../../../src/', import.meta.url)

/** Files that declare error codes: `errors.ts` and `….-error.ts` of every folder. */
function errorFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /(^|\/)(errors|[a-z-]+-error)\.ts$/.test(path))
}

/** Upper-case string literals of the file: in these files they are codes and nothing else. */
function codesOf(path: string): string[] {
  const text = readFileSync(new URL(path, SOURCE), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  return [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map((match) => match[1]!)
}

const doc = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  doc
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')).trim(), section] as const),
)
const codes = new Set(errorFiles().flatMap(codesOf))

describe('docs/errors.md', () => {
  it('finds the codes it is compared with', () => {
    expect(codes.size).toBeGreaterThan(15)
    for (const known of ['CONFIG_INVALID', 'HANDLER_FAILED', 'ALREADY_RUNNING', 'BUS_CLOSED', 'HTTP_PORT_IN_USE']) {
      expect(codes).toContain(known)
    }
  })

  it('has a section for every code, and no section for a code that is gone', () => {
    expect([...sections.keys()].sort()).toEqual([...codes].sort())
  })

  it.each([...codes].sort())('says of %s what it means, where it comes from and what to do', (code) => {
    const section = sections.get(code) ?? ''
    for (const part of ['**Meaning:**', '**Likely cause:**', '**What to do:**']) expect(section).toContain(part)
  })
})
