import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../../support/cli.js';

/**
 * Lays out below `prefix` what `npm install --global` would: the packed package, the packages that it depends on, its
 * executables. They are this checkout's, so that no registry is asked.
 */
export function installPacked(prefix: string): void {
  const modules = join(prefix, 'lib/node_modules');
  const folder = join(modules, 'hostdev-cpuset');
  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${prefix}`];
  const [{ filename }] = JSON.parse(npm(pack)) as [{ filename: string }];
  execFileSync('tar', ['--extract', '--strip-components=1', '--file', join(prefix, filename)], { cwd: folder });
  rmSync(join(prefix, filename));
  for (const path of dependencies()) cpSync(join(projectRoot, path), join(folder, path), { recursive: true });

  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  mkdirSync(join(prefix, 'bin'));
  for (const [name, path] of Object.entries(bin)) {
    const link = join(prefix, 'bin', name);
    symlinkSync(relative(dirname(link), join(folder, path)), link);
  }
}

/** Folders of all packages that are needed at run time, below the checkout. */
function dependencies(): string[] {
  const folders = npm(['ls', '--omit=dev', '--omit=peer', '--all', '--parseable']).trim().split('\n');
  return folders.map((path) => relative(projectRoot, path)).filter(Boolean);
}

function npm(words: string[]): string {
  return execFileSync('npm', words, { cwd: projectRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
