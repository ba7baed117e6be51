import * as assert from 'uvu/assert';
import { runInProcess } from '../support/cli-in-process.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';

const test = suiteWhere(
  'set, unset and attach with a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
let libvirtd: PrivateLibvirtd;
test.before(async () => {
  libvirtd = await startLibvirtd();
});
test.after(() => libvirtd?.stop());

const device = (bus: string, attributes = '') => `<hostdev mode='subsystem' type='pci' managed='no'${attributes}>
  <source><address domain='0' bus='0x${bus}' slot='0x12' function='5'/></source>
</hostdev>`;
const domain = (devices: string) => `<domain type='qemu'>
  <name>guest</name>
  <metadata><other xmlns='urn:other'>kept</other></metadata>
  <memory unit='MiB'>32</memory>
  <vcpu cpuset='0'>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>${devices}<memballoon model='none'/></devices>
</domain>`;

test.before.each(async () => {
  const { code, stderr } = await run('define', [], domain(device('06') + device('07')));
  assert.is(code, 0, stderr);
});
test.after.each(async () => {
  await libvirtd.virsh(['destroy', 'guest']);
  await libvirtd.virsh(['undefine', 'guest']);
});

const run = (command: string, args: string[], input = '') =>
  runInProcess('hostdev-cpuset', [command, '-c', libvirtd.uri, ...args], { input });

async function entries(...options: string[]): Promise<string[]> {
  const { stdout } = await libvirtd.virsh(['dumpxml', ...options, 'guest']);
  assert.match(stdout, '>kept</');
  return [...stdout.matchAll(/<hostdev address=.*\/>/g)].map(([entry]) => entry);
}

const STORED = 'in the stored definition';

test('set merges a policy into the stored definition of a domain that is not running', async () => {
  const first = await run('set', ['guest', '06:12.5', 'auto']);
  assert.equal(first, {
    code: 0,
    stdout: `Domain 'guest': device 06:12.5 set to cpuset="auto" ${STORED}\n`,
    stderr: '',
  });
  const second = await run('set', ['guest', '0000:07:12.5', '3,0-1', '--config']);
  assert.is(second.stdout, `Domain 'guest': device 0000:07:12.5 set to cpuset="0-1,3" ${STORED}\n`);
  assert.equal(await entries(), [
    '<hostdev address="0000:06:12.5" cpuset="auto"/>',
    '<hostdev address="0000:07:12.5" cpuset="0-1,3"/>',
  ]);
  const again = await run('set', ['guest', '06:12.5', 'auto']);
  assert.is(again.stdout, `Domain 'guest': device 06:12.5 already has cpuset="auto" ${STORED}\n`);
  const { stdout } = await run('set', ['--list', 'guest']);
  assert.is(stdout, '0000:06:12.5  hostdev  cpuset="auto"\n0000:07:12.5  hostdev  cpuset="0-1,3"\n');
});

test('unset removes the entry, and reports a missing entry', async () => {
  await run('set', ['guest', '06:12.5', 'native']);
  assert.is(
    (await run('unset', ['guest', '06:12.5'])).stdout,
    `Domain 'guest': device 06:12.5: policy removed from the stored definition\n`,
  );
  assert.equal(await entries(), []);
  const again = await run('unset', ['guest', '06:12.5']);
  assert.is(again.stdout, `Domain 'guest': device 06:12.5 has no policy of its own ${STORED}\n`);
  assert.is(again.code, 0);
});

test('unset removes the entry of a device that is gone; set does not bring it back', async () => {
  const gone = '<hostdev address="0000:09:12.5" cpuset="auto"/>';
  const element = `<hostdevs>${gone}</hostdevs>`;
  await libvirtd.succeeds('metadata', 'guest', 'urn:hostdev-cpuset:1', '--set', element, '--key', 'h', '--config');
  const refused = await run('set', ['guest', '09:12.5', '0']);
  assert.match(refused.stderr, /has no device 09:12\.5; its devices: 0000:06:12\.5, 0000:07:12\.5\n$/);
  const { code, stdout } = await run('unset', ['guest', '09:12.5']);
  assert.is(stdout, `Domain 'guest': device 09:12.5: policy removed from the stored definition\n`);
  assert.is(code, 0);
  assert.equal(await entries(), []);
});

test('an unknown device is an error that lists the devices of the domain', async () => {
  const { code, stdout, stderr } = await run('set', ['guest', '08:00.0', 'auto']);
  assert.is(code, 2);
  assert.is(stdout, '');
  const expected = "hostdev-cpuset: the stored definition of 'guest' has no device 08:00.0; its devices: ";
  assert.is(stderr, `${expected}0000:06:12.5, 0000:07:12.5\n`);
});

test('a policy with a lint error changes nothing', async () => {
  const { code, stderr } = await run('set', ['guest', '06:12.5', 'auto', '--vcpus', '7']);
  assert.match(stderr, /^error: .*\[vcpus-unknown\]\n$/);
  assert.is(code, 1);
  assert.equal(await entries(), []);
});

test('invalid policies and options are reported in one line', async () => {
  const cases: [string[], RegExp][] = [
    [['guest', '06:12.5', 'atuo'], /^hostdev-cpuset: CPUSET: "atuo" is not auto, native or a cpuset\n$/],
    [['guest', '06:12.5', '2', '--vcpus', '0'], /^hostdev-cpuset: --vcpus is allowed only with cpuset="auto"\n$/],
    [
      ['guest', '06:12.5', 'auto', '--control-vectors', '1'],
      /^hostdev-cpuset: --control-vectors is allowed only with --spread\n$/,
    ],
    [['guest', '06:12.5', 'auto', '--live'], /^hostdev-cpuset: domain 'guest' is not running: leave out --live\n$/],
    [
      ['guest', '06:12.5', 'auto', '--live', '--current'],
      /^hostdev-cpuset: --current and --live cannot be used together\n$/,
    ],
    [['guest', '06:12.5', '3-1'], /^hostdev-cpuset: CPUSET: the range 3-1 is reversed\n$/],
    [['guest', '06:12.5', '4,^4'], /^hostdev-cpuset: CPUSET contains no CPU: all are excluded\n$/],
    [['guest', '06:12.5'], /^hostdev-cpuset: set takes DOMAIN DEVICE CPUSET\n$/],
    [['nobody', '06:12.5', 'auto'], /^hostdev-cpuset: virsh: failed to get domain 'nobody'.*\n$/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await run('set', args);
    assert.match(stderr, expected);
    assert.is(stdout, '');
    assert.is(code, 2);
  }
  assert.equal(await entries(), []);
});

test('attach adds a device with its policy', async () => {
  const { code, stdout, stderr } = await run('attach', ['guest', '-', '--config'], device('09', " cpuset='0,2'"));
  assert.is(stderr, '');
  assert.is(stdout, `Domain 'guest': device attached to the stored definition, policy cpuset="0,2"\n`);
  assert.is(code, 0);
  assert.equal(await entries(), ['<hostdev address="0000:09:12.5" cpuset="0,2"/>']);
  assert.match((await libvirtd.virsh(['dumpxml', 'guest'])).stdout, "bus='0x09'");
});

test('attach of a device that libvirt refuses adds no policy', async () => {
  await run('set', ['guest', '07:12.5', 'auto']);
  const unknown = device('09', " cpuset='0'").replace('<source>', "<driver name='other'/><source>");
  const { code, stderr } = await run('attach', ['guest', '-'], unknown);
  assert.match(stderr, /^hostdev-cpuset: <stdin>: libvirt refuses it: .+\n$/, JSON.stringify([code, stderr]));
  assert.is(code, 1);
  assert.equal(await entries(), ['<hostdev address="0000:07:12.5" cpuset="auto"/>']);
});

test('attach reports errors of the device with their position, and attaches nothing', async () => {
  const { code, stderr } = await run('attach', ['guest', '-'], device('09', " cpuset='0-'"));
  assert.match(stderr, /^<stdin>:1:\d+: error: .*\[cpuset-syntax\]\n/);
  assert.is(code, 1);
  assert.not.match((await libvirtd.virsh(['dumpxml', 'guest'])).stdout, "bus='0x09'");
});

test('attach of a device refuses what lint reports in the domain with that device', async () => {
  for (const [attributes, rule] of [
    [" cpuset='auto' vcpus='7'", 'vcpus-unknown'],
    [" cpuset='0'", 'duplicate-device'],
  ] as const) {
    const { code, stdout, stderr } = await run('attach', ['guest', '-'], device('06', attributes));
    assert.match(stderr, new RegExp(`^error: .*\\[${rule}\\]$`, 'm'));
    assert.equal([code, stdout], [1, '']);
    assert.equal(await entries(), []);
  }
});

test('a MAC that two interfaces have: the virtual function of a team is meant, of two others none', async () => {
  const nic = (type: string, more: string) =>
    `<interface type='${type}'><mac address='52:54:00:47:e1:01'/><source ${type}='x'/>${more}</interface>`;
  const backup = nic('bridge', "<model type='virtio'/><teaming type='persistent'/><alias name='ua-backup'/>");
  const vf = nic('network', "<teaming type='transient' persistent='ua-backup'/>");
  const redefine = async (devices: string) => {
    await libvirtd.virsh(['undefine', 'guest']);
    assert.is((await run('define', [], domain(devices))).code, 0);
  };
  await redefine(backup + vf);
  const set = await run('set', ['guest', '52:54:00:47:E1:01', 'auto']);
  assert.equal([set.code, set.stderr], [0, '']);
  assert.is((await run('set', ['--list', 'guest'])).stdout, '52:54:00:47:e1:01  interface  cpuset="auto"\n');
  await redefine(nic('network', '') + nic('network', ''));
  const one = await run('set', ['guest', '52:54:00:47:e1:01', 'auto']);
  assert.match(
    one.stderr,
    /has 2 devices 52:54:00:47:e1:01: give each an <alias name='ua-NAME'\/> with hostdev-cpuset edit\n$/,
  );
  await redefine(nic('network', "<alias name='ua-a'/>") + nic('network', "<alias name='ua-b'/>"));
  const two = await run('set', ['guest', '52:54:00:47:e1:01', 'auto']);
  assert.match(two.stderr, /has 2 devices 52:54:00:47:e1:01: choose ua-a or ua-b\n$/);
});

test('attach refuses a domain definition, and other elements', async () => {
  for (const text of [domain(''), "<disk type='file'/>"]) {
    const { code, stderr } = await run('attach', ['guest', '-'], text);
    assert.match(stderr, /^hostdev-cpuset: <stdin>: attach takes one <hostdev> or <interface>, and nothing else\n$/);
    assert.is(code, 2);
  }
});

test.run();
