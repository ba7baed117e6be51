// npm run check: checks format, lint rules, types and the contents of the package. Tests: `npm test`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
const steps = [
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']],
  ['types', 'node_modules/typescript/lib/tsc.js', ['-p', 'tsconfig.json']],
  ['package', 'scripts/check-package.mjs', []],
];
for (const [name, script, args] of steps) {
  console.log(`check: ${name}`);
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
