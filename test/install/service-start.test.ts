import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { onHost } from './own-host.js';

const test = suiteWhere('install and uninstall with systemd', needs('mount-namespace'));

const [RELOAD, ENABLE, DISABLE] = ['daemon-reload', 'enable --now', 'disable --now'].map((words) =>
  `systemctl ${words} ${words.includes('now') ? 'hostdev-cpuset.service' : ''}`.trim(),
);
/** The package is in place; systemctl can be replaced. */
const BEGIN = `home=/opt/lib
put_program $home
rm /opt/bin/systemctl
systemctl_is() { printf '#!/bin/sh\\n%s\\n' "$1" >/opt/bin/systemctl; chmod 755 /opt/bin/systemctl; }
`;

/** The calls of systemctl, its errors and the exit statuses. */
async function callsOf(commands: string): Promise<string[]> {
  const lines = await onHost(BEGIN + commands);
  return lines.filter((line) => /^(?:systemctl|hostdev-cpuset:|status|left|mode) ?/.test(line));
}

test('after an interruption, before the service was started, install starts it', async () => {
  const calls = await callsOf(`systemctl_is 'kill -9 $PPID'
"$home/node" "$home/package/dist/bin/hostdev-cpuset.cjs" install || echo "status $?"
systemctl_is true
tool install`);
  assert.equal(calls, [RELOAD, 'status 137', ENABLE, 'status 0']);
});

test('a service that does not start is an error, each time', async () => {
  const calls = await callsOf(`systemctl_is 'case $* in *enable*) exit 1 ;; esac'
tool install
tool install`);
  const failure = 'hostdev-cpuset: systemctl enable: failed; see: systemctl status hostdev-cpuset.service';
  assert.equal(calls, [RELOAD, ENABLE, failure, 'status 1', ENABLE, failure, 'status 1']);
});

test('a service that does not stop is an error', async () => {
  const calls = await callsOf(`systemctl_is 'case $* in *disable*) echo timeout >&2; exit 1 ;; esac'
tool install
tool uninstall`);
  const failure = 'hostdev-cpuset: systemctl disable: timeout';
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', DISABLE, failure, RELOAD, 'status 1']);
});

test('uninstall does not stop the service if it cannot remove the files', async () => {
  const calls = await callsOf(`systemctl_is true
tool install
mount --bind /etc/libvirt /etc/libvirt
mount -o remount,bind,ro /etc/libvirt
tool uninstall`);
  const file = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
  const failure = `hostdev-cpuset: cannot remove ${file}: the file system is read-only; nothing was changed`;
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', failure, 'status 2']);
});

test('a masked unit, or one of another origin, is not enabled', async () => {
  const calls = await callsOf(`systemctl_is true
mkdir -p /etc/systemd/system
ln -s /dev/null /etc/systemd/system/hostdev-cpuset.service
tool install --no-irqbalance --no-hook`);
  const reason = 'it is not a regular file';
  assert.equal(calls, [`left alone  /etc/systemd/system/hostdev-cpuset.service: ${reason}`, 'status 1']);
});

test('files of install that a package would not replace are removed beside it, and its state stays', async () => {
  const lines = await onHost(`${BEGIN}systemctl_is true
mount -t tmpfs none /usr/lib/systemd
mkdir -p /usr/lib/systemd/system /run/hostdev-cpuset
tool install >/dev/null
touch /usr/lib/systemd/system/hostdev-cpuset.service
tool install
tool uninstall
tool uninstall
find /etc /run -name '*hostdev*'`);
  const packaged = '/usr/lib/systemd/system/hostdev-cpuset.service';
  const refusal = `hostdev-cpuset: ${packaged} belongs to a package: use the package manager to install and remove it`;
  assert.equal(
    lines.filter((line) => !/^removed {5}\/etc\/|^note: (?:if )?irqbalance/.test(line)),
    [
      `${refusal}; to remove what install has written beside it: hostdev-cpuset uninstall`,
      'status 2',
      DISABLE,
      RELOAD,
      `note: the package stays (${packaged}); if its service is stopped: systemctl enable --now hostdev-cpuset`,
      'status 0',
      refusal,
      'status 2',
      '/run/hostdev-cpuset',
    ],
  );
});

test('without PATH, systemctl is found in the usual directories', async () => {
  const calls = await callsOf(`mkdir /opt/usual
cp /bin/true /opt/usual/systemctl
mount --bind /opt/usual /usr/bin
PATH= tool install --no-hook`);
  assert.equal(calls, [RELOAD, ENABLE, 'status 0']);
});

test('a strict umask has no effect on directories that all users may read', async () => {
  const calls = await callsOf(`systemctl_is true
mkdir /opt/image
umask 077
tool install
tool install --prefix /opt/image
stat --format='mode %a' /etc/hostdev-cpuset /etc/systemd/system/irqbalance.service.d /opt/image/etc`);
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', 'status 0', 'mode 755', 'mode 755', 'mode 755']);
});

test.run();
