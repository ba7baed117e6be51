import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('install on a host where libvirt cannot run the hook', needs('mount-namespace'));

const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
const SCRIPT = '/etc/hostdev-cpuset/hook';
const SERVICE = '/etc/systemd/system/hostdev-cpuset.service';
const LEFT_OUT = `left out    ${HOOK}: `;

/**
 * A mount namespace with an empty /etc and /run, and copies of the package and of Node in a place that a service sees.
 * `install ARGUMENTS` runs there; `hooks` mounts the hooks directory with options.
 */
const HOST = `
set -e
mount -t tmpfs -o mode=755 host /opt
cp -r "$1" /opt/package
touch /opt/node && mount --bind "$2" /opt/node
mount -t tmpfs -o mode=755 host /etc
mount -t tmpfs -o mode=755 host /run
install() { status=0; /opt/node /opt/package/dist/bin/hostdev-cpuset.cjs install --no-irqbalance "$@" || status=$?; echo "status $status"; }
hooks() { mkdir -p /etc/libvirt/hooks; mount -t tmpfs -o "mode=755,$1" hooks /etc/libvirt/hooks; }
there() { find /etc/libvirt -type f -o -name '.host*'; }
`;

/** Runs a script on such a host, and returns its output lines. */
async function onHost(script: string): Promise<string[]> {
  const words = [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    `${HOST}\n${script}`,
    'sh',
    packed,
    process.execPath,
  ];
  const { code, stdout, stderr } = await run('unshare', words, { timeLimit: 60_000 });
  assert.is(code, 0, stderr);
  return stdout.split('\n').filter(Boolean);
}

let packed = '';
let folder: TemporaryFolder;
test.before(async () => {
  folder = new TemporaryFolder();
  packed = folder.join('package');
  const names = ['dist', 'hook', 'service', 'rng', 'package.json'].map((name) => `${projectRoot}${name}`);
  const { code, stderr } = await run('sh', [
    '-c',
    'mkdir "$0" && cp -r "$@" "$0" && chown -R 0:0 "$0" && chmod -R go-w "$0"',
    packed,
    ...names,
  ]);
  assert.is(code, 0, stderr);
});
test.after(() => folder?.remove());

const withStart = (lines: string[], start: string) => lines.find((line) => line.startsWith(start)) ?? lines.join('\n');

test('control: without obstacles the hook is installed, and the trial leaves no file', async () => {
  const lines = await onHost('hooks rw; install; there');
  assert.ok(lines.includes(`created     ${HOOK}`), lines.join('\n'));
  assert.equal(lines.slice(-2), ['status 0', HOOK]);
});

test('a noexec mount: the hook is left out, the rest is installed, status 0', async () => {
  const lines = await onHost('hooks noexec; install; there');
  const reason = '/etc/libvirt/hooks is on a file system mounted noexec; remount it with exec, then run install again';
  assert.equal(lines.slice(0, 2), [`${LEFT_OUT}libvirt could not run it: ${reason}`, `created     ${SERVICE}`]);
  assert.ok(lines.includes('note: the service needs no hook (docs/installing.md, Without the hook)'));
  assert.not(lines.some((line) => line.includes('and had none')));
  assert.is(lines.at(-1), 'status 0');
});

test('--dry-run detects the mount, too, and neither --force nor --hook overrides it', async () => {
  for (const [option, status] of [
    ['--dry-run', 0],
    ['--force', 0],
    ['--hook', 1],
  ] as const) {
    const lines = await onHost(`hooks noexec; install ${option}; there`);
    // The column of a dry run is as wide as "would create".
    const leftOut = option === '--dry-run' ? LEFT_OUT.replace('left out', 'left out  ') : LEFT_OUT;
    assert.match(lines[0] ?? '', `${leftOut}libvirt could not run it: `, option);
    assert.is(lines.at(-1), `status ${status}`, option);
  }
});

test('a hook of an earlier installation is removed, as it would stop guests', async () => {
  const lines = await onHost(
    'hooks rw; install >/dev/null; mount -o remount,noexec /etc/libvirt/hooks; install; there',
  );
  assert.equal(lines.slice(0, 2), [`removed     ${HOOK}`, `removed     ${SCRIPT}`]);
  assert.match(lines[2] ?? '', LEFT_OUT);
  assert.is(lines.at(-1), 'status 0');
});

test('another hook stays, and --no-hook removes only ours', async () => {
  const lines = await onHost(`hooks rw; install >/dev/null; mkdir -p /etc/libvirt/hooks/qemu.d
    echo '#!/bin/sh' >/etc/libvirt/hooks/qemu; install --no-hook; there`);
  assert.is(lines[0], `removed     ${HOOK}`);
  assert.equal(lines.slice(-2), ['status 0', '/etc/libvirt/hooks/qemu']);
});

test('a shell that cannot be executed: the hook is left out', async () => {
  const lines = await onHost(`hooks rw; printf x >/opt/plain
    exec 3>&1; shell=$(readlink -f /bin/sh); cp "$shell" /opt/shell; mount --bind /opt/plain "$shell"
    install; there 2>/dev/null`);
  assert.match(
    lines[0] ?? '',
    `${LEFT_OUT}libvirt could not run it: /bin/sh cannot parse it (EACCES); repair /bin/sh, then`,
  );
  assert.ok(lines.includes(`created     ${SERVICE}`));
});

test('SELinux enforcing without a query interface: the hook is left out, unless --hook is given', async () => {
  const enforcing = 'mkdir /etc/selinux; echo SELINUX=enforcing >/etc/selinux/config; hooks rw';
  const left = await onHost(`${enforcing}; install; there`);
  assert.match(left[0] ?? '', `${LEFT_OUT}it is unknown whether SELinux lets libvirt run it: `);
  assert.is(left.at(-1), 'status 0');
  const put = await onHost(`${enforcing}; install --hook; there`);
  assert.ok(put.includes(`created     ${HOOK}`), put.join('\n'));
  assert.match(
    withStart(put, 'note: the hook is in place because of --hook; if libvirt cannot run it, no guest starts: '),
    'SELinux',
  );
  assert.equal(put.slice(-2), ['status 0', HOOK]);
});

test.run();
