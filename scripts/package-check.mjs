/**
 * Looks at the package the way the outside will: publint (is what package.json says there?),
 * are-the-types-wrong (do types resolve as the code does?), knip (unused files and dependencies), size-limit.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT, TOOLS } from './lib/paths.mjs'
import { bin, runNode, runNpm } from './lib/process.mjs'
import { runSteps } from './lib/steps.mjs'

await runScript(async () => {
  ensureInstalled(ROOT)
  ensureInstalled(TOOLS)
  ensureBuilt()
  const tool = (packageName, ...args) =>
    runNode([bin(packageName.split(':')[0], { folder: TOOLS, name: packageName.split(':')[1] }), ...args])
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-pack-'))
  try {
    const packed = runNpm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    if (packed.code !== 0 || tarball === undefined) throw new ScriptError(`npm pack failed:\n${packed.output}`)
    process.exitCode = await runSteps([
      { name: 'publint', run: () => tool('publint', '--strict', join(folder, tarball)) },
      {
        name: 'types resolve',
        run: () => tool('@arethetypeswrong/cli:attw', '--profile', 'esm-only', join(folder, tarball)),
      },
      { name: 'unused files, exports and dependencies', run: () => tool('knip', '--config', 'tools/knip.json') },
      {
        name: 'size',
        run: () => runNode([bin('size-limit', { folder: TOOLS })], { cwd: TOOLS }),
      },
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
