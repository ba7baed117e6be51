import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EnforceReport, reportOf } from '../../src/report/report.js';
import { A, B, C, guest, hostdev, hostOf, interrupts, Simulated, vfio } from '../affinity/simulated-pass.js';
import { projectRoot } from '../support/cli.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const reports = suite('report');
const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/report.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
let folder: TemporaryFolder;
reports.before.each(() => {
  folder = new TemporaryFolder();
});
reports.after.each(() => folder.remove());

const UNDECIDED = { possible: null, evidence: 'kvm_intel is not loaded' };
const NODES = [
  { node: 0, cpus: '0-3' },
  { node: 1, cpus: '4-7' },
];

/** Reports with every action, every problem, and null in every field that allows it. */
function everything(): { before: EnforceReport; after: EnforceReport } {
  const kernel = hostOf(
    [
      {
        ...vfio(A, 41, 42, 43),
        numaNode: 1,
        interrupts: [
          { irq: 41, type: 'msix', counts: { '0': 5, '2': 7 } },
          { irq: 42, type: 'msix', affinity: '2-3' },
          { irq: 43, type: 'msix', handlers: [] },
          { irq: 44, type: 'msix' },
        ],
      },
      { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] },
      { address: C, driver: 'nvme', interrupts: [{ irq: 50, type: 'msi', handlers: ['nvme0q0'] }] },
    ],
    { nodes: NODES },
  );
  kernel.failNextWrites(44, 'ENOSPC');
  const metadata =
    "<hostdevs xmlns='urn:hostdev-cpuset:1' default='auto'><hostdev alias='ua-gone' cpuset='1'/><junk/></hostdevs>";
  const pool = "<interface type='network' cpuset='3'><source network='pool'/></interface>";
  const invalid = "<interface type='network' cpuset='3' vcpus='0'><source network='pool'/></interface>";
  const definition = guest(
    hostdev(A, '2-3') +
      hostdev(B) +
      hostdev(C, '2') +
      hostdev('0000:09:00.0', '9') +
      hostdev(A, '5-4') +
      pool +
      invalid,
    { metadata },
  );
  const unnamed = guest(hostdev(B, 'auto'), { placement: "<vcpu placement='auto'>1</vcpu>" });
  Object.assign(unnamed, { uuid: undefined, name: '' });
  const pass = new Simulated(kernel, folder.path);
  return {
    before: reportOf([pass.planned(definition), pass.planned(unnamed)], { nodes: kernel.nodes, posting: UNDECIDED }),
    after: reportOf([pass.applied(definition), pass.applied(unnamed)], {
      ...{ nodes: kernel.nodes, posting: UNDECIDED },
      isApplied: true,
    }),
  };
}

reports('real reports are valid against their schema', () => {
  const { before, after } = everything();
  for (const report of [
    before,
    after,
    reportOf([], { nodes: [{ node: 2, cpus: [] }], posting: { possible: true, evidence: 'x' } }),
  ]) {
    validate(JSON.parse(JSON.stringify(report)));
    assert.equal(validate.errors ?? [], []);
  }
  const problems = before.domains.flatMap((domain) => [domain, ...domain.devices].flatMap((part) => part.problems));
  assert.equal([...new Set(problems.map(({ rule }) => rule))].sort(), [
    'auto-unknown',
    'cpuset-syntax',
    'device-absent',
    'duplicate-device',
    'entry-stale',
    'metadata-syntax',
    'no-device-yet',
    'no-usable-cpu',
    'policy-invalid',
    'remote-node',
  ]);
});

reports('the summary counts interrupts by action', () => {
  const { before, after } = everything();
  assert.equal(before.summary, {
    set: 3,
    kept: 1,
    skipped: 3,
    failed: 0,
    misplaced: 3,
    remote: 1,
    posted: 0,
    contested: 0,
  });
  assert.equal(after.summary, {
    set: 2,
    kept: 1,
    skipped: 3,
    failed: 1,
    misplaced: 1,
    remote: 2,
    posted: 0,
    contested: 0,
  });
});

reports('the contract: names and order of fields, and which fields are optional', () => {
  const { before } = everything();
  const [domain] = before.domains;
  const [device] = domain?.devices ?? [];
  const keys = (value: object | undefined) => Object.keys(value ?? {}).join(' ');
  assert.is(keys(before), 'schemaVersion host domains summary');
  assert.is(keys(domain), 'name uuid vcpuCpus vcpuSource devices problems');
  assert.is(keys(device), 'address alias element policy origin cpus numaNode interrupts problems');
  assert.is(
    keys(device?.interrupts[0]),
    'irq type vector handlers affinity effective wanted target vcpu remote posting contested action reason error counts',
  );
  const optional = {
    domain: ['owner', 'pid', 'vcpuSource', 'problems', 'verdict'],
    device: ['verdict'],
    interrupt: ['error'],
  };
  for (const [name, extensions] of Object.entries(optional)) {
    const { properties, required } = schema.$defs[name];
    assert.equal(
      Object.keys(properties).filter((key) => !required.includes(key)),
      extensions,
    );
  }
});

reports('the schema is strict', () => {
  const { after } = everything();
  const modified: ((report: EnforceReport) => object | undefined)[] = [
    (report) => Object.assign(report, { schemaVersion: 2 }),
    (report) => Object.assign(report.domains[0] ?? {}, { vcpuCpus: '3-' }),
    (report) => Object.assign(report.domains[0]?.devices[0] ?? {}, { origin: 'attribute' }),
    (report) => Object.assign(report.domains[0]?.devices[0] ?? {}, { address: '06:00.0' }),
    (report) => Object.assign(interrupts(report.domains[0] ?? NONE).get(41) ?? {}, { wanted: null }),
    (report) => Object.assign(interrupts(report.domains[0] ?? NONE).get(44) ?? {}, { reason: null }),
    (report) => Object.assign(interrupts(report.domains[0] ?? NONE).get(41) ?? {}, { extra: 1 }),
    (report) => Object.assign(interrupts(report.domains[0] ?? NONE).get(41) ?? {}, { remote: undefined }),
    (report) => Object.assign(report.host.nodes[0] ?? {}, { cpus: '' }),
  ];
  for (const modify of modified) {
    const report = structuredClone(after);
    assert.ok(validate(report));
    modify(report);
    assert.not(validate(report), `${modify}`);
  }
});

const NONE = { name: '', uuid: null, vcpuCpus: null, vcpuSource: 'definition' as const, devices: [], problems: [] };

reports.run();
