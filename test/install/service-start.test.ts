import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { errorsIn, onHostWithPackage } from './own-host.js';

const test = suiteWhere('install and uninstall with systemd', needs('mount-namespace'));

const [RELOAD, ENABLE, DISABLE] = ['daemon-reload', 'enable --now', 'disable --now'].map((words) =>
  `systemctl ${words} ${words.includes('now') ? 'hostdev-cpuset.service' : ''}`.trim(),
);

/** The calls of systemctl, its errors and the exit statuses. */
async function callsOf(commands: string): Promise<string[]> {
  const lines = await onHostWithPackage(commands);
  return lines.filter((line) => /^(?:systemctl|hostdev-cpuset:|status|left|mode) ?/.test(line));
}

test('install reloads systemd and starts the service; uninstall stops it first', async () => {
  const lines = await onHostWithPackage(`program systemctl 'echo "$@" >>/run/calls'
tool install
tool install
tool uninstall
sed 's/^/called: /' /run/calls`);
  assert.equal(errorsIn(lines), []);
  assert.ok(lines.includes('created     /etc/systemd/system/hostdev-cpuset.service'), lines.join('\n'));
  assert.equal(
    lines.filter((line) => /^(?:systemctl|status|called:) /.test(line)),
    [
      ...[RELOAD, ENABLE, 'status 0'],
      ...[ENABLE, 'status 0'],
      ...[DISABLE, RELOAD, 'status 0'],
      ...[RELOAD, ENABLE, ENABLE, DISABLE, RELOAD].map((call) => call?.replace('systemctl', 'called: --quiet')),
    ],
  );
});

test('systemctl is not called for a dry run, an image, a host without systemd or without a unit of ours', async () => {
  const unit = '/etc/systemd/system/hostdev-cpuset.service';
  const lines = await onHostWithPackage(`program systemctl 'echo "$@" >>/run/calls'
tool install --dry-run
mkdir /run/image
tool install --prefix /run/image
tool install --no-service --no-irqbalance
mkdir -p /etc/systemd/system
echo '[Unit]' >${unit}
tool uninstall
cat ${unit}
rm ${unit}
rmdir /run/systemd/system
tool install
tool uninstall
[ ! -e /run/calls ] || cat /run/calls`);
  assert.equal(errorsIn(lines), []);
  assert.equal(
    lines.filter((line) => /^(?:status|\[Unit)/.test(line) || line.startsWith('--quiet')),
    ['status 0', 'status 0', 'status 0', 'status 0', '[Unit]', 'status 0', 'status 0'],
  );
  assert.ok(lines.includes('removed     /etc/hostdev-cpuset/hook'));
});

test('without systemd install reports that no service runs, and what to do', async () => {
  const note = (why: string) =>
    `note: ${why}, so install starts no service: start \`hostdev-cpuset watch\` from your init system, as root`;
  const without = await onHostWithPackage(`rmdir /run/systemd/system
tool install
tool install
tool install --no-service`);
  assert.is(without.filter((line) => line === note('systemd does not run here')).length, 2);
  const noProgram = await onHostWithPackage(`rm /opt/bin/systemctl
mkdir /opt/programs /opt/without
mount --bind /usr/bin /opt/programs
ln -s /opt/programs/* /opt/without
rm -f /opt/without/systemctl
mount --bind /opt/without /usr/bin
tool install`);
  assert.equal(noProgram.slice(-2), [note('systemctl was not found'), 'status 0']);
  assert.equal(errorsIn(noProgram), []);
});

test('after an interruption, before the service was started, install starts it', async () => {
  const calls = await callsOf(`program systemctl 'kill -9 $PPID'
"$home/node" "$home/package/dist/bin/hostdev-cpuset.cjs" install || echo "status $?"
program systemctl true
tool install`);
  assert.equal(calls, [RELOAD, 'status 137', ENABLE, 'status 0']);
});

test('a service that does not start is an error, each time', async () => {
  const calls = await callsOf(`program systemctl 'case $* in *enable*) exit 1 ;; esac'
tool install
tool install`);
  const failure = 'hostdev-cpuset: systemctl enable: failed; see: systemctl status hostdev-cpuset.service';
  assert.equal(calls, [RELOAD, ENABLE, failure, 'status 1', ENABLE, failure, 'status 1']);
});

test('a service that does not stop is an error', async () => {
  const calls = await callsOf(`program systemctl 'case $* in *disable*) echo timeout >&2; exit 1 ;; esac'
tool install
tool uninstall`);
  const failure = 'hostdev-cpuset: systemctl disable: timeout';
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', DISABLE, failure, RELOAD, 'status 1']);
});

test('uninstall does not stop the service if it cannot remove the files', async () => {
  const calls = await callsOf(`tool install
mount --bind /etc/libvirt /etc/libvirt
mount -o remount,bind,ro /etc/libvirt
tool uninstall`);
  const file = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
  const failure = `hostdev-cpuset: cannot remove ${file}: the file system is read-only; nothing was changed`;
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', failure, 'status 2']);
});

test('a masked unit, or one of another origin, is not enabled', async () => {
  const calls = await callsOf(`mkdir -p /etc/systemd/system
ln -s /dev/null /etc/systemd/system/hostdev-cpuset.service
tool install --no-irqbalance --no-hook`);
  const reason = 'it is not a regular file';
  assert.equal(calls, [`left alone  /etc/systemd/system/hostdev-cpuset.service: ${reason}`, 'status 1']);
});

test('files of install that a package would not replace are removed beside it, and its state stays', async () => {
  const lines = await onHostWithPackage(`mount -t tmpfs none /usr/lib/systemd
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
  const calls = await callsOf(`mkdir /opt/image
umask 077
tool install
tool install --prefix /opt/image
stat --format='mode %a' /etc/hostdev-cpuset /etc/systemd/system/irqbalance.service.d /opt/image/etc`);
  assert.equal(calls, [RELOAD, ENABLE, 'status 0', 'status 0', 'mode 755', 'mode 755', 'mode 755']);
});

test.run();
