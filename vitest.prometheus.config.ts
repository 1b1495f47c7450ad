/** The lane that takes minutes: a real Prometheus, real faults, alerts that fire and resolve. `npm run test:prometheus`. */
import { mergeConfig, type ViteUserConfig } from 'vitest/config'
import base from './vitest.config.js'

const config: ViteUserConfig = mergeConfig(base, {})
config.test = { ...config.test, include: ['test/deploy/**/*.test.ts'], exclude: [] }

export default config
