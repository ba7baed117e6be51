import { chmodSync, readFileSync } from 'node:fs';
import { projectRoot } from '../support/cli.js';

/** Settings that an installation fills in. */
export interface FrontSettings {
  cli?: string;
  node?: string;
  root?: string;
  debug?: string;
  watcher?: string;
}

/** The hook as installed on a host. Throws if the file has no such line to fill in. */
export function frontText(settings: FrontSettings): string {
  let text = readFileSync(`${projectRoot}hook/qemu`, 'utf8');
  for (const [name, value] of Object.entries(settings)) {
    const empty = `\n${name}=''\n`;
    if (!text.includes(empty)) throw new Error(`hook/qemu has no line ${empty}`);
    text = text.replace(empty, `\n${name}='${value}'\n`);
  }
  return text;
}

/** Writes the hook with a folder's write(), and returns its path. */
export function installFront(
  folder: { write(name: string, content: string): string },
  settings: FrontSettings,
): string {
  const path = folder.write('qemu', frontText(settings));
  chmodSync(path, 0o755);
  return path;
}

/** The stub that libvirt runs, with the test's own hook. Throws if the file has no such line to fill in. */
export function stubText(hook: string): string {
  const text = readFileSync(`${projectRoot}hook/stub`, 'utf8');
  const line = "\nhook='/usr/lib/hostdev-cpuset/hook'\n";
  if (!text.includes(line)) throw new Error(`hook/stub has no line ${line}`);
  return text.replace(line, `\nhook='${hook}'\n`);
}
