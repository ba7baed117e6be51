import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary directory for one test. */
export class TemporaryFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'hostdev-cpuset-test-')));

  /** Writes a file that only this user may write to, with its parent directories; returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.join(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o644 });
    return path;
  }

  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  remove(): void {
    // An ordinary user cannot empty a directory whose permissions a test has removed.
    if (process.geteuid?.() !== 0) openFolders(this.path);
    rmSync(this.path, { recursive: true, force: true });
  }
}

function openFolders(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) openFolders(join(path, name));
}
