import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unusablePath } from '../../src/install/check-paths.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('npm package');
/** An environment without the repository's tools and the machine's settings. */
const env = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1' };
let folder: TemporaryFolder;
let packed: string[];
let installed: string;

test.before(async () => {
  folder = new TemporaryFolder();
  const listed = await npm(['ls', '--omit=dev', '--all', '--parseable']);
  const dependencies = listed.stdout.trim().split('\n').slice(1);
  const answer = await npm(['pack', '--json', '--pack-destination', folder.path]);
  const [{ files, filename }] = JSON.parse(answer.stdout);
  packed = files.map(({ path }: { path: string }) => path);
  // Offline with an empty cache: only the package's dependencies are available.
  installed = folder.join('prefix');
  for (const path of dependencies) cpSync(path, join(installed, relative(projectRoot, path)), { recursive: true });
  await npm(['install', '--offline', '--prefix', installed, folder.join(filename)]);
});
test.after(() => folder.remove());

async function npm(words: string[]) {
  const common = ['--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', '--cache', folder.join('cache')];
  const outcome = await run('npm', [...words, ...common], { cwd: projectRoot });
  assert.is(outcome.code, 0, outcome.stderr);
  return outcome;
}

/** Directories that scripts/build.mjs generates. */
const BUILT = ['dist', 'man', 'completions'];

function filesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(projectRoot, entry.parentPath ?? entry.path), entry.name));
}

/** A module and all modules that it imports, for code or types. */
function reachable(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const name of [path, path.replace(/js$/, 'd.ts')])
    for (const [, target] of readFileSync(join(projectRoot, name), 'utf8').matchAll(/(?:from|import) ?\(?'(\..*?)'/g))
      reachable(join(dirname(path), target as string), found);
  return found;
}

test('it contains the documentation and the build, and nothing else', () => {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  }).split('\n');
  const top = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  const folders = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).files as string[];
  const whole = folders.filter((name) => !name.includes('.') && !BUILT.includes(name));
  const documents = tracked.filter((name) => top.includes(name) || whole.some((start) => name.startsWith(`${start}/`)));
  const modules = [...reachable('dist/library/index.js')].flatMap((name) => [name, name.replace(/js$/, 'd.ts')]);
  const built = ['man', 'completions'].flatMap((name) => filesBelow(name));
  const rest = packed.filter((name) => !/^dist\/bin\//.test(name)).sort();
  assert.equal(rest, [...documents, ...modules, ...built].sort());
  for (const name of packed.filter((path) => /^dist\/bin\//.test(path)))
    assert.match(name, /^dist\/bin\/(?:[\w-]+\.cjs|THIRD-PARTY-LICENSES\.txt)$/);
});

// npm 9 keeps the owner that a package's tarball states if root installs it, and `hostdev-cpuset install` then rejects
// the package: what is only bundled must not be installed.
test('it depends only on what the library imports, and on the engine that cannot be bundled', () => {
  const modules = [...reachable('dist/library/index.js')].map((name) => readFileSync(join(projectRoot, name), 'utf8'));
  const imported = modules.flatMap((text) => [...text.matchAll(/from '(?!node:|\.)([^']+)'/g)].map(([, name]) => name));
  const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  assert.equal(Object.keys(dependencies).sort(), [...new Set([...imported, 'libxml2-wasm'])].sort());
});

test('it contains the licence of each bundled package', () => {
  const text = readFileSync(join(projectRoot, 'dist/bin/THIRD-PARTY-LICENSES.txt'), 'utf8');
  const sections = new Map<string, string>();
  for (const section of text.split(/^-{80}\n/m).slice(1)) {
    const [, name = ''] = /^(\S+) \d+\.\d+\.\d+ \((?:MIT|ISC)\)\n/.exec(section) ?? [];
    sections.set(name, section);
    assert.match(section, /copyright.+\n[\s\S]*permission[\s\S]*provided "as is"/i, section.slice(0, 80));
  }
  // libxml2-wasm is not bundled.
  const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const missing = Object.keys(dependencies).filter((name) => name !== 'libxml2-wasm' && !sections.has(name));
  assert.equal(missing, []);
  for (const name of ['xmlchars', 'strip-ansi', 'y18n', 'yargs-parser', 'emoji-regex'])
    assert.ok(sections.has(name), name);
});

test('its pages link only to files that it contains', () => {
  const isThere = (path: string) => packed.some((name) => name === path || name.startsWith(`${path}/`));
  for (const page of packed.filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')) {
    const text = readFileSync(join(projectRoot, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!\w+:|#)([^)#]+)(?:#[^)]*)?\)|src="([^"]+)"/g))
      if (target) assert.ok(isThere(join(dirname(page), target)), `${page}: ${target}`);
  }
});

test('the executables run from an empty prefix, without the repository', async () => {
  const bin = (name: string, ...words: string[]) =>
    run(join(installed, 'node_modules/.bin', name), words, { cwd: folder.path, env });
  const version = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).version;
  for (const name of ['hostdev-cpuset', 'lint-domain'])
    assert.equal(await bin(name, '--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
  const sample = join(installed, 'node_modules/hostdev-cpuset/samples/gpu.xml');
  for (const words of [
    ['lint-domain', sample],
    ['lint-domain', '--engine', 'libxml2-wasm', sample],
    ['hostdev-cpuset', 'normalize', sample],
  ]) {
    const { code, stderr } = await bin(words[0] as string, ...words.slice(1));
    assert.is(code, 0, stderr);
  }
  mkdirSync(folder.join('image'));
  const put = await bin('hostdev-cpuset', 'install', '--prefix', folder.join('image'));
  if (unusablePath(installed) !== undefined) {
    assert.match(put.stderr, /cannot be written into a unit and a script/);
    return;
  }
  assert.is(put.code, 0, put.stderr);
  assert.match(
    readFileSync(folder.join('image/etc/hostdev-cpuset/hook'), 'utf8'),
    `\ncli='${installed}/node_modules/hostdev-cpuset/dist/bin/hostdev-cpuset.cjs'\n`,
  );
});

test('the library can be imported', async () => {
  const script = "import('hostdev-cpuset').then((all) => console.log(Object.keys(all).length > 0))";
  const outcome = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: installed, env });
  assert.equal(outcome, { code: 0, stdout: 'true\n', stderr: '' });
});

test.run();
