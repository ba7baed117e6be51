import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('install on a host with systemd', needs('mount-namespace'));
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

// /etc, /run and /opt are the test's own. systemctl records its arguments, and fails if its second one is $2.
const HOST = `set -e
for folder in etc run opt; do mount -t tmpfs -o mode=755 none /$folder; done
mkdir -p /run/systemd/system /opt/bin /opt/package /etc/libvirt/hooks
cd "$1"
cp -r dist hook service rng schemas package.json /opt/package
touch /opt/bin/node
mount --bind "$(command -v "$0")" /opt/bin/node
printf '#!/bin/sh\\necho "$@" >>/run/words\\n[ "$2" != "%s" ] || { echo "$2: no bus" >&2; exit 1; }\\n' "$2" >/opt/bin/systemctl
chmod 755 /opt/bin/systemctl
cd /
PATH=/opt/bin:$PATH
tool() { status=0; node /opt/package/dist/bin/hostdev-cpuset.cjs "$@" || status=$?; echo "status $status"; }
`;

/** Runs commands on this host. Returns their output, and the arguments of systemctl. */
async function onHost(commands: string, failing = '') {
  const script = `${HOST}umask 022\n${commands}\n[ ! -e /run/words ] || cp /run/words "$3"`;
  const words = ['--mount', 'sh', '-c', script, process.execPath, projectRoot, failing, folder.write('words', '')];
  const outcome = await run('unshare', words, { env: { PATH: process.env.PATH } });
  assert.is(outcome.code, 0, outcome.stderr);
  return { ...outcome, words: readFileSync(folder.join('words'), 'utf8') };
}

test('install reloads systemd and starts the service; uninstall stops it first', async () => {
  const { stdout, stderr, words } = await onHost('tool install; tool install; tool uninstall');
  assert.is(stderr, '');
  assert.match(stdout, /created +\/etc\/systemd\/system\/hostdev-cpuset\.service/);
  assert.equal(stdout.match(/^(?:systemctl|status) .*$/gm), [
    'systemctl daemon-reload',
    'systemctl enable --now hostdev-cpuset.service',
    'status 0',
    'systemctl enable --now hostdev-cpuset.service',
    'status 0',
    'systemctl disable --now hostdev-cpuset.service',
    'systemctl daemon-reload',
    'status 0',
  ]);
  assert.equal(words.trim().split('\n'), [
    '--quiet daemon-reload',
    '--quiet enable --now hostdev-cpuset.service',
    '--quiet enable --now hostdev-cpuset.service',
    '--quiet disable --now hostdev-cpuset.service',
    '--quiet daemon-reload',
  ]);
});

test('without a unit of ours systemd is not asked', async () => {
  const unit = '/etc/systemd/system/hostdev-cpuset.service';
  const { stdout, words } = await onHost(
    `tool install --no-service --no-irqbalance >/dev/null; mkdir -p /etc/systemd/system; echo '[Unit]' >${unit}; tool uninstall; cat ${unit}`,
  );
  assert.match(stdout, /removed +\/etc\/hostdev-cpuset\/hook/);
  assert.match(stdout, /status 0\n\[Unit\]\n$/);
  assert.is(words, '');
});

// The enforcer is replaced, as it would read this machine's interrupts. REFUSAL decides whether systemd-run accepts the
// properties.
const HOOK = `tool install >/dev/null
sed -i "s|^node=.*|node=''|; s|^cli=.*|cli=/bin/true|" /etc/hostdev-cpuset/hook
printf '#!/bin/sh\\nprintf "%%s\\\\n" -- "$@" >>/run/words\\n%s\\n' "$REFUSAL" >/opt/bin/systemd-run
chmod 755 /opt/bin/systemd-run
: >/run/words
xml='<domain><name>g</name><x xmlns="urn:hostdev-cpuset:1"/></domain>'
echo "$xml" | /etc/libvirt/hooks/qemu.d/hostdev-cpuset g started begin -`;

test("the watcher that the hook starts has the service's restrictions", async () => {
  const { words, stderr } = await onHost(`REFUSAL=; ${HOOK}`);
  assert.is(stderr, '');
  const [, , unit = ''] =
    /^(.*)\[Service\]\n(.*?)\n\[Install\]/s.exec(
      readFileSync(`${projectRoot}service/hostdev-cpuset.service`, 'utf8'),
    ) ?? [];
  const ofService = /^(?:Type|NotifyAccess|Environment(?:File)?|Exec.*|Restart.*|WatchdogSec)=/;
  const restrictions = unit.split('\n').filter((line) => /^[A-Z]\w+=/.test(line) && !ofService.test(line));
  assert.ok(restrictions.length > 25 && restrictions.includes('ProtectSystem=strict'));
  const properties = words.split('\n').filter((word) => word.startsWith('--property='));
  assert.equal(
    properties,
    restrictions.map((line) => `--property=${line}`),
  );
  assert.match(words, /\n\/bin\/true\nwatch\n--until-idle\n$/);
});

test('if systemd-run rejects a property, the watcher is started without them, and this is reported', async () => {
  const refusal = 'case $* in *--property*) echo Unknown assignment: ProtectClock=yes >&2; exit 1 ;; esac';
  const { words, stderr } = await onHost(`REFUSAL='${refusal}'; ${HOOK}`);
  assert.match(
    stderr,
    /^hostdev-cpuset: g: started: this systemd-run does not know the restrictions of the service [^\n]*ProtectClock[^\n]*\n$/,
  );
  const calls = words.split('--\n').slice(1);
  assert.is(calls.length, 2);
  assert.not.match(calls[1] ?? '', '--property');
  assert.match(calls[1] ?? '', /\n\/bin\/true\nwatch\n--until-idle\n$/);
});

test('a read-only /etc is reported in one line with the options to use, and nothing is written', async () => {
  const { stdout, stderr } = await onHost(
    `mkdir -p /etc/hostdev-cpuset /etc/systemd/system /etc/tmpfiles.d /opt/hooks
mount -t tmpfs -o ro,mode=755 none /etc/systemd/system
tool install; tool install --dry-run; tool install --no-service --no-irqbalance --hooks-dir /opt/hooks
mount -o remount,ro /etc
tool install; tool uninstall --hooks-dir /opt/hooks; find /etc -type f`,
  );
  const place = '/etc/systemd/system';
  const message = (path: string, more: number, options: string) =>
    `hostdev-cpuset: cannot write ${path} and ${more} more: the file system is read-only; nothing was changed; see "A read-only /etc" in docs/installing.md: ${options}\n`;
  const units = message(`${place}/hostdev-cpuset.service`, 1, '--no-service, --no-irqbalance');
  const hook = '--no-hook (or --hooks-dir DIR, if libvirt looks for hooks elsewhere)';
  const all = message('/etc/hostdev-cpuset/hook', 5, `${hook}, --no-service, --no-irqbalance`);
  assert.is(stderr, units + units + all);
  assert.equal(stdout.match(/^(?:created|removed|status) .*$/gm), [
    'status 2',
    'status 2',
    'created     /opt/hooks/hostdev-cpuset/hook',
    'created     /opt/hooks/qemu.d/hostdev-cpuset',
    'status 0',
    'status 2',
    'removed     /opt/hooks/hostdev-cpuset/hook',
    'removed     /opt/hooks/qemu.d/hostdev-cpuset',
    'status 0',
  ]);
});

test('if files in a read-only /etc cannot be removed, the line suggests no option that uninstall lacks', async () => {
  const { stdout, stderr } = await onHost(
    'tool install --no-service --no-irqbalance >/dev/null; mount -o remount,ro /etc; tool uninstall',
  );
  assert.is(
    stderr,
    'hostdev-cpuset: cannot remove /etc/hostdev-cpuset/hook and 1 more: the file system is read-only; nothing was changed\n',
  );
  assert.match(stdout, /status 2\n$/);
});

test('if a later file cannot be written, the earlier ones are removed again or reported', async () => {
  const { stdout, stderr, words } = await onHost(
    `mkdir -p /etc/systemd/system/irqbalance.service.d
mount -t tmpfs -o size=4k,nr_inodes=3,mode=755 none /etc/systemd/system/irqbalance.service.d
head -c 4096 /dev/zero >/etc/systemd/system/irqbalance.service.d/full
tool install
find /etc -name '*hostdev*' -o -name hook
tool install --no-irqbalance >/dev/null; echo '# changed' >>/etc/hostdev-cpuset/hook; : >/run/words
tool install --force`,
  );
  const path = '/etc/systemd/system/irqbalance.service.d';
  assert.match(stderr, new RegExp(`^hostdev-cpuset: ENOSPC: [^\\n]*${path}[^\\n]*; nothing was installed\\n`));
  assert.match(stderr, / not undone: \/etc\/hostdev-cpuset\/hook \(updated\)\n$/);
  assert.match(stdout, /^status 2\nstatus 2\n$/);
  assert.is(words, '', 'systemd is not reloaded');
});

test('without systemd install reports that no service runs, and what to do', async () => {
  const note = (why: string) =>
    `note: ${why}, so install starts no service: start \`hostdev-cpuset watch\` from your init system, as root\nstatus 0\n`;
  const without = await onHost('rmdir /run/systemd/system; tool install; tool install; tool install --no-service');
  assert.is(without.stdout.split(note('systemd does not run here')).length, 3);
  const noProgram = await onHost(`rm /opt/bin/systemctl
mkdir /opt/programs /opt/without
mount --bind /usr/bin /opt/programs
ln -s /opt/programs/* /opt/without
rm -f /opt/without/systemctl
mount --bind /opt/without /usr/bin
tool install`);
  assert.ok(noProgram.stdout.endsWith(note('systemctl was not found')), noProgram.stdout);
  assert.is(noProgram.stderr, '');
});

test('an error of systemctl is reported', async () => {
  const { stdout, stderr } = await onHost('tool install', 'enable');
  assert.is(stderr, 'hostdev-cpuset: systemctl enable: enable: no bus\n');
  assert.match(stdout, /^created +\/etc\/systemd\/system\/hostdev-cpuset\.service$/m);
});

test('systemctl is not called for a dry run, an image or a host without systemd', async () => {
  const { words, stderr } = await onHost(
    'tool install --dry-run; mkdir /run/image; tool install --prefix /run/image; rmdir /run/systemd/system; tool install; tool uninstall',
  );
  assert.is(stderr, '');
  assert.is(words, '');
});

test.run();
