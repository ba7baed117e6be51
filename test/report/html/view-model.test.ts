import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan, InterruptPlan } from '../../../src/affinity/domain-plan.js';
import type { PciAddress } from '../../../src/domain/address.js';
import { localityOf } from '../../../src/domain/locality.js';
import { remoteShare } from '../../../src/report/delivery-share.js';
import { type ViewModelInput, viewModelOf } from '../../../src/report/html/view-model.js';
import { setOf as list } from '../../affinity/simulated-pass.js';

const test = suite('view model of the status page');

const NODES = [
  { node: 0, cpus: list('0,2,4,6') },
  { node: 1, cpus: list('1,3,5,7') },
  { node: 2, cpus: [] },
];
const interrupt = (irq: number, effective: string | null, counts: Record<string, number>): InterruptPlan => ({
  ...{ irq, type: 'msix', vector: 0, handlers: [], affinity: list('0-7'), wanted: list('0-7') },
  ...{ target: list('0-7'), vcpu: null, posting: { state: 'unknown', vcpu: null } as const },
  effective: effective === null ? null : list(effective),
  ...{ action: 'keep', reason: null, error: null, counts },
});
const device = (address: string, numaNode: number | null, ...interrupts: InterruptPlan[]): DevicePlan => ({
  ...{
    address: address as PciAddress,
    isUnreadable: false,
    alias: null,
    element: 'hostdev',
    policy: 'auto',
    origin: 'entry',
    cpus: list('0-7'),
    spread: null,
  },
  ...{ numaNode, locality: localityOf(numaNode ?? undefined, NODES), preferred: [], interrupts, problems: [] },
});

/** CPUs 0 to 7, even ones on node 0 and odd ones on node 1; 7 is offline, 8 is on no node. */
function input(...devices: DevicePlan[]): ViewModelInput {
  const vcpus = { source: 'threads', cpus: undefined, because: 'unpinned' } as const;
  return {
    plans: [{ name: 'guest', uuid: null, vcpus, devices, problems: [] }],
    topology: {
      online: list('0-6,8'),
      present: list('0-8'),
      nodes: NODES,
      defaultAffinity: undefined,
    },
    vcpus: [
      [{ vcpu: 0, cpus: list('2') }, { vcpu: 1, cpus: list('2,4') }, { vcpu: 2, cpus: list('0-8') }, { vcpu: 3 }],
    ],
    host: 'host',
    takenAt: 'now',
  };
}

test('a posted interrupt is on no CPU, and does not count, as in the shares', () => {
  const posted = { ...interrupt(40, '3', { 2: 10, 3: 5 }), posting: { state: 'yes', vcpu: 0 } as const };
  const shown = device('0000:01:00.0', 0, posted, interrupt(41, '3', { 3: 2 }));
  const cpus = viewModelOf(input(shown)).nodes.flatMap((node) => node.cpus);
  const sum = (count: (cpu: (typeof cpus)[number]) => number) => cpus.reduce((total, cpu) => total + count(cpu), 0);
  assert.equal({ all: sum(({ taken }) => taken), on: sum(({ remote }) => remote) }, remoteShare([shown]));
  assert.equal(
    cpus.flatMap(({ interrupts }) => interrupts.map((one) => one.interrupt.irq)),
    [41],
  );
});

test('nodes contain their CPUs in order; nodes without CPUs are omitted', () => {
  const { nodes, cpuOrder } = viewModelOf(input());
  assert.equal(
    nodes.map(({ node }) => node),
    [0, 1, undefined],
  );
  assert.equal(cpuOrder, [0, 2, 4, 6, 1, 3, 5, 7, 8]);
  const cpus = nodes.flatMap((node) => node.cpus);
  assert.equal(
    cpus.filter(({ online }) => !online).map(({ cpu }) => cpu),
    [7],
  );
});

test('a vCPU is shown on the CPUs that it is pinned to; an unpinned one is not shown', () => {
  const cpus = viewModelOf(input()).nodes.flatMap((node) => node.cpus);
  const runs = cpus
    .filter(({ vcpus }) => vcpus.length > 0)
    .map(({ cpu, vcpus }) => [cpu, vcpus.map(({ vcpu }) => vcpu)]);
  assert.equal(runs, [
    [2, [0, 1]],
    [4, [1]],
  ]);
});

test('an interrupt is shown on its effective CPU, and counts on the CPUs that handled it', () => {
  const near = device('0000:01:00.0', 0, interrupt(40, '2', { 2: 10, 3: 5 }));
  const unknown = device('0000:02:00.0', null, interrupt(41, null, { 1: 7 }));
  const elsewhere = device('0000:03:00.0', 2, interrupt(42, '5', { 5: 1 }));
  const picture = viewModelOf(input(near, unknown, elsewhere));
  const cpu = (number: number) => picture.nodes.flatMap((node) => node.cpus).find((one) => one.cpu === number);
  assert.equal(
    cpu(2)?.interrupts.map((one) => one.interrupt.irq),
    [40],
  );
  assert.is(cpu(2)?.remote, 0);
  assert.equal([cpu(3)?.taken, cpu(3)?.remote], [5, 5]);
  assert.equal([cpu(1)?.taken, cpu(1)?.remote], [7, 0]);
  assert.is(cpu(5)?.remote, 0, 'no CPU is near a node without CPUs');
  assert.equal([picture.maxCpuCount, picture.maxInterruptCount], [10, 15]);
  assert.equal(
    picture.nodes.map(({ devices }) => devices.map((one) => one.device.address)),
    [['0000:01:00.0'], [], ['0000:03:00.0'], ['0000:02:00.0']],
  );
});

test.run();
