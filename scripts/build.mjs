// Builds dist/: the executables as one file each (a cold start is what people wait for), the library as modules with types.
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/cli/lint-domain.ts', 'src/cli/hostdev-cpuset.ts'],
  outdir: 'dist/bin',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'linked',
  // Modules with top-level await cannot be bundled; the peer is the user's.
  external: ['libxml2-wasm', 'libxmljs2'],
  define: { 'import.meta.url': '__bundle_url' },
  banner: { js: "const __bundle_url = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
for (const name of ['lint-domain', 'hostdev-cpuset']) chmodSync(`dist/bin/${name}.cjs`, 0o755);
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
