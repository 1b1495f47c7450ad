/** The lane with a real Chromium: starts a browser per file, so it is kept out of `npm test`. `npm run test:browser`. */
import { mergeConfig, type ViteUserConfig } from 'vitest/config'
import base from './vitest.config.js'

const config: ViteUserConfig = mergeConfig(base, {})
// One after the other: two browsers beside two test processes would measure each other.
config.test = { ...config.test, include: ['test/browser/**/*.test.ts'], exclude: [], maxWorkers: 1 }

export default config
