import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** An extracted kernel package. */
export interface Kernel {
  /** the output of uname -r */
  version: string;
  image: string;
  /** paths of uncompressed modules below `folder`, each after its dependencies */
  modules: string[];
}

/** @param wanted names of modules; those that are built in are passed over. */
export function readKernel(folder: string, wanted: readonly string[]): Kernel {
  const boot = join(folder, 'boot');
  const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-')) as string;
  const version = image.slice('vmlinuz-'.length);
  const top = join('lib/modules', version);
  const names = readdirSync(join(folder, top), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /\.ko(\.xz)?$/.test(name)).map((name) => join(top, name));
  const byName = new Map(files.map((path) => [moduleName(path), path]));
  const modules = new Set<string>();
  const add = (name: string) => {
    const file = byName.get(name);
    if (file === undefined || modules.has(uncompressed(file))) return;
    for (const other of dependencies(join(folder, file))) add(other);
    modules.add(uncompressed(file));
  };
  for (const name of wanted) add(moduleName(name));
  return { version, image: join(boot, image), modules: [...modules] };
}

/** Newer series compress each module, and busybox's insmod accepts only uncompressed ones. */
function dependencies(file: string): string[] {
  if (file.endsWith('.xz')) execFileSync('xz', ['--decompress', file]);
  const [, names = ''] = /\0depends=([^\0]*)\0/.exec(readFileSync(uncompressed(file), 'latin1')) ?? [];
  return names.split(',').filter(Boolean).map(moduleName);
}

const uncompressed = (path: string) => path.replace(/\.xz$/, '');
const moduleName = (path: string) => basename(uncompressed(path), '.ko').replaceAll('-', '_');
