import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROGRAMS, untrustedCode } from '../../src/install/root-code.js';
import { RootOnly } from '../../src/install/root-only.js';
import { projectRoot } from '../support/cli.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('code that root will run');
let folder: TemporaryFolder;

/** A package as npm installs it globally, with its own dependency and one next to it. */
test.before.each(() => {
  folder = new TemporaryFolder();
  folder.write('bin/node', '');
  folder.write(
    `${PACKAGE}/package.json`,
    '{"dependencies":{"inner":"1","beside":"1"},"peerDependencies":{"peer":"1"}}',
  );
  for (const name of ['dist/bin/hostdev-cpuset.cjs', 'dist/bin/chunk.cjs', 'hook/qemu', 'rng/domain.rng'])
    folder.write(`${PACKAGE}/${name}`, '');
  folder.write(`${PACKAGE}/node_modules/inner/package.json`, '{"dependencies":{"deeper":"1"}}');
  folder.write(`${PACKAGE}/node_modules/inner/lib/index.mjs`, '');
  folder.write(`${BESIDE}/package.json`, '{"dependencies":{"beside":"1"}}');
  folder.write(`${BESIDE}/index.js`, '');
  folder.write('lib/node_modules/deeper/index.js', '');
  folder.write('elsewhere/code/index.js', '');
  folder.write('lib/node_modules/other/index.js', '');
  mkdirSync(folder.join('node_modules'));
});
test.after.each(() => folder.remove());

const PACKAGE = 'lib/node_modules/hostdev-cpuset';
const BESIDE = 'lib/node_modules/beside';

/** Ignores the owners of the test's files, and directories outside the test's own, which may not be owned by root. */
function check(): string | undefined {
  const judge = new RootOnly(({ mode }, path) =>
    path.startsWith(`${folder.path}/`) && (mode & 0o022) !== 0 ? 'writable' : undefined,
  );
  const programs = { node: folder.join('bin/node'), cli: folder.join(PACKAGE, 'dist/bin/hostdev-cpuset.cjs') };
  return untrustedCode(programs, judge)?.path.slice(folder.path.length + 1);
}

test('paths that only root can write to are accepted', () => {
  assert.is(check(), undefined);
});

for (const name of [
  'bin/node',
  'bin',
  'lib',
  `${PACKAGE}/dist/bin/hostdev-cpuset.cjs`,
  `${PACKAGE}/dist/bin/chunk.cjs`,
  `${PACKAGE}/dist/bin`,
  `${PACKAGE}/hook/qemu`,
  `${PACKAGE}/rng/domain.rng`,
  `${PACKAGE}/package.json`,
  `${PACKAGE}/node_modules`,
  `${PACKAGE}/node_modules/inner/lib/index.mjs`,
  `${BESIDE}/index.js`,
  BESIDE,
  'lib/node_modules/deeper/index.js',
  'lib/node_modules',
  // A missing peer dependency could be created there.
  'node_modules',
]) {
  for (const bits of [0o020, 0o002])
    test(`${name}, writable by ${bits === 0o020 ? 'its group' : 'all'}, is reported`, () => {
      chmodSync(folder.join(name), (name.includes('.') ? 0o644 : 0o755) | bits);
      assert.is(check(), name);
    });
}

test('a package that is not loaded is not checked', () => {
  chmodSync(folder.join('lib/node_modules/other/index.js'), 0o666);
  assert.is(check(), undefined);
});

test('links are followed, and every directory on the path is checked', () => {
  symlinkSync('../../../../hops/code', folder.join(PACKAGE, 'dist/linked'));
  mkdirSync(folder.join('hops'));
  symlinkSync(`${folder.path}/elsewhere/x/../code`, folder.join('hops/code'));
  mkdirSync(folder.join('elsewhere/x'));
  assert.is(check(), undefined);
  for (const name of ['hops', 'elsewhere/code/index.js', 'elsewhere/code', 'elsewhere/x']) {
    chmodSync(folder.join(name), 0o777);
    assert.is(check(), name);
    chmodSync(folder.join(name), 0o755);
  }
});

test('a dangling link is accepted if only root could create its target', () => {
  symlinkSync('../../nothing', folder.join(PACKAGE, 'dangling'));
  assert.is(check(), undefined);
  mkdirSync(folder.join('open'));
  chmodSync(folder.join('open'), 0o777);
  symlinkSync(`${folder.path}/open/nothing`, folder.join(PACKAGE, 'hook/dangling'));
  assert.is(check(), 'open');
});

test('circular links are a system error', () => {
  symlinkSync('b', folder.join(PACKAGE, 'a'));
  symlinkSync('a', folder.join(PACKAGE, 'b'));
  assert.throws(check, (error: NodeJS.ErrnoException) => error.code === 'ELOOP' && error.syscall !== undefined);
});

test('every program that the hook starts is checked', () => {
  const text = readFileSync(join(projectRoot, 'hook/qemu'), 'utf8').replace(/^ *#.*$|give_up '.*'/gm, '');
  const started = text.matchAll(/\b(?:within (?:\d+|"\$\w+")|run_command) ([a-z][a-z-]*)|\b(setsid|timeout) /g);
  const names = new Set(Array.from(started, ([, one, other]) => one ?? other));
  assert.ok(names.size >= 10, [...names].join());
  assert.equal(
    [...names].filter((name) => !PROGRAMS.includes(name as string)),
    [],
  );
});

test.run();
