import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DomainPlan } from '../../src/affinity/domain-plan.js';
import { readTopology } from '../../src/host/topology.js';
import { type Paint, plain } from '../../src/lint/formats/text.js';
import { statusPage } from '../../src/report/html/page.js';
import { formatReport } from '../../src/report/text-report.js';
import { A, B, C, guest, hostdev, hostOf, plainOf, Simulated, UUID, vfio } from '../affinity/simulated-pass.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { pathBeside, readCases } from '../support/case-files.js';
import { projectRoot } from '../support/cli.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const texts = suite('text report');
let folder: TemporaryFolder;
texts.before.each(() => {
  folder = new TemporaryFolder();
});
texts.after.each(() => folder.remove());

const cases = readCases(pathBeside(import.meta.url, 'cases/text'), ['plan', 'enforce', 'status']);
const marked: Paint = (style, text) => `{${style} ${text}}`;
const textOf = (report: DomainPlan, width = 80, paint = plain, command: 'plan' | 'enforce' | 'status' = 'enforce') =>
  formatReport([report], paint, width, { command });

/** Compares the reports of plan, enforce and status with the case, and checks their widths. */
function checkAll(name: string, pass: Simulated, definition: ReturnType<typeof guest>): void {
  const expected = cases.find((one) => one.name === name);
  assert.ok(expected, `no case ${name}`);
  for (const [verb, report] of [
    ['plan', pass.planned(definition)],
    ['enforce', pass.applied(definition)],
    ['status', pass.planned(definition)],
  ] as const) {
    expected.expect(verb, textOf(report, 80, plain, verb));
    for (const width of [72, 80, 120]) assertWithin(textOf(report, width), width);
  }
}

function assertWithin(text: string, width: number): void {
  for (const line of text.split('\n')) assert.ok([...line].length <= width, `${line.length} > ${width}: ${line}`);
}

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

texts('the sample with a GPU on its host', () => {
  const host: HostDescription = JSON.parse(read('samples/hosts/workstation.json'));
  const pass = new Simulated(new SimulatedKernel(host), folder.path);
  checkAll('gpu', pass, plainOf(read('samples/gpu.xml')));
});

texts('a large host, with lists wider than any terminal', () => {
  const every = (step: number, from = 0) =>
    Array.from({ length: 256 / step }, (_, index) => from + index * step).join(',');
  const nodes = [
    { node: 0, cpus: '0-127' },
    { node: 1, cpus: '128-255' },
  ];
  const counts = { '0': 40, '4': 41, '255': 19 };
  const irqs = [1000, 1001, 1002];
  const kernel = new SimulatedKernel({
    cpus: { present: '0-255' },
    nodes,
    devices: [
      {
        ...vfio(A),
        numaNode: 1,
        interrupts: irqs.map((irq) => ({ irq, type: 'msix' as const, counts, affinity: every(2), effective: '128' })),
      },
      { ...vfio(B), numaNode: 0, interrupts: [{ irq: 2000, type: 'msix', effective: '1' }] },
    ],
  });
  kernel.failNextWrites(1001, 'ENOSPC');
  const metadata = `<hostdevs xmlns='urn:hostdev-cpuset:1'><hostdev alias='ua-${'x'.repeat(60)}' cpuset='1'/></hostdevs>`;
  const definition = guest(hostdev(A, 'auto') + hostdev(B, '250-255') + hostdev(C, '5-4'), {
    placement: `<vcpu cpuset='${every(4)}'>64</vcpu>`,
    metadata,
  });
  checkAll('large', new Simulated(kernel, folder.path), definition);
});

texts('wrong values are coloured, correct ones are not', () => {
  const places = [
    { irq: 41, effective: '0' },
    { irq: 42, effective: '0' },
    { irq: 43, effective: '2', affinity: '2' },
  ];
  const kernel = hostOf([{ ...vfio(A), interrupts: places.map((place) => ({ ...place, type: 'msix' as const })) }]);
  kernel.failNextWrites(42, 'ENOSPC');
  const pass = new Simulated(kernel, folder.path);
  const own = guest(hostdev(A, '2'));
  const rows = (report: DomainPlan) => textOf(report, 80, marked).split('\n').slice(3, 7);
  assert.equal(rows(pass.planned(own)), [
    '     41  msix[0]  {yellow 0-7}       {red 0}          2       {cyan set}',
    '     42  msix[1]  {yellow 0-7}       {red 0}          2       {cyan set}',
    '     43  msix[2]  2         2          2       {dim keep}',
    '',
  ]);
  assert.equal(rows(pass.applied(own)), [
    '     41  msix[0]  2         2          2       {cyan set}',
    '     42  msix[1]  {yellow 0-7}       {red 0}          2       {red fail}',
    '         these CPUs are out of interrupt vectors',
    '     43  msix[2]  2         2          2       {dim keep}',
  ]);
});

texts('without CPUs of the vCPUs, the reason is shown', () => {
  const kernel = hostOf([vfio(A)]);
  const report = new Simulated(kernel, folder.path).planned(guest(hostdev(A, 'auto')));
  const first = (because: 'unpinned' | 'numad' | 'unseen') =>
    textOf({ ...report, vcpus: { source: 'definition', cpus: undefined, because } }).split('\n', 1)[0];
  assert.is(first('unpinned'), 'guest (vCPUs: any CPU, from definition)');
  assert.is(first('numad'), 'guest (vCPUs: CPUs that numad chooses, from definition)');
  assert.is(first('unseen'), 'guest (vCPUs: unknown CPUs, from definition)');
});

texts('the summary is red if something failed', () => {
  const report = new Simulated(hostOf([vfio(A, 41)]), folder.path).planned(guest(hostdev(A, '2')));
  assert.match(textOf(report, 80, marked), /\{bold 1 set, 0 kept, 0 skipped, 0 failed\}\n$/);
  const [interrupt] = report.devices[0]?.interrupts ?? [];
  Object.assign(interrupt ?? {}, { action: 'fail', reason: { code: 'gone' } });
  assert.match(textOf(report, 80, marked), /\{red 0 set, 0 kept, 0 skipped, 1 failed\}\n$/);
});

texts("the share of interrupts that were delivered to the vCPUs' CPUs is shown", () => {
  for (const [counts, share] of [
    [{ '2': 82, '5': 18 }, '82 %'],
    [{ '2': 1, '3': 1 }, '100 %'],
    [{ '2': 99_999, '5': 1 }, '> 99 %'],
    [{ '2': 1, '5': 99_999 }, '< 1 %'],
    [{ '5': 4 }, '0 %'],
  ] as const) {
    const device = { address: A, driver: 'vfio-pci', interrupts: [{ irq: 41, type: 'msix' as const, counts }] };
    const report = new Simulated(hostOf([device]), folder.path).planned(guest(hostdev(A, 'auto')));
    assert.match(textOf(report), `${A}: auto -> 2-3, ${share} on vCPU CPUs\n`);
  }
  const quiet = new Simulated(hostOf([vfio(A, 41)]), folder.path).planned(guest(hostdev(A, 'auto')));
  assert.not.match(textOf(quiet), 'on vCPU CPUs', 'none occurred yet');
});

texts('remote interrupts are marked, and counted as on the page', () => {
  const at = (irq: number, effective: string, counts: Record<string, number> = {}) => ({
    ...{ irq, type: 'msix' as const, affinity: '0-7', effective, counts },
  });
  const kernel = hostOf(
    [
      {
        ...vfio(A),
        numaNode: 1,
        interrupts: [at(41, '1', { '1': 30, '5': 10 }), at(42, '5'), at(43, '2', { '2': 20 })],
      },
      { ...vfio(B), numaNode: 0, interrupts: [at(44, '0', { '0': 40 })] },
      { ...vfio(C), interrupts: [at(45, '0', { '0': 900 })] },
    ],
    {
      nodes: [
        { node: 0, cpus: '0-3' },
        { node: 1, cpus: '4-7' },
      ],
    },
  );
  const pass = new Simulated(kernel, folder.path);
  const definition = guest(hostdev(A, 'auto') + hostdev(B) + hostdev(C), { placement: "<vcpu cpuset='2,5'>2</vcpu>" });
  const plan = pass.planned(definition);
  const lines = textOf(plan, 80, marked).split('\n');
  assert.ok(lines.includes(`  {bold ${A}}: auto -> 5, node 1, 50 % on vCPU CPUs, 83 % on other nodes`));
  assert.equal(
    lines
      .filter((line) => /^ +4\d/.test(line))
      .map((line) => line.trim().slice(0, 2) + (line.includes('{yellow remote}') ? ' remote' : '')),
    ['41 remote', '42', '43 remote', '44', '45'],
  );
  assert.match(textOf(plan), /\n3 set, 0 kept, 2 skipped, 0 failed, 2 remote, 50 % taken on other nodes\n$/);
  const topology = readTopology(pass.host.files);
  const page = statusPage({ plans: [plan], topology, vcpus: [[]], host: 'host', takenAt: 'now' });
  const tile = (value: string, what: string) => `<dt>${what}</dt><dd>${value}</dd>`;
  for (const expected of [
    tile('2', 'on another node than the device'),
    tile('50 %', 'taken on another node than the device'),
    '83 % taken on other nodes',
  ]) {
    assert.ok(page.includes(expected), expected);
  }
  assert.is(page.match(/>remote node</g)?.length, 2);
  // After a pass only those of the device with a policy are not remote.
  assert.match(textOf(pass.applied(definition)), /, 0 failed, 50 % taken on other nodes\n$/);
});

texts('spread: the target and vCPU of each vector are shown, and whether the target is full', () => {
  const vcpus = [2, 3].map((cpu, vcpu) => ({ vcpu, cpus: `${cpu}` }));
  const domains = [{ name: 'guest', uuid: UUID, pid: 700, vcpus }];
  const kernel = hostOf([vfio(A), { address: B, driver: 'nvme' }], { domains, vectorsPerCpu: 3 });
  kernel.enableVectors(B, [61, 62, 63]);
  for (const irq of [61, 62, 63]) kernel.move(irq, [{ first: 3, last: 3 }]);
  kernel.enableVectors(A, [51, 52, 53]);
  const pass = new Simulated(kernel, folder.path);
  const definition = guest(hostdev(A, 'auto', { spread: 'yes', controlVectors: '1' }));
  const rows = (plan: DomainPlan) => textOf(plan, 140).trimEnd().split('\n').slice(2);
  const full = 'CPU 3 is out of interrupt vectors, so it has the rest of the set';
  assert.equal(rows(pass.applied(definition)), [
    `  ${A}: auto spread -> 2-3`,
    '     51  msix[0]  2-3       2          2-3     set',
    '     52  msix[1]  2         2          2       set  vCPU 0',
    `     53  msix[2]  2         2          3       set  vCPU 1, ${full}`,
    '',
    '3 set, 0 kept, 0 skipped, 0 failed',
  ]);
  const kept = [
    '     51  msix[0]  2-3       2          2-3     keep',
    '     52  msix[1]  2         2          2       keep  vCPU 0',
  ];
  assert.equal(rows(pass.planned(definition)).slice(1, 4), [
    ...kept,
    `     53  msix[2]  2         2          3       set  vCPU 1, ${full}`,
  ]);
  pass.written();
  assert.equal(rows(pass.applied(definition)).slice(1, 4), [
    ...kept,
    `     53  msix[2]  2         2          3       keep  vCPU 1, ${full}`,
  ]);
  assert.equal(pass.written(), []);
  const page = statusPage({
    plans: [pass.planned(definition)],
    topology: readTopology(pass.host.files),
    vcpus: [[]],
    host: 'h',
    takenAt: 'now',
  });
  assert.match(page, '<td>2 <small>vCPU 0</small>');
  assert.match(page, 'auto spread → CPU 2-3');
});

texts('if a title is too long, its second part is on its own line', () => {
  const counts = { '3': 7 };
  const device = { ...vfio(A), numaNode: 0, interrupts: [{ irq: 41, type: 'msix' as const, counts }] };
  const placement = "<vcpu cpuset='0,2,4,6'>2</vcpu>";
  const pass = new Simulated(hostOf([device]), folder.path, { settings: { default: 'auto' } });
  const report = pass.planned(guest(hostdev(A), { placement }));
  Object.assign(report.devices[0] ?? {}, { alias: 'ua-a-long-name-for-a-device' });
  for (const width of [72, 80]) assertWithin(textOf(report, width), width);
  assert.equal(textOf(report).split('\n').slice(2, 4), [
    `  ${A} ua-a-long-…-a-device: auto (host default) -> 0,2,4,6`,
    '    node 0, 0 % on vCPU CPUs',
  ]);
});

texts('control characters from a document are replaced', () => {
  const device = { address: A, driver: '\u001b[2J', interrupts: [{ irq: 41, type: 'msix' as const }] };
  const report = new Simulated(hostOf([device]), folder.path).planned(guest(hostdev(A, '2')));
  Object.assign(report, { name: 'a\u001b[31m\nb' });
  Object.assign(report.devices[0] ?? {}, { alias: 'ua-\u202e' });
  const text = textOf(report);
  assert.match(text, /^a\ufffd\[31m\ufffdb \(/);
  assert.match(text, 'ua-\ufffd:');
  assert.match(text, 'driver is \ufffd[2J, not VFIO');
});

texts('a domain without PCI devices, and a report without domains', () => {
  const report = new Simulated(hostOf([]), folder.path).planned(guest(''));
  assert.is(
    textOf(report),
    'guest (vCPUs: CPU 2-3, from definition)\n  no PCI device of the host\n\n0 set, 0 kept, 0 skipped, 0 failed\n',
  );
  assert.is(formatReport([], plain, 80, { command: 'enforce' }), '0 set, 0 kept, 0 skipped, 0 failed\n');
});

texts.run();
