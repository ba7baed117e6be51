import { readFileSync } from 'node:fs';

/** The options of the mount that a path is on, as /proc/self/mountinfo has them: `noexec`, `nosuid`. The path is resolved and absolute. */
export function mountOptions(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  let found: { at: string; options: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    // id, parent, device, root, mount point, options
    const [, , , , at, options] = line.split(' ');
    if (at === undefined || options === undefined || !isBelow(path, unescaped(at))) continue;
    // of two at one place the later one hides the other
    if (!found || unescaped(at).length >= found.at.length) found = { at: unescaped(at), options };
  }
  return found?.options.split(',') ?? [];
}

const isBelow = (path: string, folder: string) => folder === '/' || path === folder || path.startsWith(`${folder}/`);

/** The kernel writes white space and backslashes as three octal digits. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
