import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRngDirectory } from '../../src/schema/package-root.js';
import { run } from '../support/run.js';

const project = fileURLToPath(new URL('../../', import.meta.url));
const resources = suite('findRngDirectory');

resources('it is found from the sources', () => {
  assert.is(findRngDirectory(), `${project}rng`);
});

resources('it is found from a CJS bundle in dist/bin; a missing one is an error', async () => {
  const folder = realpathSync(mkdtempSync(`${tmpdir()}/hostdev-cpuset-test-`));
  try {
    const bundle = `${folder}/dist/bin/print.cjs`;
    await build({
      stdin: {
        contents: "import { findRngDirectory } from './package-root.ts'; console.log(findRngDirectory());",
        resolveDir: `${project}src/schema`,
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: bundle,
      define: { 'import.meta.url': '__bundle_url' },
      banner: { js: "const __bundle_url = require('node:url').pathToFileURL(__filename).href;" },
    });
    assert.match((await run(process.execPath, [bundle])).stderr, 'ToolError: rng/domain.rng is missing');
    cpSync(`${project}rng`, `${folder}/rng`, { recursive: true });
    assert.is((await run(process.execPath, [bundle])).stdout, `${folder}/rng\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

resources.run();
