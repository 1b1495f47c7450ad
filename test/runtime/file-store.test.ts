import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { NodeFileStore } from '../../src/runtime/index.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-files-'))
  folders.push(folder)
  return folder
}

it('replaces a file as a whole and leaves nothing beside it', () => {
  const folder = temporary()
  const path = join(folder, 'page.html')
  writeFileSync(path, 'old')
  new NodeFileStore().replace(path, 'new')

  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readdirSync(folder)).toEqual(['page.html'])
})

it('throws what the system refused, keeps what was there and leaves no draft behind', () => {
  // On a full disk an empty `report.html.new` stayed beside the report.
  const folder = temporary()
  mkdirSync(join(folder, 'page.html', 'inner'), { recursive: true })

  expect(() => new NodeFileStore().replace(join(folder, 'page.html'), 'new')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/)
  expect(readdirSync(folder)).toEqual(['page.html'])
  expect(readdirSync(join(folder, 'page.html'))).toEqual(['inner'])
})
