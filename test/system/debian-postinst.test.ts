import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';

const test = suiteWhere('postinst of the Debian package', needs('dpkg-deb', 'mount-namespace'));

const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';

/**
 * Configures the package in a mount namespace with its own directories. Prints the message about the hook, then the
 * hook's mode.
 */
const HOST = `
set -e
for folder in /etc /run /opt; do mount -t tmpfs -o mode=755 host "$folder"; done
mkdir -p /etc/libvirt/hooks/qemu.d /opt/bin
cp "$1/hook/stub" ${HOOK}
chmod 755 ${HOOK}
PATH=/opt/bin:$PATH
program() { printf '#!/bin/sh\\n%s\\n' "$2" >"/opt/bin/$1"; chmod 755 "/opt/bin/$1"; }
program deb-systemd-helper 'exit 0'
enforcing() { mount -t tmpfs host /sys/fs; mkdir /sys/fs/selinux; echo 1 >/sys/fs/selinux/enforce; }
configure() { sh "$postinst" configure "$@" | sed -n 's/.*its hook (\\(.*\\)): .*/\\1/p'; stat -c %a ${HOOK}; }
postinst=$1/packaging/debian/postinst
`;

async function onHost(script: string): Promise<string[]> {
  const { code, stdout, stderr } = await run('unshare', [
    '--mount',
    'sh',
    '-c',
    `${HOST}\n${script}`,
    'sh',
    projectRoot,
  ]);
  assert.is(code, 0, stderr);
  return stdout.trim().split('\n');
}

test('the hook stays enabled if it runs', async () => assert.equal(await onHost('configure'), ['755']));

test('the hook is disabled on a noexec mount, at the first installation and at an update', async () => {
  for (const words of ['', '0.1.0']) {
    const noexec =
      'mount --bind /etc/libvirt/hooks /etc/libvirt/hooks; mount -o remount,bind,noexec /etc/libvirt/hooks';
    assert.equal(await onHost(`${noexec}; configure ${words}`), ['it does not run here', '644']);
  }
});

test('the hook is disabled if SELinux is enforcing without the policy module', async () => {
  const reason = 'SELinux is enforcing, without the policy module of hostdev-cpuset';
  const other = "program matchpathcon 'echo system_u:object_r:virt_hook_t:s0'";
  assert.equal(await onHost(`enforcing; ${other}; configure`), [reason, '644']);
  assert.equal(await onHost(`enforcing; program matchpathcon 'exit 1'; configure`), [reason, '644']);
});

test('with the policy module the hook gets its label and stays enabled', async () => {
  const label = "program matchpathcon 'echo system_u:object_r:hostdev_cpuset_hook_exec_t:s0'";
  const labelled = 'program restorecon \'echo "$1" >/opt/labelled\'';
  assert.equal(await onHost(`enforcing; ${label}; ${labelled}; configure; cat /opt/labelled`), ['755', HOOK]);
});

test('the daemon to reload is the installed one', async () => {
  const units = '/opt/root/usr/lib/systemd/system';
  const advice = `DPKG_ROOT=/opt/root sh "$postinst" configure | sed -n 's/.*systemctl reload //p'`;
  const steps = ['', `touch ${units}/virtqemud.service`, `touch ${units}/libvirtd.service`];
  const script = steps.map((step) => `${step}\n${advice}`).join('\n');
  assert.equal(await onHost(`mkdir -p ${units}\n${script}`), ['libvirtd', 'virtqemud', 'libvirtd']);
});

test('an installation starts the service; an update restarts it only if it is running', async () => {
  const programs = `mkdir -p /run/systemd/system
for name in systemctl systemd-tmpfiles; do program $name 'exit 0'; done
program deb-systemd-invoke 'echo "$@" >>/opt/invoked'`;
  const invoked = await onHost(`${programs}; configure; configure 0.1.0; cat /opt/invoked`);
  assert.equal(invoked.slice(2), ['start hostdev-cpuset.service', 'try-restart hostdev-cpuset.service']);
});

test('a disabled hook stays disabled', async () => {
  assert.equal(await onHost(`chmod a-x ${HOOK}; configure 0.1.0`), ['644']);
});

test.run();
