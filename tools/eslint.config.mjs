/**
 * The typed lane: what only a linter with types can see, and nothing else. A promise nobody waits for is the main
 * defect of a program made of sockets and timers. Everything about style and plain mistakes is biome's.
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import tseslint from 'typescript-eslint'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

export default tseslint.config(
  // Comments addressed to biome or to a newer lane are none of this lane's business.
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['./tsconfig.json', './tsconfig.page.json'], tsconfigRootDir: root },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
    },
  },
  {
    // A subscriber of a user may throw anything; the tests do.
    files: ['test/**'],
    rules: { '@typescript-eslint/only-throw-error': 'off' },
  },
)
