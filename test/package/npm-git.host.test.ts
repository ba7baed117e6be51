import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, npmRelease, npmReleases, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

/** pre-commit takes all that `npm pack` prints as the name of a file; npm prints a banner for each of these. */
const PACK_SCRIPTS = ['prepack', 'prepare', 'postpack'];
const { version, scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
const git = (folder: string, ...words: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words]).toString();

const plain = suite('the scripts of the package');
plain('none runs when it is packed, or at a user; npm ci and npm publish build', () => {
  for (const name of [...PACK_SCRIPTS, 'preinstall', 'install', 'postinstall'])
    assert.is(scripts[name], undefined, name);
  for (const name of ['postprepare', 'prepublishOnly']) assert.is(scripts[name], scripts.build, name);
});
plain.run();

const test = suiteWhere('installed from git', needs('npm-releases', 'pre-commit'));
let folder: TemporaryFolder;
let repository: string;
test.before(() => {
  folder = new TemporaryFolder();
  repository = folder.join('repository');
  // as a clone has it: nothing that is built or installed
  const files = git(projectRoot, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .split('\0')
    .slice(0, -1);
  for (const file of files) cpSync(join(projectRoot, file), join(repository, file));
  git(repository, 'init', '-q');
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '-m', 'release');
  git(repository, 'tag', `v${version}`);
});
test.after(() => folder.remove());

for (const release of npmReleases) {
  test(`npm ${release} pack prints the name of the file, and nothing else`, async () => {
    const words = [npmRelease(release), 'pack', '--offline', '--cache', folder.join('cache')];
    const { code, stdout, stderr } = await run(process.execPath, words, { cwd: repository });
    assert.is(code, 0, stderr);
    assert.is(stdout, `hostdev-cpuset-${version}.tgz\n`);
  });
}

test('pre-commit installs it from a git URL, and rejects a bad definition', async () => {
  const [oldest = ''] = npmReleases;
  const npm = folder.write('bin/npm', `#!/bin/sh\nexec '${process.execPath}' '${npmRelease(oldest)}' "$@"\n`);
  chmodSync(npm, 0o755);
  const domains = folder.join('work/domains');
  cpSync(join(projectRoot, 'samples/gpu.xml'), join(domains, 'good.xml'));
  cpSync(join(projectRoot, 'samples/bad/cpuset-syntax.xml'), join(domains, 'bad.xml'));
  const example = readFileSync(join(projectRoot, 'examples/pre-commit-config.yaml'), 'utf8');
  const config = example.replace(/(repo: ).*/, `$1${repository}`).replace(/(rev: ).*/, `$1v${version}`);
  folder.write('work/.pre-commit-config.yaml', config);
  const work = folder.join('work');
  git(work, 'init', '-q');
  git(work, 'add', '-A');
  const env = {
    ...process.env,
    PATH: `${folder.join('bin')}:${process.env.PATH}`,
    PRE_COMMIT_HOME: folder.join('pre-commit'),
    npm_config_prefer_offline: 'true',
    NO_COLOR: '1',
  };
  const { code, stdout, stderr } = await run('pre-commit', ['run', '--all-files'], { cwd: work, env });
  assert.is(code, 1, stdout + stderr);
  assert.match(stdout, 'domains/bad.xml:37:53: error: cpuset: the range 7-5 is reversed');
  assert.not.match(stdout, 'good.xml:');
});

test.run();
