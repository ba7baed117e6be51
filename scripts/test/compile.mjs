import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

/** The compiled tests, relative to the project: where its packages can be required. */
export const COMPILED = 'node_modules/.cache/hostdev-cpuset/compiled';

/** Packages without CommonJS, which older versions of Node cannot require(). */
const ES_MODULES = ['kubernetes-models/apps/v1', 'kubernetes-models/v1', 'marked', 'string-width', 'wrap-ansi'];
const TSCONFIG = readFileSync(new URL('../../tsconfig.json', import.meta.url), 'utf8');
const COMMON = { format: 'cjs', platform: 'node', target: 'node18', logLevel: 'warning' };

/**
 * Compiles TypeScript modules to CommonJS, once for all test processes. A compiled module finds files beside its
 * source: import.meta.url, __dirname and __filename are those of the source.
 * @param {string} root absolute path, where the packages can be required
 * @param {string[]} modules relative to `root`
 * @param {string} output relative to `root`; it is deleted first. `root`/a/b.ts becomes a/b.js in it
 * @returns {Promise<string>} the absolute path of the output
 */
export async function compile(root, modules, output) {
  const source = realpathSync(root);
  const outdir = join(source, output);
  rmSync(outdir, { recursive: true, force: true });
  for (const folder of new Set(modules.map(dirname))) mkdirSync(join(outdir, folder), { recursive: true });
  writeFileSync(join(outdir, 'package.json'), '{"type":"commonjs"}');
  await Promise.all(modules.map((path) => compileModule(source, path, outdir)));
  return outdir;
}

/** Makes CommonJS of the packages that have only ES modules, for the modules in `outdir`. */
export async function compilePackages(outdir) {
  const entryPoints = Object.fromEntries(ES_MODULES.map((name) => [name, name]));
  await build({ ...COMMON, entryPoints, bundle: true, outdir: join(outdir, 'node_modules') });
}

async function compileModule(source, path, outdir) {
  const { code, map } = await transform(readFileSync(join(source, path), 'utf8'), {
    ...COMMON,
    loader: 'ts',
    tsconfigRaw: TSCONFIG,
    sourcefile: join(source, path),
    sourcemap: 'external',
    sourcesContent: false,
    banner: sourceNames(join(source, path)),
    define: { 'import.meta.url': '__sourceUrl', __dirname: '__sourceFolder', __filename: '__sourceFile' },
  });
  const target = join(outdir, path.replace(/ts$/, 'js'));
  writeFileSync(target, `${withRequire(code)}//# sourceMappingURL=${target}.map`);
  writeFileSync(`${target}.map`, map);
}

function sourceNames(path) {
  const names = { __sourceFile: path, __sourceFolder: dirname(path), __sourceUrl: pathToFileURL(path).href };
  const definitions = Object.entries(names).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  // ES modules are strict
  return `'use strict'; const ${definitions.join(', ')};`;
}

/** import() of an own module would load it a turn of the event loop later than the bundle does. */
function withRequire(code) {
  return code.replace(/\bimport\(("\.{1,2}\/[^"]*")\)/g, 'Promise.resolve().then(()=>require($1))');
}
