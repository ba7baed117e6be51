// Builds dist/bin: the executables, split into chunks that load on demand for a short start; dist/library: the library
// as modules with types; dist/modules: all modules separately, for scripts/ and bench/ (not published).
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { bundledFolders, licencesText } from './licences.mjs';
import { oldestNode } from './node-version.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });

const main = resolve('src/cli/main.ts');
const commands = resolve('src/cli/document-commands.ts');

// Loading a file has a cost, so keep the number of chunks small. esbuild makes one chunk of the modules that the same
// entries import. Therefore every other entry imports the main entry and the commands: they become shared chunks.
const fewFiles = {
  name: 'few-files',
  setup(builder) {
    const entries = new Set();
    builder.onResolve({ filter: /^\./ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined;
      const resolved = await builder.resolve(path, { kind, resolveDir, pluginData: 'resolved' });
      entries.add(resolved.path);
      return resolved;
    });
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!entries.has(path)) return undefined;
      const shared = path === commands ? [main] : [main, commands];
      const imports = shared.map((file) => `\nimport ${JSON.stringify(file)};`).join('');
      return { contents: readFileSync(path, 'utf8') + imports, loader: 'ts' };
    });
  },
};

// Most documents need neither a DOM nor xpath (src/xml/select.ts) nor saxes (src/xml/parse.ts), which are most of the
// code: each is a separate file that loads on demand. string-width is another: only text outside ASCII needs it
// (src/lib/text-width.ts). Two of Node's modules take 10 ms to load, and most commands need neither.
const getters = (name, names) =>
  `module.exports = { ${names.map((one) => `get ${one}() { return require('./${name}.cjs').${one}; }`).join(', ')} };`;
const LAZY = {
  xpath: getters('xpath', ['parse', 'XBoolean']),
  saxes: getters('saxes', ['SaxesParser']),
  '@xmldom/xmldom': getters('xmldom', ['DOMImplementation']),
  'string-width': "module.exports = (text) => require('./string-width.cjs').default(text);",
};
const BUILT_IN = {
  'node:child_process': ['execFile', 'spawn', 'spawnSync'],
  'node:crypto': ['createHash', 'randomBytes', 'randomUUID'],
};
// an ES module: to import another name is an error of the build
const callers = (path, names) =>
  names.map((name) => `export const ${name} = (...args) => require('${path}').${name}(...args);`).join('\n');
const lazyModules = {
  name: 'lazy-modules',
  setup(builder) {
    builder.onResolve({ filter: /^node:(?:child_process|crypto)$/ }, ({ path, namespace }) =>
      namespace === 'lazy' ? { path, external: true } : { path, namespace: 'lazy' },
    );
    builder.onResolve({ filter: /^(?:xpath|saxes|@xmldom\/xmldom|string-width)$/ }, ({ path }) => ({
      path,
      namespace: 'lazy',
    }));
    builder.onResolve({ filter: /^\.\/(?:xpath|saxes|xmldom|string-width)\.cjs$/ }, ({ path }) => ({
      path,
      external: true,
    }));
    builder.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: LAZY[path] ?? callers(path, BUILT_IN[path]),
    }));
  },
};

// esbuild splits only ES modules, but CommonJS starts faster: bundle as ES modules, then convert to CommonJS.
const common = {
  outdir: 'dist/bin',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  // the names of chunks depend on paths: not on where node_modules is (scripts/packages/source.mjs)
  preserveSymlinks: true,
  platform: 'node',
  target: 'node18',
  minify: true,
  // the texts are in one file
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};
const lazy = await build({
  ...common,
  // Only xmldom's DOM is used. Loading its parser would freeze a table of 2,200 HTML entities, which takes longer than
  // parsing a domain.
  entryPoints: { xpath: 'xpath', saxes: 'saxes', xmldom: '@xmldom/xmldom/lib/dom.js', 'string-width': 'string-width' },
  format: 'cjs',
});
const plugins = [lazyModules];
const alias = { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' };
// libvirt waits for the hook, and monitoring for `status --check`: each is a single file with only what it needs.
const esm = { ...common, write: false, format: 'esm', alias };
const single = ['hook', 'check'].map((out) => ({ in: `src/cli/${out}-main.ts`, out }));
const alone = await build({ ...esm, entryPoints: single, plugins });
const { outputFiles, metafile } = await build({
  ...esm,
  entryPoints: [main],
  splitting: true,
  // Ignore "sideEffects" of package.json, which is for users of the library: fewFiles adds imports without names.
  ignoreAnnotations: true,
  plugins: [fewFiles, ...plugins],
  // libxml2-wasm uses top-level await and cannot be bundled. libxmljs2 is a peer dependency that the user installs.
  external: ['libxml2-wasm', 'libxmljs2'],
});
for (const { path, text } of [...alone.outputFiles, ...outputFiles])
  writeFileSync(path, path.endsWith('.cjs') ? await toCommonJs(text) : text);
for (const name of ['lint-domain', 'hostdev-cpuset'])
  writeFileSync(`dist/bin/${name}.cjs`, executableText(name), { mode: 0o755 });
const folders = bundledFolders([lazy.metafile, alone.metafile, metafile]);
writeFileSync('dist/bin/THIRD-PARTY-LICENSES.txt', licencesText(folders));
for (const project of ['tsconfig.library.json', 'tsconfig.build.json'])
  execFileSync(process.execPath, ['node_modules/typescript/lib/tsc.js', '-p', project], { stdio: 'inherit' });
const { buildManualPages } = await import('./man/build.mjs');
buildManualPages();
const { buildCompletions } = await import('./completions/build.mjs');
buildCompletions();

/** An executable. It is ES5, so that a Node too old to parse the bundle can say so. */
function executableText(name) {
  const { major, minor } = oldestNode();
  const alone =
    name === 'hostdev-cpuset'
      ? `else if (process.argv[2] === 'hook') require('./hook.cjs').main();
else if (process.argv[2] === 'status' && process.argv.indexOf('--check') > 0 && require('./check.cjs').main());
`
      : '';
  return `#!/usr/bin/env node
'use strict';
var version = process.versions.node.split('.');
if (version[0] < ${major} || (version[0] == ${major} && version[1] < ${minor})) {
  process.stderr.write('${name}: needs Node ${major}.${minor} or later: ' + process.execPath + ' is ' + process.version + '\\n');
  process.exit(2);
}
${alone}else require('./main.cjs').main('${name}');
`;
}

async function toCommonJs(text) {
  // Load our own chunks with require(). External modules use top-level await and need import().
  const own = text.replace(/import\(("\.\/[^"]+")\)/g, 'Promise.resolve().then(()=>require($1))');
  const { code } = await transform(own, {
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    minify: true,
    define: { 'import.meta.url': '__bundle_url' },
  });
  const url = code.includes('__bundle_url')
    ? "const __bundle_url=require('node:url').pathToFileURL(__filename).href;"
    : '';
  // esbuild does not escape regular expressions. One character beyond Latin-1 doubles the size of the source in V8.
  const ascii = code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'use strict';${url}${ascii}`;
}
