import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that nobody else may look into, for definitions: they may hold passwords. */
export class PrivateFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-'));

  /** Writes a file of mode 0600; returns its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
