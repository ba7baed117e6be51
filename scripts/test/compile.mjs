import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Compiles TypeScript modules to CommonJS, once for all test processes. A compiled module finds files beside its source:
 * import.meta.url, __dirname and __filename are those of the source.
 * @param {string} root absolute path, where the packages can be required
 * @param {string[]} modules relative to `root`
 * @param {string} output relative to `root`; it is deleted first. `root`/a/b.ts becomes a/b.js in it
 * @returns {Promise<string>} the absolute path of the output
 */
export async function compile(root, modules, output) {
  const outdir = join(realpathSync(root), output);
  rmSync(outdir, { recursive: true, force: true });
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: modules,
    outbase: '.',
    outdir,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    write: false,
    banner: { js: sourceNames(realpathSync(root), outdir) },
    define: { 'import.meta.url': '__sourceUrl', __dirname: '__sourceFolder', __filename: '__sourceFile' },
  });
  for (const folder of new Set(outputFiles.map(({ path }) => dirname(path)))) mkdirSync(folder, { recursive: true });
  for (const { path, text } of outputFiles) writeFileSync(path, path.endsWith('.js') ? withRequire(text) : text);
  writeFileSync(join(outdir, 'package.json'), '{"type":"commonjs"}');
  return outdir;
}

function sourceNames(root, outdir) {
  return [
    `const __sourceFile = ${JSON.stringify(root)} + __filename.slice(${outdir.length}, -2) + 'ts'`,
    `__sourceFolder = require('node:path').dirname(__sourceFile)`,
    `__sourceUrl = require('node:url').pathToFileURL(__sourceFile).href;`,
  ].join(', ');
}

/** import() of an own module would load it a turn of the event loop later than the bundle does. */
function withRequire(code) {
  return code.replace(/\bimport\(("\.{1,2}\/[^"]*")\)/g, 'Promise.resolve().then(()=>require($1))');
}
