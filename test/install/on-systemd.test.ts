import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere(
  "installed files checked with systemd's tools",
  needs('systemd-analyze', 'shellcheck', 'plain-path'),
);
let folder: TemporaryFolder;
test.before(async () => {
  folder = new TemporaryFolder();
  const { code, stderr } = await runCli('hostdev-cpuset', ['install', '--prefix', folder.path]);
  assert.is(code, 0, stderr);
});
test.after(() => folder.remove());

const unit = () => folder.join('etc/systemd/system/hostdev-cpuset.service');

test('systemd-analyze accepts the unit', async () => {
  const { code, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit()]);
  assert.equal([code, stdout, stderr], [0, '', '']);
});

test('the unit is hardened: its exposure is at most 2 of 10', async () => {
  const words = ['security', '--offline=true', '--threshold=20', '--no-pager', unit()];
  const { code, stdout } = await run('systemd-analyze', words);
  assert.is(code, 0, stdout);
  const { code: weak } = await run('systemd-analyze', ['security', '--offline=true', '--threshold=5', unit()]);
  assert.is(weak, 1, 'the threshold has an effect');
});

test('the runtime directory is created, for root only', async () => {
  const words = [`--root=${folder.path}`, '--create', folder.join('etc/tmpfiles.d/hostdev-cpuset.conf')];
  const { code, stderr } = await run('systemd-tmpfiles', words);
  assert.is(code, 0, stderr);
  assert.ok(existsSync(folder.join('run/hostdev-cpuset')));
});

test('shellcheck accepts the scripts', async () => {
  for (const path of ['hook/qemu', 'hook/stub', 'service/irqbalance-policy']) {
    const { code, stdout } = await run('shellcheck', [`${projectRoot}${path}`]);
    assert.is(code, 0, stdout);
  }
  const written = [
    'etc/hostdev-cpuset/hook',
    'etc/libvirt/hooks/qemu.d/hostdev-cpuset',
    'etc/hostdev-cpuset/irqbalance.d/hostdev-cpuset',
  ];
  const { code, stdout } = await run(
    'shellcheck',
    written.map((path) => folder.join(path)),
  );
  assert.is(code, 0, stdout);
});

test.run();
