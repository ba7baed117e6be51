import * as assert from 'uvu/assert';
import { selinuxDenial } from '../../src/install/hook-selinux.js';
import { projectRoot } from '../support/cli.js';
import { CompiledPolicy, compileModule, runTool } from '../support/compiled-policy.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere(
  'SELinux policy module',
  needs('checkmodule', 'semodule_package', 'sesearch', 'selinux-policy-dev', 'selinux-policy-default', 'matchpathcon'),
);
const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
const OTHER = '/etc/libvirt/hooks/qemu.d/other';
/** Files that stand for daemons, and exist on every machine. */
const [LIBVIRTD, VIRTQEMUD] = ['/bin/cat', '/bin/true'];
let folder: TemporaryFolder;
let before: CompiledPolicy;
let after: CompiledPolicy;

test.before(() => {
  folder = new TemporaryFolder();
  const ours = ['te', 'fc'].map((end) => `${projectRoot}selinux/hostdev-cpuset.${end}`);
  const fedora = ['te', 'fc'].map((end) => `${projectRoot}test/selinux/virtqemud.${end}`);
  const module = compileModule(folder.join('ours'), ours);
  const virtqemud = compileModule(folder.join('virtqemud'), fedora);
  before = new CompiledPolicy(folder.join('before'), [virtqemud]);
  after = new CompiledPolicy(folder.join('after'), [virtqemud, module]);
});
test.after(() => folder?.remove());

/** The result of install's check on a host with this policy. */
function refusal(policy: CompiledPolicy, hookType: string, daemon: string) {
  const types = {
    [HOOK]: hookType,
    '/bin/sh': 'shell_exec_t',
    [LIBVIRTD]: 'virtd_exec_t',
    [VIRTQEMUD]: 'virtqemud_exec_t',
  };
  const question = { prefix: '', isNosuid: false, mode: 'enforcing' as const, daemons: [daemon] };
  return selinuxDenial(HOOK, { ...question, policy: policy.asKernel(types) });
}

test('without the module neither daemon may start a hook, and install detects this', () => {
  assert.equal(before.search('--allow', '-s', 'virtd_t', '-t', 'virt_etc_rw_t', '-c', 'file', '-p', 'execute'), []);
  assert.equal(before.search('--allow', '-s', 'virtqemud_t', '-t', 'virt_hook_t', '-c', 'file', '-p', 'execute'), []);
  assert.equal(refusal(before, 'virt_etc_rw_t', LIBVIRTD), {
    certain: true,
    what: 'virtd_t virt_etc_rw_t:file execute',
  });
  assert.is(refusal(before, 'virt_hook_t', VIRTQEMUD)?.what, 'virtqemud_t virt_hook_t:file execute');
});

test('with the module both may start ours in its own domain, and install detects this', () => {
  for (const domain of ['virtd_t', 'virtqemud_t']) {
    const allowed = after.allowed(domain, 'hostdev_cpuset_hook_exec_t', 'file');
    for (const permission of ['getattr', 'open', 'read', 'map', 'execute']) assert.ok(allowed.has(permission));
    assert.ok(after.allowed(domain, 'hostdev_cpuset_hook_t', 'process').has('transition'));
    const words = ['--type_trans', '-s', domain, '-t', 'hostdev_cpuset_hook_exec_t', '-c', 'process'];
    assert.equal(after.search(...words), [
      `type_transition ${domain} hostdev_cpuset_hook_exec_t:process hostdev_cpuset_hook_t;`,
    ]);
  }
  assert.is(refusal(after, 'hostdev_cpuset_hook_exec_t', LIBVIRTD), undefined);
  assert.is(refusal(after, 'hostdev_cpuset_hook_exec_t', VIRTQEMUD), undefined);
});

test('other hooks get no additional permissions', () => {
  for (const [domain, type] of [
    ['virtd_t', 'virt_etc_rw_t'],
    ['virtqemud_t', 'virt_hook_t'],
  ] as const) {
    const words = ['--allow', '-s', domain, '-t', type];
    assert.equal(after.search(...words), before.search(...words));
  }
  assert.is(refusal(after, 'virt_hook_t', VIRTQEMUD)?.what, 'virtqemud_t virt_hook_t:file execute');
});

test('the hook may read the host, write affinities, and start Node with its JIT compiler', () => {
  const has = (type: string, tclass: string, ...permissions: string[]) => {
    const allowed = after.allowed('hostdev_cpuset_hook_t', type, tclass);
    assert.equal(
      permissions.filter((permission) => !allowed.has(permission)),
      [],
      type,
    );
  };
  has('hostdev_cpuset_hook_t', 'process', 'execmem');
  has('bin_t', 'file', 'execute', 'execute_no_trans', 'map');
  has('sysctl_irq_t', 'file', 'read', 'write', 'open');
  has('sysfs_t', 'file', 'read', 'open');
  has('etc_t', 'file', 'read', 'open');
  has('var_run_t', 'file', 'create', 'write', 'rename', 'unlink');
});

test('the module labels our file, and no other', () => {
  const [contexts] = ['ours/hostdev-cpuset.pp'].map((name) => {
    runTool('semodule_unpackage', [folder.join(name), folder.join('mod'), folder.join('fc')]);
    return folder.join('fc');
  });
  const labelOf = (path: string) =>
    runTool('matchpathcon', ['-n', '-f', contexts as string, '-m', 'file', path]).trim();
  assert.is(labelOf(HOOK), 'system_u:object_r:hostdev_cpuset_hook_exec_t:s0');
  assert.is(labelOf(OTHER), '<<none>>');
});

test.run();
