// npm test: builds, runs the test files in parallel, and reports what was skipped and why. PATTERN...: runs only the
// files whose path below test/ matches. --host: runs also the files *.host.test.ts, which build packages and run other
// programs for long; installs the Debian packages that tests need (as root), and downloads the versions of Node and
// npm; a skipped test is then a failure.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { installPackages as installDebianPackages } from './debian.mjs';
import { ensureInstalled } from './install.mjs';
import { fetchTestedReleases } from './program-releases.mjs';
import { COMPILED, compile, compilePackages } from './test/compile.mjs';
import { runFiles } from './test/file-queue.mjs';

/** Debian packages with the tools of test/support/needs.ts. */
const PACKAGES = [
  'acl',
  'binutils-x86-64-linux-gnu',
  'binutils-aarch64-linux-gnu',
  'bash',
  'busybox-static',
  'dash',
  'fish',
  'bzip2',
  'checkpolicy',
  'irqbalance',
  'chromium',
  'ansible-core',
  'groff',
  'libvirt-clients',
  'libvirt-daemon-system',
  'libvirt-daemon-driver-qemu',
  'jing',
  'libxml2-utils',
  'lintian',
  'man-db',
  'make',
  'mandoc',
  'pre-commit',
  'prometheus',
  'prometheus-node-exporter',
  'qemu-system-x86',
  'rpm',
  'rpmlint',
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

const FOR_HOST = /\.host\.test\.ts$/;

// Some tests act as another user, who reads what is built and what a test writes.
process.umask(0o022);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { host, jobs, timeLimitMs, patterns } = readArguments();
ensureInstalled();
if (host) installPackages();
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });

// Keep the name short: a socket's path is limited to 107 characters.
const folder = mkdtempSync(join(tmpdir(), 'hc-'));
chmodSync(folder, 0o711);
const skips = join(folder, 'skips');
writeFileSync(skips, '');
try {
  process.exitCode = await runTests();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function readArguments() {
  const options = { host: { type: 'boolean' }, jobs: { type: 'string' }, 'time-limit': { type: 'string' } };
  const { values, positionals } = util.parseArgs({ options, allowPositionals: true });
  // Three times the CPUs, because tests wait longer than they compute.
  const jobs = Number(values.jobs ?? 3 * cpus().length);
  const seconds = Number(values['time-limit'] ?? 900);
  if (!(Number.isInteger(jobs) && jobs > 0 && seconds > 0)) throw new Error('usage: --jobs N, --time-limit SECONDS');
  const patterns = positionals.map((pattern) => new RegExp(pattern, 'i'));
  return { host: values.host === true, jobs, timeLimitMs: seconds * 1000, patterns };
}

function installPackages() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    console.error('test:host installs Debian packages: run it as root on Debian');
    process.exit(1);
  }
  installDebianPackages(PACKAGES);
  fetchTestedReleases();
}

/** Runs the test files and returns the exit status. CI reads the last line. */
async function runTests() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failing = [];
  const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const compiled = await compile(process.cwd(), ['src', 'test'].flatMap(modulesIn), COMPILED);
  await compilePackages(compiled);
  const options = { jobs, compiled, folder, timeLimitMs, env: testEnvironment(), color };
  await runFiles(testFiles(), options, (file, outcome) => {
    for (const count of Object.keys(total)) total[count] += outcome[count];
    if (outcome.failed > 0) failing.push(file);
    console.log(lineOf(file, outcome));
    if (outcome.failed > 0) console.log([outcome.output, ...outcome.failures, ''].join('\n'));
  });
  for (const line of [...skipReasons(), ...leftOut()]) console.log(line);
  for (const file of failing) console.log(`failed: ${file}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 || (host && total.skipped > 0) ? 1 : 0;
}

/** The TypeScript files of a folder, without the programs, which no test imports: test/.../main.ts. */
function modulesIn(folder) {
  const all = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.ts'));
  return all.map((path) => join(folder, path)).filter((path) => !/^test\/.*\/main\.ts$/.test(path));
}

function testFiles() {
  const chosen = allTestFiles().filter((path) =>
    patterns.length > 0 ? patterns.some((pattern) => pattern.test(path)) : host || !FOR_HOST.test(path),
  );
  return chosen.map((path) => join('test', path));
}

function allTestFiles() {
  return readdirSync('test', { recursive: true }).filter((path) => path.endsWith('.test.ts'));
}

/** Names the files that run only with --host. */
function leftOut() {
  if (host || patterns.length > 0) return [];
  const names = allTestFiles().filter((path) => FOR_HOST.test(path));
  return [
    `not run without --host: ${names.length} files: ${names.map((path) => path.replace(FOR_HOST, '')).join(', ')}`,
  ];
}

/** The environment without the user's settings for colours, language and configuration directories. */
function testEnvironment() {
  const personal = /^(?:NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|LANG|LANGUAGE|LC_.*|XDG_.*)$/;
  const kept = Object.entries(process.env).filter(([name]) => !personal.test(name));
  const required = host ? { HOSTDEV_CPUSET_REQUIRE: '1' } : {};
  return { ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8', HOSTDEV_CPUSET_SKIPS: skips, ...required };
}

function lineOf(file, { passed, failed, skipped, durationMs }) {
  const counts = { passed, failed, skipped };
  const words = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return `${failed > 0 ? 'FAIL' : 'ok  '} ${file}: ${words.join(', ')} (${(durationMs / 1000).toFixed(1)} s)`;
}

function skipReasons() {
  const entries = readFileSync(skips, 'utf8').split('\n').filter(Boolean);
  const suites = new Map();
  for (const { suite, tool, package: from } of entries.map((entry) => JSON.parse(entry))) {
    const key = `${tool} (${from.startsWith('none: ') ? from.slice('none: '.length) : `Debian package ${from}`})`;
    suites.set(key, [...(suites.get(key) ?? []), suite]);
  }
  const lines = [...suites].map(
    ([reason, names]) => `skipped for want of ${reason}: ${[...new Set(names)].join(', ')}`,
  );
  return lines.length > 0 ? [...lines, '`npm run test:host` installs what is missing (as root, on Debian)'] : [];
}
