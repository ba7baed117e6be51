import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { requireSupportedNode } from './node-version.mjs';

requireSupportedNode();

/** Installs the dependencies if they are missing or older than the lock file. Run from the project's directory. */
export function ensureInstalled() {
  const installed = statSync('node_modules/.package-lock.json', { throwIfNoEntry: false });
  if (installed && installed.mtimeMs >= statSync('package-lock.json').mtimeMs) return;
  console.log('installing dependencies (npm ci)');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error('npm ci failed: see above');
  process.exit(1);
}
