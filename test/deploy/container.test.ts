/** The container example: nothing here builds it, so what it copies, runs and shares is compared with the project. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../support/source-graph.js'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('the container with a connector', () => {
  const lines = read('deploy/connector/Containerfile').split('\n')
  const valuesOf = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))

  it('[B23] copies only what is there', () => {
    const sources = valuesOf('COPY')
      .filter((rest) => !rest.startsWith('--from='))
      .flatMap((rest) => rest.split(' ').slice(0, -1))
    expect(sources.length).toBeGreaterThan(8)
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    const { bin, scripts } = JSON.parse(read('package.json')) as {
      bin: { feedbus: string }
      scripts: Record<string, string>
    }
    expect(valuesOf('RUN').join()).toContain('npm run build ')
    expect(scripts).toHaveProperty('build')
    expect(valuesOf('ENTRYPOINT')).toEqual([`["node", "${bin.feedbus.replace('./', '')}"]`])
  })

  it('[B23] compiles with every file the compiler asks for', () => {
    const copied = valuesOf('COPY').join(' ')
    for (const project of ['tsconfig.build.json', 'tsconfig.page.json']) {
      expect(copied).toContain(project)
      const base = (/"extends": "\.\/([^"]+)"/.exec(read(project)) ?? [])[1]
      if (base !== undefined) expect(copied).toContain(base)
    }
  })

  it('[B23] names a toolchain stage, an ordinary user and the addon it copied', () => {
    expect(valuesOf('FROM').filter((image) => image.includes('bookworm'))).toHaveLength(3)
    expect(valuesOf('USER')).toEqual(['node'])
    expect(lines.join('\n')).toContain('libfeedbus_native.so feedbus-native.node')
    expect(lines.join('\n')).toContain('NATIVE_IOX_PATH=/app/feedbus-native.node')
  })

  it('[B23] says what both sides must share', () => {
    const page = read('deploy/connector/README.md')
    for (const part of [
      '--ipc=container:connector',
      '--pid=container:connector',
      'iceoryx2:/tmp/iceoryx2',
      '--user 1000',
    ]) {
      expect(page).toContain(part)
    }
  })
})
