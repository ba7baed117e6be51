import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planDomain } from '../../src/affinity/reconcile-domain.js';
import { Sampler, verdictLines } from '../../src/cli/status/sampler.js';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import type { KnownPosting } from '../../src/host/posted-vectors.js';
import { reportOf } from '../../src/report/report.js';
import { A, B, C, guest, hostdev, hostOf, interrupts, Simulated, UUID, vfio } from '../affinity/simulated-pass.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { validateEnforceReport } from '../support/json-schemas.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('verdicts on policies');
const HOST: Partial<HostDescription> = {
  nodes: [
    { node: 0, cpus: '0-3' },
    { node: 1, cpus: '4-7' },
  ],
  domains: [
    {
      name: 'guest',
      uuid: UUID,
      pid: 700,
      vcpus: [
        { vcpu: 0, cpus: '2' },
        { vcpu: 1, cpus: '3' },
      ],
    },
  ],
};
const PINNED = "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3'/></cputune>";
const near = (device: DeviceDescription): DeviceDescription => ({ ...device, numaNode: 0 });
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

interface Scene {
  devices: DeviceDescription[];
  policies: string;
  /** after the first sample */
  happening?: (kernel: SimulatedKernel) => void;
  /** whether the policies are enforced before */
  enforced?: boolean;
  postings?: Record<number, KnownPosting>;
  host?: Partial<HostDescription>;
  files?: (kernel: SimulatedKernel) => SimulatedFs;
}

/** Two seconds of a host: the text and the report. */
function watch({ devices, policies, happening, enforced = true, postings = {}, host = HOST, files }: Scene) {
  const kernel = hostOf(devices, host);
  const definition: PlainDefinition = guest(policies, { placement: PINNED });
  const simulated = new Simulated(kernel, folder.path, files ? { files: files(kernel) } : {});
  if (enforced) simulated.enforce(definition);
  const sampler = new Sampler(simulated.host.files);
  const plan = () => [planDomain({ ...simulated.host, postingOf: (irq) => postings[irq] }, definition)];
  sampler.take(plan(), 1000);
  happening?.(kernel);
  const { plans, verdicts } = sampler.take(plan(), 3000);
  const posting = { possible: null, evidence: 'x' };
  const report = reportOf(plans, { nodes: kernel.nodes, posting, verdicts });
  const json = JSON.parse(JSON.stringify(report));
  validateEnforceReport(json);
  const text = verdictLines(plans, verdicts, 300).trimEnd().split('\n');
  return { text, domain: report.domains[0] as (typeof report.domains)[number] };
}

test('in place: rate, and shares on the vCPUs and on the node', () => {
  const { text, domain } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, 'auto'),
    happening: (kernel) => {
      kernel.occur(41, 1500);
      kernel.occur(42, 500);
    },
  });
  assert.equal(text, [
    'guest, in 2 s:',
    `  ${A}: in place: 1000 interrupts/s, 100 % on the vCPUs' CPUs, 100 % on the device's node`,
    '  no other interrupt on CPU 2-3',
  ]);
  assert.equal(domain.devices[0]?.verdict, {
    kind: 'in-place',
    message: "in place: 1000 interrupts/s, 100 % on the vCPUs' CPUs, 100 % on the device's node",
    perSecond: 1000,
    shares: { wanted: 1, vcpuCpus: 1, node: 1, ownTarget: null },
    posted: 0,
  });
  assert.equal(domain.verdict, { seconds: 2, foreign: [] });
});

test('native: auto would bring remote interrupts to the node if a vCPU has a CPU there', () => {
  const vcpus = [
    { vcpu: 0, cpus: '2' },
    { vcpu: 1, cpus: '5' },
  ];
  const scene = (cpu: number, more: DeviceDescription = near(vfio(A, 41))) =>
    watch({
      devices: [more],
      policies: hostdev(A, 'native'),
      host: { ...HOST, domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus }] },
      happening: (kernel) => {
        kernel.move(41, [{ first: cpu, last: cpu }]);
        kernel.occur(41, 400);
      },
    }).text[1];
  const start = `  ${A}: no policy places it: 200 interrupts/s, 100 % on the vCPUs' CPUs`;
  assert.is(scene(5), `${start}, 0 % on the device's node; cpuset='auto' brings them to the device's node`);
  assert.is(scene(2), `${start}, 100 % on the device's node`);
  assert.is(scene(5, vfio(A, 41)), start, 'an unknown node');
});

test('not in place: only interrupts between the samples count', () => {
  const { text, domain } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, 'auto'),
    happening: (kernel) => {
      kernel.occur(42, 150);
      kernel.move(41, [{ first: 6, last: 6 }]);
      kernel.occur(41, 450);
    },
  });
  const measured = '300 interrupts/s, 25 % on the wanted CPUs';
  assert.is(text[1], `  ${A}: not in place: ${measured}, 25 % on the vCPUs' CPUs, 25 % on the device's node`);
  assert.is(domain.devices[0]?.verdict?.kind, 'misplaced');
  assert.is(domain.devices[0]?.verdict?.shares.wanted, 0.25);
});

test("spread: the share on the CPUs of each vector's vCPU", () => {
  const { text } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, 'auto', { spread: 'yes' }),
    happening: (kernel) => {
      kernel.occur(41, 300);
      kernel.occur(42, 300);
    },
  });
  assert.match(
    text[1] ?? '',
    "100 % on the vCPUs' CPUs, 100 % on the device's node, 100 % on the CPUs of their own vCPU",
  );
});

test('spread: interrupts on CPUs of the policy, but of another vCPU, are not in place', () => {
  const { text, domain } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, 'auto', { spread: 'yes' }),
    happening: (kernel) => {
      kernel.move(42, [{ first: 2, last: 2 }]);
      kernel.occur(41, 300);
      kernel.occur(42, 300);
    },
  });
  assert.is(domain.devices[0]?.verdict?.kind, 'misplaced');
  assert.match(text[1] ?? '', /: not in place: .*100 % on the vCPUs' CPUs, .*, 50 % on the CPUs of their own vCPU$/);
});

test('spread over CPU numbers: the vectors have a CPU of their own, not a vCPU', () => {
  const { text } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, '2-3', { spread: 'yes' }),
    happening: (kernel) => kernel.occur(41, 600),
  });
  assert.match(text[1] ?? '', "100 % on the device's node, 100 % on CPUs of their own");
});

test('no policy: the effect of auto is shown, and a low rate is pointed out', () => {
  const native = (count: number) =>
    watch({
      devices: [near(vfio(A, 41))],
      policies: hostdev(A, 'native'),
      enforced: false,
      happening: (kernel) => kernel.occur(41, count),
    });
  const start = `  ${A}: no policy places it:`;
  const many = native(5000).text[1] ?? '';
  assert.match(many, start);
  assert.match(
    many,
    "0 % on the vCPUs' CPUs, 100 % on the device's node; cpuset='auto' brings them to the vCPUs' CPUs",
  );
  assert.match(native(2).text[1] ?? '', /1\.0 interrupts\/s, .*; too few to matter$/);
});

test('posted: all vectors, or some', () => {
  const devices = [near(vfio(A, 41, 42))];
  const policies = hostdev(A, 'auto');
  const posted = { isPosted: true, apicId: 0 };
  const all = watch({ devices, policies, postings: { 41: posted, 42: posted } });
  assert.is(all.text[1], `  ${A}: the hardware posts all its 2 interrupts to vCPUs: a policy changes nothing`);
  assert.is(all.domain.devices[0]?.verdict?.posted, 2);
  const happening = (kernel: SimulatedKernel) => kernel.occur(42, 900);
  const some = watch({ devices, policies, postings: { 41: posted }, happening });
  assert.match(some.text[1] ?? '', 'in place: 450 interrupts/s');
  assert.match(some.text[1] ?? '', '1 of 2 posted to vCPUs');
});

test('idle: the other possible reasons are listed', () => {
  const scene = { devices: [near(vfio(A, 41))], policies: hostdev(A, 'auto') };
  const idle = `  ${A}: no interrupt in 2 s: it is idle, or the guest polls it`;
  assert.is(watch(scene).text[1], `${idle}, or the hardware posts its interrupts to vCPUs`);
  assert.is(watch({ ...scene, postings: { 41: { isPosted: false } } }).text[1], idle);
});

test('a device without enabled interrupts, and a device with a legacy line', () => {
  const { text } = watch({
    devices: [
      { address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix', handlers: [] }] },
      near({ address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] }),
    ],
    policies: hostdev(A, 'auto') + hostdev(B, 'auto'),
    happening: (kernel) => kernel.occur(16, 400),
  });
  assert.is(text[1], `  ${A}: no interrupt is in use: the guest's driver has enabled none`);
  assert.match(text[2] ?? '', /200 interrupts\/s, .*; it uses INTx: MSI in the guest is faster$/);
});

test('a vector that the host took while it was said to be posted is not posted; one posted just now may be', () => {
  const scene = { devices: [near(vfio(A, 41))], policies: hostdev(A, 'auto') };
  const posting = { isPosted: true, apicId: 0 };
  const happening = (kernel: SimulatedKernel) => kernel.occur(41, 900);
  const all = watch({ ...scene, postings: { 41: posting }, happening });
  assert.is(all.text[1], `  ${A}: in place: 450 interrupts/s, 100 % on the vCPUs' CPUs, 100 % on the device's node`);
  assert.equal(interrupts(all.domain).get(41)?.posting, { state: 'no', vcpu: null });

  const moved = watch({
    ...{ ...scene, postings: { 41: posting } },
    happening: (kernel) => {
      kernel.move(41, [{ first: 0, last: 0 }]);
      kernel.occur(41, 900);
    },
  });
  const { action, reason } = interrupts(moved.domain).get(41) ?? {};
  assert.equal([action, reason], ['set', null], 'it is misplaced');

  const postings: Record<number, KnownPosting> = {};
  const now = watch({
    ...{ ...scene, postings },
    happening: (kernel) => {
      kernel.occur(41, 900);
      postings[41] = posting;
    },
  });
  assert.equal(interrupts(now.domain).get(41)?.posting, { state: 'yes', vcpu: 0 });
});

test('a vector with unknown posting that the host handled is not posted', () => {
  const { domain } = watch({
    devices: [near(vfio(A, 41, 42))],
    policies: hostdev(A, 'auto'),
    happening: (kernel) => kernel.occur(41),
  });
  const found = interrupts(domain);
  assert.equal([found.get(41)?.posting.state, found.get(42)?.posting.state], ['no', 'unknown']);
});

test("the five busiest foreign interrupts on the vCPUs' CPUs are listed by name", () => {
  const nic = (irq: number, cpus: string) => ({
    irq,
    type: 'msix' as const,
    handlers: [`eth0-TxRx-${irq}`],
    affinity: cpus,
  });
  const irqs = [61, 62, 63, 64, 65, 66];
  const { text, domain } = watch({
    devices: [
      near(vfio(A, 41)),
      { address: C, driver: 'ixgbe', interrupts: [...irqs.map((irq) => nic(irq, '2')), nic(70, '5')] },
    ],
    policies: hostdev(A, 'auto'),
    happening: (kernel) => {
      kernel.occur(41, 9_000_000);
      kernel.occur(70, 8_000_000);
      for (const [index, irq] of irqs.entries()) kernel.occur(irq, 200 * (index + 1));
    },
  });
  assert.is(
    text[2],
    '  others on CPU 2-3: eth0-TxRx-66 (IRQ 66) 600/s, eth0-TxRx-65 (IRQ 65) 500/s, eth0-TxRx-64 (IRQ 64) 400/s, ' +
      'eth0-TxRx-63 (IRQ 63) 300/s, eth0-TxRx-62 (IRQ 62) 200/s',
  );
  assert.equal(domain.verdict?.foreign?.[0], { irq: 66, name: 'eth0-TxRx-66', perSecond: 600 });
  assert.is(domain.verdict?.foreign?.length, 5);
});

test("architecture-specific vectors have no IRQ, and posted-interrupt notifications count as the guest's own", () => {
  let count = 0;
  class WithTimer extends SimulatedFs {
    override read(path: string) {
      const text = super.read(path);
      if (path !== '/proc/interrupts') return text;
      const row = (label: string, number: number, what: string) => `${label}: ${`${number} `.repeat(8)} ${what}\n`;
      count += 250;
      return `${text}${row('LOC', count, 'Local timer interrupts')}${row('PIN', count * 9, 'Posted-interrupt')}${row('XXX', count, '')}`;
    }
  }
  const { text, domain } = watch({
    devices: [near(vfio(A, 41))],
    policies: hostdev(A, 'auto'),
    files: (kernel) => new WithTimer(kernel),
  });
  assert.is(text[2], '  others on CPU 2-3: Local timer interrupts (LOC) 250/s, XXX 250/s');
  assert.equal(domain.verdict?.foreign?.[0], { irq: null, name: 'Local timer interrupts (LOC)', perSecond: 250 });
});

test('where /proc/interrupts cannot be read, nobody is said not to interrupt', () => {
  class Hidden extends SimulatedFs {
    override read(path: string) {
      return path === '/proc/interrupts' ? undefined : super.read(path);
    }
  }
  const scene = { devices: [near(vfio(A, 41))], policies: hostdev(A, 'auto') };
  const { text, domain } = watch({ ...scene, files: (kernel) => new Hidden(kernel) });
  assert.is(text[2], '  others on CPU 2-3: unknown, /proc/interrupts cannot be read');
  assert.is(domain.verdict?.foreign, null);
});

test('a domain that does not run has no verdict', () => {
  const { text, domain } = watch({
    devices: [near(vfio(A, 41))],
    policies: hostdev(A, 'auto'),
    host: {},
    enforced: false,
  });
  assert.equal(text, ['']);
  assert.not.ok('verdict' in domain || 'verdict' in (domain.devices[0] ?? {}));
});

test.run();
