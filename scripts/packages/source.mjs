import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What is built, and what the build does not read. */
const LEFT_OUT = /^(?:\.git|\.cache|node_modules|dist.*|man|completions|test|bench)$/;

/** When the sources were last changed, in seconds: $SOURCE_DATE_EPOCH, the last commit, or the last release. */
export function sourceDate() {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined) {
    if (!/^\d{1,10}$/.test(given))
      throw new Error(`SOURCE_DATE_EPOCH: ${JSON.stringify(given)} is not a number of seconds`);
    return Number(given);
  }
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    const [day] = /(?<=^## \d+\.\d+\.\d+ - )\S+/m.exec(readFileSync('CHANGELOG.md', 'utf8'));
    return Date.parse(day) / 1000;
  }
}

/**
 * Builds a copy of the sources, so that nothing of an earlier build is used or changed. Run from the project's
 * directory. Returns the tarball that npm would publish, the directory of its contents, and the one of the modules.
 */
export function buildFromSource(work, date) {
  const copy = join(work, 'source');
  cpSync('.', copy, { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  const options = { cwd: copy, env: { ...process.env, SOURCE_DATE_EPOCH: `${date}` }, encoding: 'utf8' };
  execFileSync(process.execPath, ['scripts/build.mjs'], { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(join(work, 'npm'));
  const words = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', join(work, 'npm')];
  const name = execFileSync('npm', words, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const tarball = join(work, 'npm', name);
  execFileSync('tar', ['-xzf', tarball, '-C', join(work, 'npm')]);
  return { tarball, package: join(work, 'npm/package') };
}
