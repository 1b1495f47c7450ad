/** Mutation testing: see scripts/mutation.mjs. Runs from the project's root. */

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  packageManager: 'npm',
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.config.ts', related: true },
  coverageAnalysis: 'perTest',
  mutate: [
    'src/bus/**/*.ts',
    'src/live/router/**/*.ts',
    'src/live/handlers/**/*.ts',
    'src/live/connection/**/*.ts',
    'src/live/health/**/*.ts',
    '!src/**/index.ts',
  ],
  // What the copy of the project does not need; heavy folders make each run start slowly.
  ignorePatterns: ['/dist', '/reports', '/tools', '/bench', '/docs', '/coverage'],
  // A mutant that only changes the words of a message is not a defect.
  mutator: { excludedMutations: ['StringLiteral'] },
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ['clear-text', 'progress', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  tempDirName: '.stryker-tmp',
  allowEmpty: false,
  thresholds: { high: 90, low: 75, break: null },
}
