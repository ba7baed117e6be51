// Checks what npm would publish: all files that users run or the documentation names, and no others.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const ALLOWED =
  /^(dist\/bin\/|dist\/library\/|man\/|completions\/|hook\/|rng\/|schemas\/|samples\/|selinux\/|service\/|docs\/|examples\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/;

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const wanted = [
  ...Object.values(manifest.bin),
  'dist/library/index.js',
  'dist/library/index.d.ts',
  ...manifest.man.map((path) => path.replace('./', '')),
  'completions/bash/hostdev-cpuset',
  'completions/zsh/_hostdev-cpuset',
  'completions/fish/hostdev-cpuset.fish',
  'hook/qemu',
  'hook/stub',
  'selinux/hostdev-cpuset.te',
  'selinux/hostdev-cpuset.fc',
  'rng/domain.rng',
  'LICENSE',
  'dist/bin/THIRD-PARTY-LICENSES.txt',
  'README.md',
];

// An older build may lack new files.
if (!wanted.every((path) => existsSync(path)))
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
  encoding: 'utf8',
});
const files = JSON.parse(packed)[0].files.map(({ path }) => path);

const problems = [
  ...files.filter((path) => !ALLOWED.test(path)).map((path) => `does not belong in the package: ${path}`),
  ...wanted.filter((path) => !files.includes(path)).map((path) => `missing from the package: ${path}`),
];
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
