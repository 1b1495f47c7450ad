import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^feedbus$/, replacement: source('index.ts') },
      { find: /^feedbus\/([a-z]+)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes of real time with a real Prometheus: a lane of its own, `npm run test:prometheus`.
    exclude: [...configDefaults.exclude, 'test/deploy/live/**'],
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Two cores: more workers only fight over them and make deadlines lie.
    maxWorkers: 2,
    // Loopback servers and child processes; a fork keeps a crash in its own file.
    pool: 'forks',
  },
})
