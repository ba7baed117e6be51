import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plan } from '../../src/affinity/plan.js';
import type { PciAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import type { PolicySettings } from '../../src/domain/effective-policy.js';
import { type PlainDefinition, spreadCpus } from '../../src/domain/plain-definition.js';
import { readSnapshot } from '../../src/host/snapshot.js';
import { domainReport } from '../../src/report/report.js';
import type { HostDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { A, B, C, guest, hostdev, hostOf, outcomes, plainOf, UUID, vfio } from './simulated-pass.js';

const planning = suite('plan');

function planned(definition: PlainDefinition, kernel: SimulatedKernel, settings: PolicySettings = {}) {
  const addresses = definition.devices.flatMap(({ address }) => address ?? []);
  const files = new SimulatedFs(kernel);
  const coresOf = spreadCpus(definition);
  const { name, uuid } = definition;
  const snapshot = readSnapshot(files, { name, uuid, addresses, coresOf, counts: true });
  return domainReport(plan(definition, snapshot, settings));
}
/** `1: 4 of 4-7 for vCPU 0`: the target of each vector of the first device. */
const targets = ({ devices }: ReturnType<typeof planned>) =>
  devices[0]?.interrupts.map(
    ({ vector, target, wanted, vcpu }) =>
      `${vector}: ${target} of ${wanted}${vcpu === null ? '' : ` for vCPU ${vcpu}`}`,
  );
const list = (text: string) => parseCpuList(text) as Cpuset;
const rules = (problems: readonly { rule: string }[] | undefined) => problems?.map(({ rule }) => rule);
const running = (...cpus: string[]) => ({
  domains: [{ name: 'guest', uuid: UUID, pid: 4242, vcpus: cpus.map((set, vcpu) => ({ vcpu, cpus: set })) }],
});
const entries = (inside: string, attributes = '') =>
  `<hostdevs xmlns='urn:hostdev-cpuset:1'${attributes}>${inside}</hostdevs>`;

planning('auto follows the threads of a running QEMU', () => {
  const report = planned(guest(hostdev(A, 'auto')), hostOf([vfio(A, 41)], running('4', '6-7')));
  assert.is(report.vcpuCpus, '4,6-7');
  assert.is(report.vcpuSource, 'threads');
  assert.is(report.devices[0]?.cpus, '4,6-7');
  assert.is(report.devices[0]?.interrupts[0]?.wanted, '4,6-7');
});

planning('null stands for what is unknown or absent', () => {
  const xml = `<domain><name>guest</name><devices>${hostdev(A, '2-3')}</devices></domain>`;
  const foreign = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix' as const, handlers: [] }] };
  const definition = plainOf(xml);
  const files = new SimulatedFs(hostOf([foreign]));
  const snapshot = readSnapshot(files, { name: 'guest', uuid: undefined, addresses: [A as PciAddress], counts: false });
  const { uuid, devices } = plan(definition, snapshot);
  const [device] = devices;
  assert.equal([uuid, device?.alias, device?.interrupts[0]?.vector], [null, null, null]);
  const gone = plan(definition, { ...snapshot, devices: new Map() });
  assert.equal([gone.devices[0]?.numaNode, gone.devices[0]?.interrupts], [null, []]);
  const native = plan(guest(hostdev(A, 'native')), snapshot).devices[0];
  assert.equal([native?.cpus, native?.interrupts[0]?.wanted, native?.interrupts[0]?.action], [null, null, 'skip']);
  const unseen = new Map(
    [...snapshot.devices].map(([address, one]) => {
      const interrupts = one.interrupts.map((interrupt) => ({ ...interrupt, details: undefined }));
      return [address, { ...one, interrupts }];
    }),
  );
  const [phantom] = plan(definition, { ...snapshot, devices: unseen }).devices[0]?.interrupts ?? [];
  assert.equal([phantom?.affinity, phantom?.effective, phantom?.vector], [null, null, null]);
});

planning('the UUID and the alias are those of the definition', () => {
  const aliased = hostdev(A, '2-3').replace('</hostdev>', "<alias name='ua-nic'/></hostdev>");
  const snapshot = readSnapshot(new SimulatedFs(hostOf([vfio(A, 41)])), {
    name: 'guest',
    uuid: UUID,
    addresses: [],
    counts: false,
  });
  const { uuid, devices } = plan(guest(aliased), snapshot);
  assert.equal([uuid, devices[0]?.alias], [UUID, 'ua-nic']);
});

planning('interfaces of networks have no device yet: they are no duplicates, whatever their cpusets', () => {
  const network = (mac: string, cpuset: string) =>
    `<interface type='network' cpuset='${cpuset}'><mac address='52:54:00:00:00:${mac}'/><source network='pool'/></interface>`;
  const { devices } = planned(guest(network('01', '2') + network('02', '3') + network('03', '3-0')), hostOf([]));
  assert.equal(
    devices.map(({ problems }) => rules(problems)?.includes('duplicate-device')),
    [false, false, false],
  );
});

planning('auto follows the definition if the domain is not running', () => {
  const report = planned(guest(hostdev(A, 'auto')), hostOf([vfio(A, 41)]));
  assert.is(report.vcpuCpus, '2-3');
  assert.is(report.vcpuSource, 'definition');
  assert.is(report.devices[0]?.cpus, '2-3');
});

planning("numad's choice is known only from the threads", () => {
  const definition = guest(hostdev(A, 'auto'), { placement: "<vcpu placement='auto'>2</vcpu>" });
  const before = planned(definition, hostOf([vfio(A, 41)]));
  assert.is(before.vcpuCpus, null);
  assert.is(before.devices[0]?.cpus, null);
  assert.equal(before.devices[0]?.problems, [
    {
      rule: 'auto-unknown',
      severity: 'note',
      message: 'numad chooses the CPUs of the vCPUs when the domain starts',
    },
  ]);
  assert.equal(outcomes(before), ['41 skip: numad chooses the CPUs of the vCPUs when the domain starts']);
  assert.is(planned(definition, hostOf([vfio(A, 41)], running('5', '5'))).devices[0]?.cpus, '5');
});

planning('auto places nothing if the vCPUs may run on every CPU', () => {
  const definition = guest(hostdev(A, 'auto'), { placement: '<vcpu>2</vcpu>' });
  for (const kernel of [hostOf([vfio(A, 41)]), hostOf([vfio(A, 41)], running('0-7', '2'))]) {
    const report = planned(definition, kernel);
    assert.is(report.vcpuCpus, null);
    assert.equal(rules(report.devices[0]?.problems), ['auto-unpinned']);
    assert.equal(outcomes(report), ['41 skip: the vCPUs may run on every CPU, so there is nothing to follow']);
  }
});

planning('one unpinned vCPU is enough for auto-unpinned', () => {
  const placement = "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>";
  assert.equal(rules(planned(guest(hostdev(A, 'auto'), { placement }), hostOf([vfio(A, 41)])).devices[0]?.problems), [
    'auto-unpinned',
  ]);
});

planning('policies take precedence in this order: device, domain default, host default', () => {
  const kernel = hostOf([vfio(A, 41), vfio(B, 43), vfio(C, 45)]);
  const entry = `<hostdev address='${B}' cpuset='1'/>`;
  const devices = hostdev(A, '0') + hostdev(B) + hostdev(C);
  const policiesOf = (metadata: string, settings: PolicySettings = {}) =>
    planned(guest(devices, { metadata }), kernel, settings).devices.map(
      ({ policy, origin, cpus }) => `${policy} ${origin} ${cpus}`,
    );
  const stated = ['cpuset entry 0', 'cpuset entry 1'];
  assert.equal(policiesOf(entries(entry)), [...stated, 'native host-default null']);
  assert.equal(policiesOf(entries(entry), { default: 'auto' }), [...stated, 'auto host-default 2-3']);
  assert.equal(policiesOf(entries(entry, " default='auto'")), [...stated, 'auto domain-default 2-3']);
  assert.equal(policiesOf(entries(entry, " default='native'"), { default: 'auto' }), [
    ...stated,
    'native domain-default null',
  ]);
});

planning('native skips interrupts, whatever their affinity', () => {
  assert.equal(outcomes(planned(guest(hostdev(A, 'native')), hostOf([vfio(A, 41)]))), [
    '41 skip: the policy is native',
  ]);
});

planning('only online CPUs are used', () => {
  const kernel = hostOf([vfio(A, 41)], { cpus: { present: '0-7', online: '0-4' } });
  const report = planned(guest(hostdev(A, '3-6')), kernel);
  assert.is(report.devices[0]?.cpus, '3-4');
  assert.equal(report.devices[0]?.problems, [
    {
      rule: 'cpus-left-out',
      severity: 'note',
      message: 'CPU 5-6 of 3-6 left out: not online, or not allowed by the configuration of this host',
    },
  ]);
});

planning('only allowed CPUs are used', () => {
  const report = planned(guest(hostdev(A, '3-6')), hostOf([vfio(A, 41)]), { allowedCpus: list('0-3,5') });
  assert.is(report.devices[0]?.cpus, '3,5');
  assert.is(
    planned(guest(hostdev(A, 'auto')), hostOf([vfio(A, 41)]), { allowedCpus: list('3') }).devices[0]?.cpus,
    '3',
  );
});

planning('an empty result changes nothing and is reported', () => {
  const kernel = hostOf([vfio(A, 41)], { cpus: { present: '0-7', online: '0-4' } });
  const offline = planned(guest(hostdev(A, '5-9')), kernel);
  assert.is(offline.devices[0]?.cpus, null);
  assert.equal(offline.devices[0]?.problems, [
    { rule: 'no-usable-cpu', severity: 'error', message: '5-9: none of its CPUs is online' },
  ]);
  assert.equal(outcomes(offline), ['41 skip: none of its CPUs is online']);
  const forbidden = planned(guest(hostdev(A, '3-9')), kernel, { allowedCpus: list('0-1') });
  assert.equal(outcomes(forbidden), ['41 skip: none of its CPUs is allowed by the configuration of this host']);
});

planning("a pool's interface is identified by its MAC, also in live XML", () => {
  const metadata = entries("<hostdev mac='52:54:00:12:34:56' cpuset='5'/>");
  const inside = (type: string, source: string) =>
    `<interface type='${type}'><mac address='52:54:00:12:34:56'/><source${source}</interface>`;
  const kernel = hostOf([vfio(A, 41)]);
  const live = inside('hostdev', "><address type='pci' domain='0' bus='6' slot='0' function='0'/></source>");
  const [device] = planned(guest(live, { metadata }), kernel).devices;
  assert.is(device?.address, A);
  assert.is(device?.element, 'interface');
  assert.is(device?.cpus, '5');
  assert.is(device?.interrupts.length, 1);

  const [inactive] = planned(guest(inside('network', " network='pool'/>"), { metadata }), kernel).devices;
  assert.is(inactive?.address, null);
  assert.equal(inactive?.interrupts, []);
  assert.equal(rules(inactive?.problems), ['no-device-yet']);
});

planning('an ordinary interface is ignored', () => {
  const ordinary = "<interface type='network'><source network='default'/></interface>";
  assert.equal(planned(guest(ordinary), hostOf([]), { default: 'auto' }).devices, []);
});

planning('USB, SCSI and mediated devices have no interrupts of their own', () => {
  const usb = "<hostdev mode='subsystem' type='usb' cpuset='2'><source><vendor id='1'/></source></hostdev>";
  assert.equal(planned(guest(usb), hostOf([])).devices, []);
});

planning('a device that the host lacks is reported', () => {
  const [device] = planned(guest(hostdev(A, '2')), hostOf([])).devices;
  assert.equal(device?.problems, [
    { rule: 'device-absent', severity: 'error', message: `the host has no device ${A}` },
  ]);
});

planning('of a device that is defined twice, the first policy counts', () => {
  const report = planned(guest(hostdev(A, '2') + hostdev(A, '5')), hostOf([vfio(A, 41)]));
  assert.equal(
    report.devices.map(({ cpus, interrupts }) => [cpus, interrupts.length]),
    [
      ['2', 1],
      [null, 0],
    ],
  );
  assert.equal(rules(report.devices[1]?.problems), ['duplicate-device']);
});

planning('an invalid attribute skips the device, whatever the default', () => {
  const report = planned(guest(hostdev(A, '5-4')), hostOf([vfio(A, 41)]), { default: 'auto' });
  assert.equal(report.devices[0]?.problems, [
    { rule: 'cpuset-syntax', severity: 'error', message: 'cpuset the range 5-4 is reversed' },
  ]);
  assert.is(report.devices[0]?.policy, 'native');
  assert.equal(outcomes(report), ['41 skip: its policy is invalid']);
});

planning('an invalid entry is named and skips the device, whatever the default', () => {
  for (const bad of [`address='${A}' cpuset='5-4'`, `address='${A}' cpuset='navite'`, `address='${A}'`]) {
    const metadata = entries(`<hostdev ${bad}/>`, " default='auto'");
    const report = planned(guest(hostdev(A) + hostdev(B), { metadata }), hostOf([vfio(A, 41), vfio(B, 43)]));
    assert.equal(rules(report.problems), ['metadata-syntax']);
    assert.match(report.problems[0]?.message ?? '', `the entry for address="${A}": `);
    assert.is(report.devices[0]?.origin, 'entry');
    assert.equal(outcomes(report), ['41 skip: its policy is invalid', '43 set']);
  }
});

planning('entries that match no device are reported', () => {
  const metadata = entries(`<hostdev address='../../..' cpuset='1'/><hostdev alias='ua-gone' cpuset='1'/>`);
  const report = planned(guest(hostdev(A), { metadata }), hostOf([vfio(A, 41)]));
  assert.equal(rules(report.problems), ['metadata-syntax', 'entry-stale']);
  assert.match(report.problems[1]?.message ?? '', 'alias="ua-gone"');
});

planning(
  'shifted addresses: the device without an entry and its neighbour get a warning, and the entries still apply',
  () => {
    const metadata = entries(`<hostdev address='${A}' cpuset='4'/><hostdev address='${B}' cpuset='5'/>`);
    const report = planned(guest(hostdev(B) + hostdev(C), { metadata }), hostOf([vfio(B, 43), vfio(C, 45)]));
    assert.equal(rules(report.problems), ['entry-stale']);
    assert.equal(
      report.devices.map(({ address, policy, origin, problems }) => ({ address, policy, origin, problems })),
      [
        {
          ...{ address: B, policy: 'cpuset', origin: 'entry' },
          problems: [
            {
              rule: 'address-shifted',
              severity: 'warning',
              message: `${B} may have the policy of another device: the entry for ${A} matches no device, and its address may have changed from ${A}`,
            },
          ],
        },
        {
          ...{ address: C, policy: 'native', origin: 'host-default' },
          problems: [
            {
              rule: 'address-shifted',
              severity: 'warning',
              message: `${C} has no metadata entry, and the entry for ${A} matches no device: its address may have changed from ${B}`,
            },
          ],
        },
      ],
    );
    assert.equal(outcomes(report), ['43 set', '45 skip: the policy is native']);
  },
);

planning("CPUs on another node than the device's are reported", () => {
  const nodes = [
    { node: 0, cpus: '0-3' },
    { node: 1, cpus: '4-7' },
  ];
  const remote = (numaNode: number | undefined, cpuset: string) => {
    const device = { ...vfio(A, 41), ...(numaNode === undefined ? {} : { numaNode }) };
    return planned(guest(hostdev(A, cpuset)), hostOf([device], { nodes })).devices[0]?.problems;
  };
  assert.equal(remote(1, '2-3'), [
    { rule: 'remote-node', severity: 'warning', message: 'the device is on node 1, its CPUs are on node 0' },
  ]);
  const some = (cpus: string) => `the device is on node 1, some of its CPUs (${cpus}) are on node 0`;
  assert.equal(remote(1, '2-4'), [{ rule: 'remote-node', severity: 'warning', message: some('2-3') }]);
  assert.equal(remote(1, '4-6'), []);
  assert.equal(remote(undefined, '2-3'), []);
  assert.equal(remote(1, 'native'), []);
});

const NODES = [
  { node: 0, cpus: '0-1' },
  { node: 1, cpus: '2-3' },
  { node: 2, cpus: '4-5' },
  { node: 3, cpus: '' },
  { node: 5, cpus: '6-7' },
];

planning("auto is narrowed to the CPUs on the device's node, if the vCPUs have some", () => {
  const cpusOn = (
    numaNode: number,
    pins: string,
    settings: PolicySettings = {},
    more: Partial<HostDescription> = {},
  ) => {
    const kernel = hostOf([{ ...vfio(A, 41), numaNode }], { nodes: NODES, ...running(pins), ...more });
    const [device] = planned(guest(hostdev(A, 'auto')), kernel, settings).devices;
    assert.is(device?.interrupts[0]?.wanted, device?.cpus);
    return [device?.cpus, ...(rules(device?.problems) ?? [])].join(' ');
  };
  assert.is(cpusOn(1, '0,2-4,6'), '2-3');
  assert.is(cpusOn(5, '0,2-4,6'), '6');
  assert.is(cpusOn(1, '0,4,6'), '0,4,6 remote-node', 'no vCPU has a CPU there');
  assert.is(cpusOn(3, '0,4,6'), '0,4,6', 'a node of memory only');
  assert.is(cpusOn(4, '0,4,6'), '0,4,6', 'a node that the host does not have');
  assert.is(cpusOn(-1, '0,4,6'), '0,4,6', 'the firmware names no node');
  assert.is(cpusOn(1, '0,2-4', {}, { nodes: [] }), '0,2-4', 'a host without nodes');
  // CPUs that are offline or not allowed are removed first.
  const offline = { cpus: { present: '0-7', online: '0-2,4-7' } };
  assert.is(cpusOn(1, '0,2-4', {}, offline), '2 cpus-left-out');
  assert.is(cpusOn(1, '0,3-4', {}, offline), '0,4 cpus-left-out remote-node');
  assert.is(cpusOn(1, '0,2-4', { allowedCpus: list('0-2') }), '2 cpus-left-out');
  assert.is(cpusOn(1, '0,2-4', { allowedCpus: list('0,4') }), '0,4 cpus-left-out remote-node');
  assert.is(cpusOn(1, '0,2-4', { locality: 'device' }), '2-3');
  assert.is(cpusOn(1, '0,2-4', { locality: 'any' }), '0,2-4 remote-node');
});

planning("a cpuset is not narrowed to the device's node", () => {
  const kernel = hostOf([{ ...vfio(A, 41), numaNode: 1 }], { nodes: NODES });
  assert.is(planned(guest(hostdev(A, '1-4,7')), kernel).devices[0]?.cpus, '1-4,7');
});

planning('an interrupt is remote if it is delivered to another node, whatever the policy', () => {
  const remote = (
    numaNode: number,
    at: { affinity: string; effective?: string },
    more: Partial<HostDescription> = {},
  ) => {
    const device = {
      address: A,
      driver: 'vfio-pci',
      numaNode,
      interrupts: [{ irq: 41, type: 'msix' as const, ...at }],
    };
    const kernel = hostOf([device], { nodes: NODES, ...more });
    return planned(guest(hostdev(A, 'native')), kernel).devices[0]?.interrupts[0]?.remote;
  };
  assert.is(remote(1, { affinity: '0-7', effective: '2' }), false);
  assert.is(remote(1, { affinity: '0-7', effective: '4' }), true);
  assert.is(remote(-1, { affinity: '0-7', effective: '4' }), null);
  assert.is(remote(3, { affinity: '0-7', effective: '4' }), null, 'no CPU is near');
  // Without effective_affinity the mask may be conclusive.
  const withoutEffective = { effectiveAffinity: false };
  assert.is(remote(1, { affinity: '0-7' }, withoutEffective), null);
  assert.is(remote(1, { affinity: '2' }, withoutEffective), false);
  assert.is(remote(1, { affinity: '0,4' }, withoutEffective), true);
  const offline = { ...withoutEffective, cpus: { present: '0-7', online: '0-1,3-7' } };
  assert.is(remote(1, { affinity: '2,4' }, offline), true, 'CPU 2 is offline');
});

planning('a phantom vector is skipped', () => {
  const device = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix' as const, handlers: [] }] };
  const report = planned(guest(hostdev(A, '2')), hostOf([device]));
  assert.equal(outcomes(report), ['41 skip: no handler yet']);
  assert.is(report.devices[0]?.interrupts[0]?.affinity, null);
  assert.is(report.devices[0]?.interrupts[0]?.remote, null);
});

planning("the report contains the kernel's details of an interrupt", () => {
  const device = {
    address: A,
    driver: 'vfio-pci',
    numaNode: 0,
    interrupts: [{ irq: 41, type: 'msix' as const, affinity: '0-3', effective: '1', counts: { '1': 17 } }],
  };
  const report = planned(guest(hostdev(A, '2')), hostOf([device], { nodes: [{ node: 0, cpus: '0-7' }] }));
  assert.is(report.devices[0]?.numaNode, 0);
  assert.equal(report.devices[0]?.interrupts, [
    {
      irq: 41,
      type: 'msix',
      vector: 0,
      handlers: [`vfio-msix[0](${A})`],
      affinity: '0-3',
      effective: '1',
      wanted: '2',
      target: '2',
      vcpu: null,
      remote: false,
      posting: { state: 'unknown', vcpu: null },
      contested: false,
      action: 'set',
      reason: null,
      error: null,
      counts: { '1': 17 },
    },
  ]);
});

planning('vcpus: only these vCPUs are followed, wherever the others may run', () => {
  const kernel = hostOf([vfio(A, 41)], running('2', '3', '4', '0-7'));
  const only = (vcpus: string) => planned(guest(hostdev(A, 'auto', { vcpus })), kernel);
  assert.equal(targets(only('0-1')), ['0: 2-3 of 2-3']);
  assert.equal([only('0-1').vcpuCpus, only('0-1').devices[0]?.problems], [null, []], 'another vCPU is unpinned');
  assert.equal(targets(only('2,9')), ['0: 4 of 4'], 'vCPU 9 may be plugged later');
  assert.equal(outcomes(only('9')), ['41 skip: the domain has none of the vCPUs of its policy']);
  assert.equal(rules(only('9').devices[0]?.problems), ['vcpus-unknown']);
  assert.equal(outcomes(only('3')), ['41 skip: the vCPUs may run on every CPU, so there is nothing to follow']);
});

planning('vcpus: the definition is followed if the domain does not run, or its threads have no names', () => {
  const placement = "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3'/></cputune>";
  const definition = guest(hostdev(A, 'auto', { vcpus: '1' }), { placement });
  assert.equal(targets(planned(definition, hostOf([vfio(A, 41)]))), ['0: 3 of 3']);
  const [domain] = running('5', '6').domains;
  const unnamed = { domains: [{ ...domain, threadNames: 'none' }] } as Partial<HostDescription>;
  assert.equal(targets(planned(definition, hostOf([vfio(A, 41)], unnamed))), ['0: 3 of 3']);
});

const TWO_NODES = {
  nodes: [
    { node: 0, cpus: '0-3' },
    { node: 1, cpus: '4-7' },
  ],
};

planning('spread: each vector gets the CPUs of one vCPU; the set is narrowed to the node first', () => {
  const device = { ...vfio(A, 41, 42, 43, 44), numaNode: 0 };
  const definition = guest(hostdev(A, 'auto', { spread: 'yes', controlVectors: '1' }));
  const report = planned(definition, hostOf([device], { ...running('2,5', '6', '3'), ...TWO_NODES }));
  assert.equal(targets(report), [
    '0: 2-3 of 2-3',
    '1: 2 of 2-3 for vCPU 0',
    '2: 3 of 2-3 for vCPU 2',
    '3: 2 of 2-3 for vCPU 0',
  ]);
  assert.equal(report.devices[0]?.problems, []);
  const placement = "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='3'/></cputune>";
  const stopped = guest(hostdev(A, 'auto', { spread: 'yes' }), { placement });
  const expected = [
    '0: 1 of 1,3 for vCPU 0',
    '1: 3 of 1,3 for vCPU 1',
    '2: 1 of 1,3 for vCPU 0',
    '3: 3 of 1,3 for vCPU 1',
  ];
  assert.equal(
    targets(planned(stopped, hostOf([device], TWO_NODES))),
    expected,
    'by the definition, as the domain does not run',
  );
});

planning('spread over a cpuset: one CPU each, the first threads of the cores first', () => {
  const definition = guest(hostdev(A, '1-2,5-6', { spread: 'yes' }));
  const kernel = (cpus: HostDescription['cpus']) => hostOf([vfio(A, 41, 42, 43, 44)], { cpus });
  const first = (report: ReturnType<typeof planned>) => report.devices[0]?.interrupts.map(({ target }) => target);
  assert.equal(first(planned(definition, kernel({ present: '0-7', threadsPerCore: 2 }))), ['1', '2', '5', '6']);
  assert.equal(first(planned(definition, kernel({ present: '0-7', threadsPerCore: 4 }))), ['1', '2', '5', '6']);
  const offline = kernel({ present: '0-7', online: '0,2-7', threadsPerCore: 2 });
  assert.equal(
    first(planned(definition, offline)),
    ['2', '5', '6', '2'],
    'its sibling is now the first online thread of the core',
  );
  const adjacent = guest(hostdev(A, '0,1,4', { spread: 'yes' }));
  assert.equal(first(planned(adjacent, kernel({ present: '0-7', threadsPerCore: 2 }))), ['0', '1', '4', '0']);
  assert.equal(
    first(planned(guest(hostdev(A, '0,4-5', { spread: 'yes' })), kernel({ present: '0-7', threadsPerCore: 2 }))),
    ['0', '5', '4', '0'],
  );
  assert.equal(first(planned(adjacent, kernel({ present: '0-7' }))), ['0', '1', '4', '0'], 'unknown cores');
});

planning('spread has no effect with one vector, MSI, an INTx line, or threads without names', () => {
  const definition = guest(hostdev(A, 'auto', { spread: 'yes' }));
  const of = (kernel: SimulatedKernel) => targets(planned(definition, kernel));
  assert.equal(of(hostOf([vfio(A, 41)], running('2', '3'))), ['0: 2-3 of 2-3']);
  const msi = { ...vfio(A), interrupts: [41, 42].map((irq) => ({ irq, type: 'msi' as const })) };
  assert.equal(of(hostOf([msi], running('2', '3'))), ['0: 2-3 of 2-3', '1: 2-3 of 2-3']);
  const line = { ...vfio(A), interrupts: [{ irq: 16, type: 'intx' as const }] };
  assert.equal(of(hostOf([line], running('2', '3'))), ['null: 2-3 of 2-3']);
  for (const threadNames of ['none', 'single'] as const) {
    const [domain] = running('2', '3').domains;
    const report = planned(definition, hostOf([vfio(A, 41, 42)], { domains: [{ ...domain, threadNames } as never] }));
    assert.equal(targets(report), ['0: 2-3 of 2-3', '1: 2-3 of 2-3']);
    assert.equal(rules(report.devices[0]?.problems), ['spread-unseen'], threadNames);
  }
});

planning('spread: the target of a vector without a handler is unknown', () => {
  const phantom = { irq: 42, type: 'msix' as const, handlers: [] };
  const device = { ...vfio(A), interrupts: [{ irq: 41, type: 'msix' as const }, phantom] };
  const report = planned(guest(hostdev(A, 'auto', { spread: 'yes' })), hostOf([device], running('2', '3')));
  assert.equal(targets(report), ['0: 2 of 2-3 for vCPU 0', 'null: null of 2-3']);
});

planning.run();
