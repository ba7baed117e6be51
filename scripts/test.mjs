// npm test: builds, runs every test, and says what was skipped and why. With --host it installs the Debian packages that
// tests need beyond Node (as root), and nothing may be skipped.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages as installDebianPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';

/** What brings the tools of test/support/needs.ts on Debian. */
const PACKAGES = [
  'acl',
  'bash',
  'busybox-static',
  'dash',
  'bzip2',
  'checkpolicy',
  'irqbalance',
  'chromium',
  'ansible-core',
  'groff',
  'libvirt-clients',
  'libvirt-daemon-system',
  'libvirt-daemon-driver-qemu',
  'libxml2-utils',
  'lintian',
  'man-db',
  'mandoc',
  'pre-commit',
  'qemu-system-x86',
  'selinux-policy-default',
  'selinux-policy-dev',
  'selinux-utils',
  'semodule-utils',
  'setools',
  'shellcheck',
  'strace',
  'systemd',
  'util-linux',
  'virtinst',
  'zsh',
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const host = process.argv.includes('--host');
const pattern = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '';

ensureInstalled();
if (host) installPackages();
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });

const folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-test-'));
const skips = join(folder, 'skips');
writeFileSync(skips, '');
try {
  const { status, output } = await runTests();
  process.exitCode = summarize(status, output);
} finally {
  rmSync(folder, { recursive: true });
}

function installPackages() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    console.error('test:host installs Debian packages: run it as root on Debian');
    process.exit(1);
  }
  installDebianPackages(PACKAGES);
}

/** uvu over all tests; what it prints goes on as it comes. */
function runTests() {
  const uvu = ['node_modules/uvu/bin.js', '-r', 'tsx/cjs', 'test', `${pattern}.*\\.test\\.ts$`];
  const env = { ...process.env, HOSTDEV_CPUSET_SKIPS: skips, ...(host ? { HOSTDEV_CPUSET_REQUIRE: '1' } : {}) };
  const child = spawn(process.execPath, uvu, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let output = '';
  child.stdout.on('data', (data) => {
    process.stdout.write(data);
    output += data;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}

/** uvu exits 0 when a file forgets to run, and when a `before` hook fails: the numbers have the last word. */
function summarize(status, output) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its summary on a terminal
  const text = output.replace(/\u001b\[\d*m/g, '');
  const number = (word) => Number(new RegExp(`^ {2}${word}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const [total, passed, skipped] = ['Total', 'Passed', 'Skipped'].map(number);
  for (const line of skipReasons()) console.log(line);
  const failed = Math.max(total - passed, status === 0 ? 0 : 1);
  const minimum = Number(readFileSync('test/minimum', 'utf8'));
  const few = !pattern && passed + skipped < minimum;
  if (few) console.log(`only ${passed + skipped} tests ran or were skipped, test/minimum says ${minimum}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || few || passed === 0 || (host && skipped > 0) ? 1 : 0;
}

function skipReasons() {
  const entries = readFileSync(skips, 'utf8').split('\n').filter(Boolean);
  const suites = new Map();
  for (const { suite, tool, package: from } of entries.map((entry) => JSON.parse(entry))) {
    const key = `${tool} (Debian package ${from})`;
    suites.set(key, [...(suites.get(key) ?? []), suite]);
  }
  const lines = [...suites].map(
    ([reason, names]) => `skipped for want of ${reason}: ${[...new Set(names)].join(', ')}`,
  );
  return lines.length > 0 ? [...lines, '`npm run test:host` installs what is missing (as root, on Debian)'] : [];
}
