import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../support/cli.js';

/**
 * Installs below `prefix` what `npm install --global` would: the packed package, its dependencies and executables. They
 * are copied from this checkout, so that no registry is needed.
 */
export async function installPacked(prefix: string): Promise<void> {
  const modules = join(prefix, 'lib/node_modules');
  const folder = join(modules, 'hostdev-cpuset');
  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${prefix}`];
  const [packed, paths] = await Promise.all([npm(pack), dependencies()]);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  execFileSync('tar', ['--extract', '--strip-components=1', '--file', join(prefix, filename)], { cwd: folder });
  rmSync(join(prefix, filename));
  for (const path of paths) cpSync(join(projectRoot, path), join(folder, path), { recursive: true });

  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  mkdirSync(join(prefix, 'bin'));
  for (const [name, path] of Object.entries(bin)) {
    const link = join(prefix, 'bin', name);
    symlinkSync(relative(dirname(link), join(folder, path)), link);
  }
}

/** Directories of all packages that are needed at run time, relative to the checkout. */
async function dependencies(): Promise<string[]> {
  const listed = await npm(['ls', '--omit=dev', '--omit=peer', '--all', '--parseable']);
  return listed
    .trim()
    .split('\n')
    .map((path) => relative(projectRoot, path))
    .filter(Boolean);
}

async function npm(words: string[]): Promise<string> {
  return (await promisify(execFile)('npm', words, { cwd: projectRoot })).stdout;
}
