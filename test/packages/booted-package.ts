import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { type BootedSystem, SHARED, writableCopy } from './booted-system.js';
import { assertHeld, isHeld, onBootedHost, startGuest } from './held-guest.js';
import type { SimulatedDevices } from './simulated-devices.js';

/**
 * `booted-package.ts ROOT PACKAGE TARBALL`, as `npm run test:packages` does: boots the root of a Debian system with
 * libvirt, installs npm's package and then this one, starts a guest, and updates, removes and purges the package while
 * the guest runs.
 */
const [root = '', file = '', tarball = ''] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-booted-'));
const shared = join(work, 'shared');
const UNIT = 'hostdev-cpuset.service';

async function test(): Promise<void> {
  const changes = join(work, 'changes');
  const copy = writableCopy(root, changes);
  try {
    await onBootedHost(copy, shared, live);
  } finally {
    execFileSync('umount', ['--recursive', changes]);
  }
}

async function live(system: BootedSystem, devices: SimulatedDevices): Promise<void> {
  const install = (version?: string) => system.succeeds('dpkg', '--install', share(version));
  const before = await ourFiles(system);
  await installAsNpm(system);
  await install();
  assert.is(await system.property('ActiveState'), 'active', 'the installation starts the service');
  assert.match(await commandOfProcess(system), '/usr/bin/hostdev-cpuset watch', 'of the package');
  await system.succeeds('rm', '-r', '/opt/npm');
  await system.succeeds('systemctl', 'reload-or-restart', 'libvirtd');
  await startGuest(system);
  await assertHeld(system, devices, 'after the installation');
  console.log(await memoryOfService(system));

  const pid = await system.property('MainPID');
  const states = [isHeld(devices)];
  const observer = setInterval(() => states.push(isHeld(devices)), 5);
  await install('98').finally(() => clearInterval(observer));
  assert.ok(states.every(Boolean), 'no mask changes during an update');
  assert.is(await system.property('ActiveState'), 'active');
  assert.is.not(await system.property('MainPID'), pid, 'a running service is restarted');
  assert.is(await versionOfProcess(system), '98', 'with the new unit');
  await assertHeld(system, devices, 'after an update');

  await system.succeeds('systemctl', 'stop', UNIT);
  await install('99');
  assert.is(await system.property('ActiveState'), 'inactive', 'a stopped service stays stopped');
  assert.ok(isHeld(devices), 'it leaves the masks as they are');
  await system.succeeds('systemctl', 'start', UNIT);
  assert.is(await versionOfProcess(system), '99');
  await assertHeld(system, devices, 'after the start of a service that was stopped at an update');

  await system.succeeds('dpkg', '--remove', 'hostdev-cpuset');
  assert.is(await system.property('MainPID'), '0', 'the removal ends the service');
  await restartGuest(system);
  await install();
  assert.is(await system.property('ActiveState'), 'active', 'installed again after a removal, it starts the service');
  await assertHeld(system, devices, 'after a removal and an installation');

  await system.succeeds('dpkg', '--remove', 'hostdev-cpuset');
  await system.succeeds('dpkg', '--purge', 'hostdev-cpuset');
  await restartGuest(system);
  assert.equal(await ourFiles(system), before);
}

/** Unpacks npm's package where the service sees it, and sets up the host by `install`. */
async function installAsNpm(system: BootedSystem): Promise<void> {
  copyFileSync(tarball, join(shared, 'npm.tgz'));
  await system.succeeds('mkdir', '/opt/npm');
  const archive = `--file=${SHARED}/npm.tgz`;
  await system.succeeds('tar', '--extract', '--no-same-owner', archive, '--directory=/opt/npm');
  const program = '/opt/npm/package/dist/bin/hostdev-cpuset.cjs';
  await system.succeeds('node', program, 'install');
  assert.is(await system.property('ActiveState'), 'active');
  assert.match(await commandOfProcess(system), `${program} watch`);
}

/** libvirt starts it with what the package has left of the hook. */
async function restartGuest(system: BootedSystem): Promise<void> {
  await system.succeeds('virsh', 'destroy', 'guest');
  await system.succeeds('virsh', 'start', 'guest');
}

async function commandOfProcess(system: BootedSystem): Promise<string> {
  const words = await system.succeeds('cat', `/proc/${await system.property('MainPID')}/cmdline`);
  return words.replaceAll('\0', ' ');
}

async function memoryOfService(system: BootedSystem): Promise<string> {
  const status = await system.succeeds('cat', `/proc/${await system.property('MainPID')}/status`);
  return `the service: ${/^VmHWM:\s+(\d+)/m.exec(status)?.[1]} KiB at most`;
}

/** The version of the package that the process of the service belongs to. */
async function versionOfProcess(system: BootedSystem): Promise<string | undefined> {
  const environment = await system.succeeds('cat', `/proc/${await system.property('MainPID')}/environ`);
  return /(?:^|\0)PACKAGE_VERSION=(\d+)/.exec(environment)?.[1];
}

/** The files of the system that are ours by their names, but for the test's own and dpkg's. */
async function ourFiles(system: BootedSystem): Promise<string[]> {
  const others = [
    '/proc',
    '/sys',
    '/mnt',
    '/var/log',
    '/var/lib/dpkg',
    '/var/lib/systemd',
    '/etc/systemd/system/hostdev-cpuset.service.d',
  ];
  const pruned = others.flatMap((path) => ['-path', path, '-prune', '-o']);
  const found = await system.succeeds('find', '/', ...pruned, '-name', '*hostdev-cpuset*', '-print');
  return found
    .split('\n')
    .filter((path) => !path.includes('systemd-private-'))
    .sort();
}

/** The path of the package in the system; of another version, whose unit says so. */
function share(version?: string): string {
  const name = basename(file);
  if (version === undefined) copyFileSync(file, join(shared, name));
  else {
    const tree = join(work, 'tree');
    execFileSync('dpkg-deb', ['--raw-extract', file, tree]);
    const control = join(tree, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
    appendFileSync(join(tree, 'usr/lib/systemd/system', UNIT), `[Service]\nEnvironment=PACKAGE_VERSION=${version}\n`);
    const words = ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, join(shared, name)];
    execFileSync('dpkg-deb', words, { stdio: 'ignore' });
    rmSync(tree, { recursive: true });
  }
  return `${SHARED}/${name}`;
}

test()
  .then(() => console.log(`${basename(root)}, ${basename(file)}, booted: passed`))
  .finally(() => rmSync(work, { recursive: true }));
