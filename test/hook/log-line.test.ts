import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan, DomainPlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import type { Problem } from '../../src/affinity/problems.js';
import type { PciAddress } from '../../src/domain/address.js';
import { cpusetOf } from '../../src/domain/cpuset.js';
import { detailLines, errorTexts, logLine, passLine } from '../../src/hook/log-line.js';

const test = suite('hook log');
const SET = cpusetOf([2, 3]);

const interrupt: InterruptPlan = {
  irq: 40,
  type: 'msix',
  vector: 0,
  handlers: ['vfio-msix[0](0000:06:12.5)'],
  affinity: SET,
  effective: cpusetOf([2]),
  wanted: SET,
  target: SET,
  vcpu: null,
  posting: { state: 'unknown', vcpu: null },
  action: 'set',
  reason: null,
  error: null,
  counts: {},
};
const device: DevicePlan = {
  address: '0000:06:12.5' as PciAddress,
  alias: null,
  element: 'hostdev',
  policy: 'auto',
  origin: 'entry',
  cpus: SET,
  spread: null,
  numaNode: null,
  locality: undefined,
  preferred: [],
  isUnreadable: false,
  interrupts: [interrupt],
  problems: [],
};
const plan: DomainPlan = {
  name: 'guest',
  uuid: null,
  vcpus: { source: 'threads', cpus: SET },
  devices: [device],
  problems: [],
};

test('a pass is one line with its counts', () => {
  const text = 'guest: started: 1 set, 0 kept, 0 skipped, 0 failed';
  assert.equal(passLine('guest', 'started', plan), { priority: 'info', text });
});

test('the line includes failures', () => {
  const failed: InterruptPlan = {
    ...interrupt,
    irq: 41,
    action: 'fail',
    reason: { code: 'write-error', error: 'ENOSPC' },
  };
  const problems: Problem[] = [
    { rule: 'cpuset-syntax', attribute: 'cpuset', message: 'is empty' },
    { rule: 'auto-unknown' },
  ];
  const bad = { ...plan, problems, devices: [{ ...device, problems, interrupts: [interrupt, failed] }] };
  const { priority, text } = passLine('guest', 'started', bad);
  assert.is(priority, 'warning');
  assert.is(
    text,
    'guest: started: 1 set, 0 kept, 0 skipped, 1 failed; cpuset is empty; 0000:06:12.5: cpuset is empty; ' +
      'IRQ 41: these CPUs are out of interrupt vectors',
  );
  assert.equal(errorTexts(bad), ['cpuset is empty', '0000:06:12.5: cpuset is empty']);
});

test('a warning is not an error', () => {
  const problems: Problem[] = [{ rule: 'remote-node', node: 0, remote: { cpus: SET, nodes: [1], isAll: true } }];
  assert.equal(errorTexts({ ...plan, problems }), []);
  assert.is(passLine('guest', 'started', { ...plan, problems }).priority, 'warning');
});

test('details: one line per interrupt', () => {
  const skipped: InterruptPlan = {
    ...interrupt,
    irq: 41,
    affinity: null,
    action: 'skip',
    reason: { code: 'no-handler' },
  };
  const lines = detailLines('guest', 'started', {
    ...plan,
    devices: [{ ...device, interrupts: [interrupt, skipped] }],
  });
  assert.equal(
    lines.map(({ text }) => text),
    [
      'guest: started: 0000:06:12.5 (auto, entry): IRQ 40: affinity 2-3, wanted 2-3: set',
      'guest: started: 0000:06:12.5 (auto, entry): IRQ 41: affinity unknown, wanted 2-3: skip: no handler yet',
    ],
  );
});

test('a name cannot add a line, contain control characters, or exceed the maximum length', () => {
  assert.is(logLine('info', 'a\nb\u001b[31m', 'x', 'y').text, 'a\ufffdb\ufffd[31m: x: y');
  assert.is(logLine('info', 'a'.repeat(5000), 'x', 'y').text.length, 1000);
});

test.run();
