import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Grammar } from './grammar.js';

/**
 * The source of a grammar, for messages: `libvirt 9.0.0's schema`. The version is that of the libvirt.so.0 that is
 * installed with the schemas; no process is started.
 */
export function schemaOrigin({ kind, directories: [directory = ''] }: Grammar): string {
  if (kind === 'builtin') return 'the built-in schema';
  const prefix = /^(.*)\/share\/libvirt\/schemas\/?$/.exec(directory)?.[1];
  if (prefix === undefined) return `the schema in ${directory}`;
  const version = libvirtVersion(prefix);
  return version === undefined ? "the installed libvirt's schema" : `libvirt ${version}'s schema`;
}

/** The version of the libvirt below a prefix such as /usr; undefined if none is found, or several different ones. */
function libvirtVersion(prefix: string): string | undefined {
  const lib = join(prefix, 'lib');
  // Debian: /usr/lib/x86_64-linux-gnu; Fedora: /usr/lib64
  const folders = [lib, `${lib}64`, ...namesIn(lib).map((name) => join(lib, name))];
  const versions = new Set(folders.flatMap((folder) => versionOf(join(folder, 'libvirt.so.0')) ?? []));
  return versions.size === 1 ? [...versions][0] : undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /-linux-/.test(name));
  } catch {
    return [];
  }
}

/** libvirt 9.1.2 has libvirt.so.0.9001.2 (libvirt's meson.build: 1000 times the major number, plus the minor one). */
function versionOf(library: string): string | undefined {
  try {
    const [, age, micro] = /\.so\.0\.(\d+)\.(\d+)$/.exec(readlinkSync(library)) ?? [];
    return age === undefined ? undefined : `${Math.floor(Number(age) / 1000)}.${Number(age) % 1000}.${micro}`;
  } catch {
    return undefined;
  }
}
