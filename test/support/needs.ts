import { spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { suite, type Test } from 'uvu';
import { unusablePath } from '../../src/install/check-paths.js';
import { projectRoot } from './cli.js';

/** The tools that a suite can need besides Node: how to detect each, and its Debian package. */
const tools = {
  virsh: { package: 'libvirt-clients', present: () => onPath('virsh') },
  'virt-xml-validate': { package: 'libvirt-clients', present: () => onPath('virt-xml-validate') },
  xmllint: { package: 'libxml2-utils', present: () => onPath('xmllint') },
  jing: { package: 'jing', present: () => onPath('jing') },
  'libvirt-schemas': { package: 'libvirt0', present: () => libvirtSchemas() !== null },
  libvirtd: { package: 'libvirt-daemon-system', present: () => onPath('libvirtd') && existsSync('/var/lib/libvirt') },
  'libvirt-qemu-driver': { package: 'libvirt-daemon-driver-qemu', present: hasQemuDriver },
  'qemu-system-x86_64': { package: 'qemu-system-x86', present: () => onPath('qemu-system-x86_64') },
  'systemd-analyze': { package: 'systemd', present: () => onPath('systemd-analyze') && onPath('systemd-tmpfiles') },
  'systemd-socket-activate': { package: 'systemd', present: () => onPath('systemd-socket-activate') },
  shellcheck: { package: 'shellcheck', present: () => onPath('shellcheck') },
  'dpkg-deb': { package: 'dpkg', present: () => process.platform === 'linux' && onPath('dpkg-deb') },
  rpmbuild: { package: 'rpm', present: () => onPath('rpmbuild') },
  rpmlint: { package: 'rpmlint', present: () => onPath('rpmlint') },
  strip: { package: 'binutils-x86-64-linux-gnu', present: () => onPath('x86_64-linux-gnu-strip') },
  lintian: { package: 'lintian', present: () => onPath('lintian') },
  irqbalance: { package: 'irqbalance', present: () => onPath('irqbalance') },
  'ansible-playbook': { package: 'ansible-core', present: () => onPath('ansible-playbook') },
  man: { package: 'man-db, groff', present: () => onPath('man') && onPath('groff') },
  mandoc: { package: 'mandoc', present: () => onPath('mandoc') },
  'pre-commit': { package: 'pre-commit', present: () => onPath('pre-commit') },
  promtool: { package: 'prometheus', present: () => onPath('promtool') },
  prometheus: { package: 'prometheus', present: () => onPath('prometheus') },
  'prometheus-node-exporter': {
    package: 'prometheus-node-exporter',
    present: () => onPath('prometheus-node-exporter'),
  },
  'virt-install': { package: 'virtinst', present: () => onPath('virt-install') },
  zsh: { package: 'zsh', present: () => onPath('zsh') },
  fish: { package: 'fish', present: () => onPath('fish') },
  script: { package: 'bsdutils', present: () => process.platform === 'linux' && onPath('script') },
  chromium: { package: 'chromium', present: () => onPath('chromium') },
  journald: { package: 'systemd', present: () => existsSync('/lib/systemd/systemd-journald') && onPath('journalctl') },
  'systemd-notify': { package: 'systemd', present: () => onPath('systemd-notify') },
  logger: { package: 'bsdutils', present: () => onPath('logger') },
  setpriv: { package: 'util-linux', present: () => process.platform === 'linux' && onPath('setpriv') },
  prlimit: { package: 'util-linux', present: () => process.platform === 'linux' && onPath('prlimit') },
  'another-user': { package: 'util-linux, and root', present: () => process.getuid?.() === 0 && onPath('setpriv') },
  flock: { package: 'util-linux', present: () => process.platform === 'linux' && onPath('flock') },
  bash: { package: 'bash', present: () => onPath('bash') },
  dash: { package: 'dash', present: () => onPath('dash') },
  busybox: { package: 'busybox-static', present: () => onPath('busybox') },
  'pids-cgroup': {
    package: 'none: root, and a pids cgroup that can be written',
    present: () => pidsCgroups() !== null,
  },
  strace: { package: 'strace', present: () => process.platform === 'linux' && onPath('strace') },
  perl: { package: 'perl-base', present: () => onPath('perl') },
  setfacl: { package: 'acl', present: () => onPath('setfacl') },
  checkmodule: { package: 'checkpolicy', present: () => onPath('checkmodule') },
  semodule_package: { package: 'semodule-utils', present: () => onPath('semodule_package') && onPath('semodule_link') },
  sesearch: { package: 'setools', present: () => onPath('sesearch') },
  matchpathcon: { package: 'selinux-utils', present: () => onPath('matchpathcon') },
  'selinux-policy-dev': {
    package: 'selinux-policy-dev',
    present: () => existsSync('/usr/share/selinux/devel/Makefile') && onPath('make') && onPath('m4'),
  },
  'selinux-policy-default': {
    package: 'selinux-policy-default, bzip2',
    present: () => existsSync('/usr/share/selinux/default/virt.pp.bz2') && onPath('bzip2'),
  },
  'node-releases': {
    package: 'none: the releases of Node that npm run test:host downloads',
    present: () => process.arch === 'x64' && nodeReleases().every(existsSync),
  },
  'npm-releases': {
    package: 'none: the releases of npm that npm run test:host downloads',
    present: () => npmReleases.every((version) => existsSync(npmRelease(version))),
  },
  kustomize: {
    package: 'none: the release of kustomize that npm run test:host downloads',
    present: () => process.arch === 'x64' && existsSync(kustomize),
  },
  root: { package: 'none: run as root', present: () => process.geteuid?.() === 0 },
  // install rejects other paths, as it writes the path into a unit and a script.
  'plain-path': {
    package: 'none: a project folder of letters, digits and _@+.,/-',
    present: () => unusablePath(projectRoot) === undefined,
  },
  'mount-namespace': { package: 'util-linux, and root', present: canUnshareMounts },
} as const;

export type Tool = keyof typeof tools;
export type Missing = { tool: Tool; package: string };

/** The tools of `names` that are missing on this machine. */
export function needs(...names: Tool[]): Missing[] {
  return names.filter((tool) => !tools[tool].present()).map((tool) => ({ tool, package: tools[tool].package }));
}

/**
 * A uvu suite that runs only if nothing is missing. Otherwise its tests are skipped, and for each missing tool a JSON
 * line `{suite, tool, package}` is appended to the file $HOSTDEV_CPUSET_SKIPS; with HOSTDEV_CPUSET_REQUIRE=1 they fail
 * instead.
 */
export function suiteWhere(name: string, missing: Missing[]): Test {
  const real = suite(name);
  if (missing.length === 0) return real;
  const required = process.env.HOSTDEV_CPUSET_REQUIRE === '1';
  if (!required) record(name, missing);

  const reason = missing.map(({ tool, package: from }) => `${tool} (${from})`).join(', ');
  const refuse = (title: string) =>
    required
      ? real(title, () => {
          throw new Error(`needs ${reason}`);
        })
      : real.skip(title);
  // The suite's hooks would start the missing tools.
  const ignore = () => {};
  const hook = () => Object.assign(ignore, { each: ignore });
  return Object.assign(refuse, { only: refuse, skip: real.skip, before: hook(), after: hook(), run: real.run });
}

/** The directory of libvirt's RELAX NG schemas; null if there is none. */
export function libvirtSchemas(): string | null {
  const places = [process.env.LIBVIRT_SCHEMAS, '/usr/share/libvirt/schemas', '/usr/local/share/libvirt/schemas'];
  return places.find((place) => place !== undefined && existsSync(join(place, 'domain.rng'))) ?? null;
}

/** The executable of another version of Node, which scripts/program-releases.mjs downloads. */
export function nodeRelease(version: string): string {
  return `${projectRoot}node_modules/.cache/hostdev-cpuset/node-${version}-x64/bin/node`;
}

/** The program that scripts/program-releases.mjs downloads. */
export const kustomize = `${projectRoot}node_modules/.cache/hostdev-cpuset/kustomize-${
  testedReleases('kustomize')[0]
}/kustomize-linux-x64`;

/** The script of another version of npm, which scripts/program-releases.mjs downloads. */
export function npmRelease(version: string): string {
  return `${projectRoot}node_modules/.cache/hostdev-cpuset/npm-${version}/bin/npm-cli.js`;
}

/** Versions of npm that the tests run. */
export const npmReleases = testedReleases('npm');

function testedReleases(program: string): string[] {
  return JSON.parse(readFileSync(`${projectRoot}packaging/${program}-releases.json`, 'utf8')).tested;
}

function nodeReleases(): string[] {
  const { refused, tested } = JSON.parse(readFileSync(`${projectRoot}packaging/node-releases.json`, 'utf8'));
  return [refused, ...tested].map(nodeRelease);
}

/** The directory in which control groups with a process limit can be created; null if that is impossible. */
export function pidsCgroups(): string | null {
  return ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find(canLimitProcesses) ?? null;
}

function canLimitProcesses(folder: string): boolean {
  const group = join(folder, `hostdev-cpuset-needs-${process.pid}`);
  try {
    mkdirSync(group);
  } catch {
    return false;
  }
  const can = existsSync(join(group, 'pids.max'));
  rmdirSync(group);
  return can;
}

function record(suiteName: string, missing: Missing[]): void {
  const file = process.env.HOSTDEV_CPUSET_SKIPS;
  if (!file) return;
  for (const entry of missing) appendFileSync(file, `${JSON.stringify({ suite: suiteName, ...entry })}\n`);
}

/** Whether a command is installed, including in directories that are only on root's PATH. */
function onPath(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasQemuDriver(): boolean {
  const libraries = ['/usr/lib', '/usr/lib64', ...['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu`)];
  return libraries.some((folder) => existsSync(join(folder, 'libvirt/connection-driver/libvirt_driver_qemu.so')));
}

function canUnshareMounts(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
}
