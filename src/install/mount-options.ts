import { readFileSync } from 'node:fs';

/**
 * The options of the mount that contains a path, such as `noexec`. The path must be absolute and without links. Source:
 * proc(5), mountinfo.
 */
export function mountOptions(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  let found: { mountPoint: string; options: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    // id, parent, device, root, mount point, options
    const [, , , , field, options] = line.split(' ');
    if (field === undefined || options === undefined) continue;
    const mountPoint = unescaped(field);
    if (!isBelow(path, mountPoint)) continue;
    // of two mounts on one directory the later one hides the other
    if (!found || mountPoint.length >= found.mountPoint.length) found = { mountPoint, options };
  }
  return found?.options.split(',') ?? [];
}

const isBelow = (path: string, directory: string) =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

/** The kernel escapes white space and backslashes as three octal digits. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
