// Builds dist/: the executables in pieces that load when they are needed (a cold start is what people wait for), and the
// library as modules with types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// Whoever runs dist/ meanwhile shall not find it half-built.
const out = `dist-${process.pid}`;

// Only ES modules can be split, but CommonJS starts faster: so first the one, then the other.
const { outputFiles } = await build({
  entryPoints: ['src/cli/main.ts'],
  outdir: `${out}/bin`,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  splitting: true,
  write: false,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: true,
  legalComments: 'linked',
  // Only its DOM is used; its parser freezes a table of 2,200 HTML entities, which takes longer than the parsing of a domain.
  alias: { '@xmldom/xmldom': '@xmldom/xmldom/lib/dom.js' },
  // Modules with top-level await cannot be bundled; the peer is the user's.
  external: ['libxml2-wasm', 'libxmljs2'],
  logLevel: 'warning',
});
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, path.endsWith('.cjs') ? await toCommonJs(text) : text);
}
for (const name of ['lint-domain', 'hostdev-cpuset']) {
  writeFileSync(
    `${out}/bin/${name}.cjs`,
    `#!/usr/bin/env node\n'use strict';\nrequire('./main.cjs').main('${name}');\n`,
    {
      mode: 0o755,
    },
  );
}
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', out], {
  stdio: 'inherit',
});
rmSync('dist', { recursive: true, force: true });
renameSync(out, 'dist');

async function toCommonJs(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    define: { 'import.meta.url': '__bundle_url' },
    // Our own pieces by require; what is external has top-level await and needs the real thing.
    supported: { 'dynamic-import': !/import\("\.\//.test(text) },
  });
  const url = code.includes('__bundle_url')
    ? "const __bundle_url=require('node:url').pathToFileURL(__filename).href;"
    : '';
  return `'use strict';${url}${code}`;
}
