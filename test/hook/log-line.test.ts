import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceReport, DomainReport, InterruptReport } from '../../src/affinity/report.js';
import { detailLines, errorsOf, logLine, passLine } from '../../src/hook/log-line.js';

const test = suite('hook log');

const interrupt: InterruptReport = {
  irq: 40,
  type: 'msix',
  vector: 0,
  handlers: ['vfio-msix[0](0000:06:12.5)'],
  affinity: '2-3',
  effective: '2',
  wanted: '2-3',
  action: 'set',
  reason: null,
  error: null,
  counts: {},
};
const device: DeviceReport = {
  address: '0000:06:12.5',
  alias: null,
  element: 'hostdev',
  policy: 'auto',
  origin: 'entry',
  cpus: '2-3',
  numaNode: null,
  interrupts: [interrupt],
  problems: [],
};
const report: DomainReport = {
  name: 'guest',
  uuid: null,
  vcpuCpus: '2-3',
  vcpuSource: 'threads',
  devices: [device],
  problems: [],
};

test('one line says how much was done', () => {
  const text = 'guest: started: 1 set, 0 kept, 0 skipped, 0 failed';
  assert.equal(passLine('guest', 'started', report), { priority: 'info', text });
});

test('and what went wrong', () => {
  const failed: InterruptReport = { ...interrupt, irq: 41, action: 'fail', reason: 'these CPUs are out of vectors' };
  const problems = [
    { rule: 'a', severity: 'error' as const, message: 'no such device' },
    { rule: 'b', severity: 'note' as const, message: 'nothing much' },
  ];
  const bad = { ...report, problems, devices: [{ ...device, problems, interrupts: [interrupt, failed] }] };
  const { priority, text } = passLine('guest', 'started', bad);
  assert.is(priority, 'warning');
  assert.is(
    text,
    'guest: started: 1 set, 0 kept, 0 skipped, 1 failed; no such device; 0000:06:12.5: no such device; ' +
      'IRQ 41: these CPUs are out of vectors',
  );
  assert.equal(errorsOf(bad), ['no such device', '0000:06:12.5: no such device']);
});

test('a warning is no error', () => {
  const problems = [{ rule: 'a', severity: 'warning' as const, message: 'far away' }];
  assert.equal(errorsOf({ ...report, problems }), []);
  assert.is(passLine('guest', 'started', { ...report, problems }).priority, 'warning');
});

test('details: a line an interrupt', () => {
  const skipped: InterruptReport = { ...interrupt, irq: 41, affinity: null, action: 'skip', reason: 'nobody has it' };
  const lines = detailLines('guest', 'started', {
    ...report,
    devices: [{ ...device, interrupts: [interrupt, skipped] }],
  });
  assert.equal(
    lines.map(({ text }) => text),
    [
      'guest: started: 0000:06:12.5 (auto, entry): IRQ 40: affinity 2-3, wanted 2-3: set',
      'guest: started: 0000:06:12.5 (auto, entry): IRQ 41: affinity unknown, wanted 2-3: skip: nobody has it',
    ],
  );
});

test('a name cannot write a line of its own, nor steer a terminal, nor fill the log', () => {
  assert.is(logLine('info', 'a\nb\u001b[31m', 'x', 'y').text, 'a\ufffdb\ufffd[31m: x: y');
  assert.is(logLine('info', 'a'.repeat(5000), 'x', 'y').text.length, 1000);
});

test.run();
