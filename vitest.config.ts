import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^feedbus$/, replacement: source('index.ts') },
      { find: /^feedbus\/hft$/, replacement: source('connectors/hft/index.ts') },
      { find: /^feedbus\/([a-z]+)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Lanes of their own: minutes with a real Prometheus (`npm run test:prometheus`), a real browser (`npm run
    // test:browser`).
    exclude: [...configDefaults.exclude, 'test/deploy/live/**', 'test/browser/**'],
    setupFiles: ['test/support/setup.ts'],
    // Deadlines only decide how long a failure takes; one that a slow machine can miss tests the machine.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Two cores: more workers only fight over them and make deadlines lie.
    maxWorkers: 2,
    // Loopback servers and child processes; a fork keeps a crash in its own file.
    pool: 'forks',
  },
})
