import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * The kernel packages of this Debian, oldest first: the release's own and, where the same suites have one, the newest of a newer
 * series. Both are named by packages that hold nothing but that name: linux-image-amd64, linux-image-6.12-amd64.
 */
export function kernelPackages(): string[] {
  const names = aptCache('pkgnames', 'linux-image-').filter((name) => /^linux-image-(\d+\.\d+-)?amd64$/.test(name));
  const packages = new Set(names.flatMap(dependency));
  const sorted = [...packages].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const own = dependency('linux-image-amd64')[0] ?? sorted[0];
  if (own === undefined) throw new Error('apt-cache knows no linux-image-amd64: see /etc/apt/sources.list');
  const newest = sorted.at(-1) as string;
  return newest === own ? [own] : [own, newest];
}

function dependency(name: string): string[] {
  const lines = aptCache('depends', '--important', name);
  return lines.flatMap((line) => /^\s*Depends: (linux-image-\S+)/.exec(line)?.[1] ?? []);
}

function aptCache(...words: string[]): string[] {
  return execFileSync('apt-cache', words, { encoding: 'utf8' }).split('\n');
}

/** A kernel package as it was unpacked. */
export interface Kernel {
  /** as uname -r says */
  version: string;
  image: string;
  /** paths of modules below `folder`, each after those that it depends on */
  modules: string[];
}

/** @param wanted names of modules; those that are built in are passed over. depmod is busybox's. */
export function readKernel(folder: string, wanted: readonly string[]): Kernel {
  const boot = join(folder, 'boot');
  const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-')) as string;
  const version = image.slice('vmlinuz-'.length);
  const top = join(folder, 'lib/modules', version);
  // newer series pack each module, and busybox's insmod takes them as they are only
  execFileSync('find', [top, '-name', '*.ko.xz', '-exec', 'xz', '--decompress', '{}', '+']);
  execFileSync('busybox', ['depmod', '-b', folder, version]);
  const paths = closure(readFileSync(join(top, 'modules.dep'), 'utf8'), wanted);
  return { version, image: join(boot, image), modules: paths.map((path) => join('lib/modules', version, path)) };
}

/** modules.dep: `PATH: PATH...`, each with all that it needs, the nearest first. */
function closure(dependencies: string, wanted: readonly string[]): string[] {
  const entries = dependencies.split('\n').map((line) => line.split(/[:\s]+/).filter(Boolean));
  const byName = new Map(entries.map((entry) => [moduleName(entry[0] ?? ''), entry]));
  const paths = wanted.flatMap((name) => (byName.get(moduleName(name)) ?? []).slice().reverse());
  return [...new Set(paths)];
}

const moduleName = (path: string) => basename(path, '.ko').replaceAll('-', '_');
