import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { withHeader } from '../../src/install/managed-file.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { projectRoot, runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import type { Outcome } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('install and uninstall', needs('plain-path'));
const FILES = [
  '/etc/hostdev-cpuset/hook',
  '/etc/libvirt/hooks/qemu.d/hostdev-cpuset',
  '/etc/systemd/system/hostdev-cpuset.service',
  '/etc/tmpfiles.d/hostdev-cpuset.conf',
  '/etc/hostdev-cpuset/irqbalance.d/hostdev-cpuset',
  '/etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf',
];
const [HOOK, STUB, UNIT, , POLICY] = FILES as [string, string, string, string, string];
const SINGLE_HOOK = '/etc/libvirt/hooks/qemu';
let folder: TemporaryFolder;

test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const call = (...words: string[]): Promise<Outcome> =>
  runCli('hostdev-cpuset', [words[0] as string, '--prefix', folder.path, ...words.slice(1)]);
const there = () =>
  readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(folder.join(name)).isFile(),
  );
const lines = (done: string, files = FILES) => files.map((path) => `${done.padEnd(10)}  ${path}\n`).join('');
const text = (path: string) => readFileSync(folder.join(path), 'utf8');

test('install creates all files, again changes nothing, and uninstall removes them', async () => {
  const first = await call('install');
  assert.equal([first.code, first.stderr], [0, '']);
  assert.is(
    first.stdout,
    `${lines('created')}note: libvirt looks for hooks only when it starts, and had none: systemctl reload libvirtd\n`,
  );
  const modes = FILES.map((path) => statSync(folder.join(path)).mode & 0o777);
  assert.equal(modes, [0o755, 0o755, 0o644, 0o644, 0o755, 0o644]);
  assert.equal(await call('install'), { code: 0, stdout: lines('unchanged'), stderr: '' });

  folder.write('run/hostdev-cpuset/a.json', '{}');
  const { stdout } = await call('uninstall');
  assert.ok(stdout.startsWith(`${lines('removed')}removed     /run/hostdev-cpuset\n`), stdout);
  assert.equal(there(), []);
  assert.not(readdirSync(folder.join('etc')).includes('hostdev-cpuset'));
  assert.equal(await call('uninstall'), { code: 0, stdout: 'nothing to remove\n', stderr: '' });
});

test('the files name this Node and this executable', async () => {
  await call('install');
  const cli = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;
  assert.match(text(HOOK), `\nnode='${process.execPath}'\ncli='${cli}'\n`);
  assert.match(text(UNIT), `\nExecStart=${process.execPath} ${cli} watch $WATCH_OPTIONS\n`);
  assert.match(
    text('/etc/systemd/system/irqbalance.service.d/hostdev-cpuset.conf'),
    '=/etc/hostdev-cpuset/irqbalance.d\n',
  );
});

test('--dry-run prints the same and changes nothing', async () => {
  const dry = await call('install', '--dry-run');
  assert.ok(
    dry.stdout.startsWith(lines('would create')) && dry.stdout.endsWith('note: nothing was changed (--dry-run)\n'),
  );
  assert.equal(readdirSync(folder.path), []);
  await call('install');
  assert.ok((await call('uninstall', '-n')).stdout.startsWith(lines('would remove')));
  assert.is(there().length, FILES.length);
});

test('a file that we did not install is neither written nor removed; uninstall has then done all there was', async () => {
  folder.write(STUB, '#!/bin/sh\n# mine\n');
  mkdirSync(folder.join('etc/systemd/system'), { recursive: true });
  symlinkSync('/dev/null', folder.join(UNIT));
  for (const command of ['install', 'uninstall']) {
    const { code, stdout } = await call(command, '--force');
    assert.is(code, command === 'install' ? 1 : 0);
    assert.match(stdout, `left alone  ${STUB}: it was not written by install\n`);
    assert.match(stdout, `left alone  ${UNIT}: it is not a regular file\n`);
  }
  assert.equal(text(STUB), '#!/bin/sh\n# mine\n');
});

test('a modified file of ours is kept without --force', async () => {
  await call('install');
  appendFileSync(folder.join(POLICY), '# mine\n');
  for (const command of ['install', 'uninstall']) {
    const { code, stdout } = await call(command);
    assert.is(code, 1);
    assert.match(stdout, `left alone  ${POLICY}: it was modified since install wrote it`);
    assert.match(text(POLICY), '# mine\n');
  }
  const { code, stdout } = await call('install', '--force');
  assert.is(code, 0);
  assert.match(stdout, `updated     ${POLICY}\n`);
  assert.not.match(text(POLICY), '# mine\n');
});

(process.geteuid?.() === 0 ? test : test.skip)('a file of ours that another user owns is replaced', async () => {
  await call('install');
  chownSync(folder.join(HOOK), 65534, 0);
  assert.match((await call('install')).stdout, `updated     ${HOOK}\n`);
  assert.is(statSync(folder.join(HOOK)).uid, 0);
});

test('a file of an earlier version is updated', async () => {
  folder.write(UNIT, withHeader('[Unit]\n'));
  const { code, stdout } = await call('install', '--no-hook', '--no-irqbalance');
  assert.is(code, 0);
  assert.match(stdout, `updated     ${UNIT}\n`);
  assert.match(text(UNIT), 'ExecStart=');
});

test('the stub replaces a complete hook of version 0.1.0', async () => {
  folder.write(STUB, withHeader(readFileSync(`${projectRoot}hook/qemu`, 'utf8')));
  chmodSync(folder.join(STUB), 0o755);
  const { code, stdout } = await call('install', '--no-service', '--no-irqbalance');
  assert.equal([code, stdout], [0, `created     ${HOOK}\nupdated     ${STUB}\n`]);
  assert.match(text(STUB), `\nhook='${HOOK}'\n`);
});

test('the hook of a libvirt before 6.5 is removed if libvirt runs qemu.d: it would run twice', async () => {
  folder.write(SINGLE_HOOK, withHeader('#!/bin/sh\n'));
  assert.match((await call('install')).stdout, `removed     ${SINGLE_HOOK}\n`);
  folder.write(SINGLE_HOOK, '#!/bin/sh\n# mine\n');
  const again = await call('install');
  assert.equal([again.code, again.stdout], [0, lines('unchanged')]);
  assert.is(text(SINGLE_HOOK), '#!/bin/sh\n# mine\n');
});

test('a running watcher is reported with its PID', async () => {
  await call('install');
  new InstanceLock(folder.path).take();
  assert.match((await call('uninstall')).stdout, `note: a watcher is running: to end it, kill ${process.pid}\n`);
});

test('in an image with SELinux enforcing the hook is left out, unless --hook is given', async () => {
  folder.write('etc/selinux/config', 'SELINUX=enforcing\n');
  const left = await call('install', '--no-service', '--no-irqbalance');
  assert.is(left.code, 0);
  assert.match(
    left.stdout,
    `left out    ${STUB}: it is unknown whether SELinux lets libvirt run it: the policy of an image`,
  );
  assert.match(left.stdout, 'note: the service needs no hook');
  assert.equal(there(), ['etc/selinux/config']);
  const put = await call('install', '--hook', '--no-service', '--no-irqbalance');
  assert.is(put.code, 0);
  assert.match(put.stdout, `created     ${STUB}\n`);
  assert.match(
    put.stdout,
    'note: the hook was installed because of --hook; if libvirt cannot run it, no guest starts: ',
  );
  // Without --hook it is removed again.
  assert.match((await call('install', '--no-service', '--no-irqbalance')).stdout, `removed     ${STUB}\n`);
  assert.equal(there(), ['etc/selinux/config']);
});

test('--no-hook removes only our hook', async () => {
  await call('install');
  folder.write(SINGLE_HOOK.slice(1), '#!/bin/sh\n');
  const { code, stdout } = await call('install', '--no-hook');
  assert.is(code, 0);
  assert.match(stdout, `removed     ${STUB}\n`);
  assert.not.match(stdout, 'left');
  assert.not(there().includes(STUB.slice(1)));
  assert.ok(there().includes(SINGLE_HOOK.slice(1)));
});

test("parts can be left out; libvirt's reload is not suggested if another hook exists", async () => {
  assert.equal((await call('install', '--no-hook', '--no-irqbalance')).stdout, lines('created', FILES.slice(2, 4)));
  const other = folder.write('etc/libvirt/hooks/qemu.d/other', '#!/bin/sh\n');
  const { mode } = statSync(other);
  assert.match((await call('install', '--no-service', '--no-irqbalance')).stdout, 'and had none');
  await call('uninstall');
  assert.is(statSync(other).mode, mode);
});

test('uninstall keeps the configuration and reports it', async () => {
  await call('install');
  folder.write('etc/hostdev-cpuset/config.json', '{}');
  assert.match(
    (await call('uninstall')).stdout,
    'note: /etc/hostdev-cpuset/config.json is your configuration and was kept\n',
  );
  assert.equal(there(), ['etc/hostdev-cpuset/config.json']);
});

test('the daemon to reload is the one that runs, else is enabled, else is installed', async () => {
  const reload = async () => /systemctl reload (\w+)\n/.exec((await call('install', '-n')).stdout)?.[1];
  const steps: [path: string, daemon: string][] = [
    ['none', 'libvirtd'],
    ['usr/lib/systemd/system/virtqemud.service', 'virtqemud'],
    ['usr/lib/systemd/system/libvirtd.service', 'libvirtd'],
    ['etc/systemd/system/sockets.target.wants/virtqemud.socket', 'virtqemud'],
    ['run/libvirtd.pid', 'libvirtd'],
  ];
  for (const [path, daemon] of steps) {
    folder.write(path, '');
    assert.is(await reload(), daemon, path);
  }
  rmSync(folder.join('run'), { recursive: true });
  rmSync(folder.join('etc'), { recursive: true });
  // Masked.
  folder.write('dev/null', '');
  rmSync(folder.join('usr/lib/systemd/system/libvirtd.service'));
  mkdirSync(folder.join('usr/lib/systemd/system/libvirtd.service'));
  assert.is(await reload(), 'virtqemud');
});

test("--hooks-dir: the hook is installed in libvirt's directory with the script next to it, and removed again", async () => {
  folder.write('var/lib/libvirt/hooks/qemu.d/other', '#!/bin/sh\n');
  const options = ['--hooks-dir', '/var/lib//libvirt/hooks/'];
  const directory = '/var/lib/libvirt/hooks';
  const files = [`${directory}/hostdev-cpuset/hook`, `${directory}/qemu.d/hostdev-cpuset`];
  const { code, stdout } = await call('install', ...options, '--no-service', '--no-irqbalance');
  assert.is(code, 0);
  assert.ok(stdout.startsWith(lines('created', files)), stdout);
  assert.match(text(files[1] as string), `\nhook='${files[0]}'\n`);
  assert.not(readdirSync(folder.path).includes('etc'));
  assert.is((await call('install', ...options, '--no-hook', '--no-service', '--no-irqbalance')).code, 0);
  assert.equal(there(), ['var/lib/libvirt/hooks/qemu.d/other']);
  await call('install', ...options);
  assert.ok((await call('uninstall', ...options)).stdout.startsWith(lines('removed', files)));
  assert.equal(there(), ['var/lib/libvirt/hooks/qemu.d/other']);
});

test('an error is one line and status 2', async () => {
  const refused = async (pattern: RegExp, ...words: string[]) => {
    const { code, stdout, stderr } = await runCli('hostdev-cpuset', words);
    assert.equal([code, stdout], [2, '']);
    assert.match(stderr, /^hostdev-cpuset: [^\n]+\n$/);
    assert.match(stderr, pattern);
  };
  await refused(/: no such directory/, 'install', '--prefix', folder.join('none'));
  await refused(
    /--hook and --no-hook cannot be used together/,
    'install',
    '--hook',
    '--no-hook',
    '--prefix',
    folder.path,
  );
  await refused(/takes no file: x/, 'install', 'x', '--prefix', folder.path);
  await refused(/needs a directory/, 'install', '--prefix=');
  for (const command of ['install', 'uninstall']) {
    const refuseHooks = (pattern: RegExp, directory: string) =>
      refused(pattern, command, '--prefix', folder.path, `--hooks-dir=${directory}`);
    await refuseHooks(/--hooks-dir needs a directory/, '');
    await refuseHooks(/--hooks-dir: "hooks" is not an absolute path/, 'hooks');
    await refuseHooks(/--hooks-dir: \/ cannot be the directory of hooks/, '/..');
    await refuseHooks(/--hooks-dir: "\/it's" cannot be written/, "/it's");
    await refuseHooks(/--hooks-dir \S+\/none: no such directory/, '/none');
  }
  folder.write('lib/systemd/system/hostdev-cpuset.service', '');
  await refused(/belongs to a package/, 'install', '--prefix', folder.path);
  folder.write('file/etc', '');
  const etc = folder.join('file/etc');
  const isNoDirectory = ': a part of the path is not a directory\n';
  await refused(new RegExp(`: ${etc}${isNoDirectory}$`), 'install', '--prefix', folder.join('file'));
  for (const command of ['install', 'uninstall']) {
    await refused(new RegExp(`: ${etc}: not a directory\n$`), command, '--prefix', etc);
    await refused(new RegExp(`: ${etc}/x${isNoDirectory}$`), command, '--prefix', `${etc}/x`);
  }
});

test('nothing is installed below a file', async () => {
  folder.write('etc', '');
  assert.equal(await call('uninstall'), { code: 0, stdout: 'nothing to remove\n', stderr: '' });
});

test.run();
