import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { readmeInstallation, readmeUse } from '../docs/install-commands.js';
import { projectRoot } from '../support/cli.js';
import { type BootedSystem, writableCopy } from './booted-system.js';
import { assertHeld, onBootedHost, startGuest } from './held-guest.js';
import type { SimulatedDevices } from './simulated-devices.js';

/**
 * `from-readme.ts ROOT [TARBALL]`, as `npm run test:packages` does: installs from a clone, or from the tarball of a
 * release, on a bare Debian system with its own Node and npm, by the commands of README.md, until a guest of a real
 * libvirt is held. Only the guest's PCI devices are simulated.
 */
const [root = '', tarball] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-readme-'));
const shared = join(work, 'shared');
const HOME = '/home/admin';
const CLONE = `${HOME}/hostdev-cpuset`;
/** Settings of npm without which it may not reach its registry from here. */
const NPM_SETTINGS = ['registry', 'proxy', 'https-proxy'];

async function test(): Promise<void> {
  const changes = join(work, 'changes');
  const copy = writableCopy(root, changes);
  try {
    addAdmin(copy);
    const commands = readmeInstallation();
    const begin = commands.findIndex((command) => command.includes('hostdev-cpuset install'));
    assert.is(begin, 2, commands.join('\n'));
    if (tarball === undefined) installClone(copy, commands.slice(0, begin));
    else installTarball(copy, tarball, commands[begin - 1] as string);
    await onBootedHost(copy, shared, (system, devices) => setUpHost(system, devices, commands.slice(begin)));
  } finally {
    execFileSync('umount', ['--recursive', changes]);
  }
}

/** `npm start` first, as README.md does: it has to install and build everything. */
function installClone(copy: string, commands: readonly string[]): void {
  const folder = join(copy, CLONE);
  mkdirSync(folder);
  const list = 'git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create';
  execFileSync('sh', ['-c', `${list} | tar --extract --no-same-owner --directory="$1"`, 'sh', folder], {
    cwd: projectRoot,
  });
  runAsAdmin(copy, '.', `chown --recursive admin: ${HOME}`, 'root');
  for (const command of ['npm start', ...commands]) runAsAdmin(copy, CLONE, command);
  const before = performance.now();
  runAsAdmin(copy, CLONE, 'npm start');
  console.log(`npm start, with what npm downloads in place: ${((performance.now() - before) / 1000).toFixed(1)} s`);
}

function installTarball(copy: string, path: string, command: string): void {
  copyFileSync(path, join(copy, HOME, basename(path)));
  const ofTarball = command.replace('$(npm pack --silent)', basename(path));
  assert.is.not(ofTarball, command);
  runAsAdmin(copy, HOME, ofTarball);
}

async function setUpHost(system: BootedSystem, devices: SimulatedDevices, commands: readonly string[]): Promise<void> {
  let output = '';
  for (const command of commands) output += await system.succeeds('bash', '-c', command);
  // what install says about this host
  const [, reload = ''] = /^note: .* had none: (systemctl reload libvirtd)$/m.exec(output) ?? [];
  await system.succeeds('bash', '-c', reload || 'exit 1');
  await startGuest(system);
  await assertHeld(system, devices, 'after the commands of README.md');
  for (const command of readmeUse()) await system.succeeds('bash', '-c', command);
}

/** An ordinary user who may use sudo, and reaches what npm reaches here. */
function addAdmin(copy: string): void {
  execFileSync('chroot', [copy, 'useradd', '--create-home', '--shell', '/bin/bash', 'admin']);
  writeFileSync(join(copy, 'etc/sudoers.d/admin'), 'admin ALL=(ALL) NOPASSWD: ALL\n', { mode: 0o440 });
  const get = (key: string) => execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim();
  const isSet = (value: string) => !/^(null|undefined|)$/.test(value);
  const settings = NPM_SETTINGS.map((key) => [key, get(key)] as const);
  const certificates = get('cafile');
  if (isSet(certificates)) {
    copyFileSync(certificates, join(copy, 'etc/npm-certificates.pem'));
    settings.push(['cafile', '/etc/npm-certificates.pem']);
  }
  const text = settings.flatMap(([key, value]) => (isSet(value) ? [`${key}=${value}\n`] : [])).join('');
  for (const home of [HOME, '/root']) appendFileSync(join(copy, home, '.npmrc'), text);
  copyFileSync(RESOLVER, join(copy, 'etc/resolv.conf'));
}

/** Runs a command in the root, which has this machine's network. */
function runAsAdmin(copy: string, folder: string, command: string, user = 'admin'): void {
  const options = ['--quiet', '--register=no', '--keep-unit', '--as-pid2', '--console=pipe', '--resolv-conf=off'];
  const place = ['--directory', copy, `--user=${user}`, `--chdir=${folder === '.' ? '/' : folder}`];
  const { status, stdout, stderr } = spawnSync('systemd-nspawn', [...options, ...place, 'bash', '-c', command], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  assert.is(status, 0, `${command}: ${stdout}${stderr}`);
}

/** The copy hides /run, where this may be a link to. */
const RESOLVER = join(work, 'resolv.conf');
copyFileSync('/etc/resolv.conf', RESOLVER);

test()
  .then(() => console.log(`${basename(root)}, by README.md from ${tarball ? 'a tarball' : 'a clone'}: passed`))
  .finally(() => rmSync(work, { recursive: true }));
