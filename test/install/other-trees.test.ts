import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { onHost } from './own-host.js';

const test = suiteWhere('install on trees unlike that of Debian', needs('mount-namespace'));

// As on Fedora Silverblue: /usr is read-only, /usr/local is a link to /var, the daemons of libvirt are modular, and
// SELinux is enforcing. Fedora itself differs in that /usr can be written.
const FEDORA = `
mount -t tmpfs -o mode=755 none /usr/local/lib
put_program /var/usrlocal/lib
mount -t tmpfs -o mode=755 none /usr/lib/systemd
mkdir /usr/lib/systemd/system
touch /usr/lib/systemd/system/virtqemud.service
mount --rbind /usr /usr
mount -o remount,bind,ro /usr
mount -t tmpfs none /sys/fs
mkdir /sys/fs/selinux
echo 1 >/sys/fs/selinux/enforce
mkdir -p /etc/libvirt/hooks
`;

test('Fedora with a read-only /usr and SELinux: all but the hook is installed in /etc, and removed again', async () => {
  const lines = await onHost(`${FEDORA}
tool install
grep ^ExecStart= /etc/systemd/system/hostdev-cpuset.service
tool uninstall
find /etc -type f`);
  const files = [
    '/etc/systemd/system/hostdev-cpuset.service',
    '/etc/tmpfiles.d/hostdev-cpuset.conf',
    '/etc/hostdev-cpuset/irqbalance.d/hostdev-cpuset',
    '/etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf',
  ];
  const leftOut = (line: string) =>
    /^left out {4}\/etc\/libvirt\/hooks\/qemu\.d\/hostdev-cpuset: .*whether SELinux /.test(line);
  assert.is(lines.filter(leftOut).length, 1, lines.join('\n'));
  assert.equal(
    lines.filter((line) => !leftOut(line) && !/^note: (?:if )?irqbalance/.test(line)),
    [
      'systemctl daemon-reload',
      'systemctl enable --now hostdev-cpuset.service',
      ...files.map((path) => `created     ${path}`),
      'note: the service needs no hook (docs/installing.md, Without the hook)',
      'status 0',
      'ExecStart=/var/usrlocal/lib/node /var/usrlocal/lib/package/dist/bin/hostdev-cpuset.cjs watch $WATCH_OPTIONS',
      'systemctl disable --now hostdev-cpuset.service',
      'systemctl daemon-reload',
      ...files.map((path) => `removed     ${path}`),
      'status 0',
    ],
  );
});

// As on NixOS: Node and the package are in a read-only store, and so are the directories of units and tmpfiles.d, by
// links in /etc; there is no /usr/lib/systemd, and libvirt has its hooks in /var.
const NIXOS = `
store=/opt/nix/store
put_program $store/abc-hostdev-cpuset
mkdir -p $store/etc/systemd/system $store/etc/tmpfiles.d /etc/systemd /var/lib/libvirt/hooks
ln -s $store/etc /etc/static
ln -s /etc/static/systemd/system /etc/systemd/system
ln -s /etc/static/tmpfiles.d /etc/tmpfiles.d
mount --rbind /opt/nix /opt/nix
mount -o remount,bind,ro /opt/nix
mount -t tmpfs none /usr/lib/systemd
`;

test('NixOS: install names the options; with them, the hook is put where libvirt looks, and removed again', async () => {
  const lines = await onHost(`${NIXOS}
tool install
tool install --no-service --no-irqbalance --hooks-dir /var/lib/libvirt/hooks
/var/lib/libvirt/hooks/qemu.d/hostdev-cpuset guest stopped end - </dev/null; echo "hook $?"
tool uninstall --hooks-dir /var/lib/libvirt/hooks
find /etc/ /var -type f`);
  const files = ['/var/lib/libvirt/hooks/hostdev-cpuset/hook', '/var/lib/libvirt/hooks/qemu.d/hostdev-cpuset'];
  assert.equal(lines, [
    'hostdev-cpuset: cannot write /etc/systemd/system/hostdev-cpuset.service and 2 more: the file system is read-only; nothing was changed; see "A read-only /etc" in docs/installing.md: --no-service, --no-irqbalance',
    'status 2',
    ...files.map((path) => `created     ${path}`),
    'note: libvirt looks for hooks only when it starts, and had none: systemctl reload libvirtd',
    'status 0',
    'hook 0',
    ...files.map((path) => `removed     ${path}`),
    'status 0',
  ]);
});

test.run();
