import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DomainPlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import type { Reason } from '../../src/affinity/reason.js';
import type { PciAddress } from '../../src/domain/address.js';
import { cpusetOf } from '../../src/domain/cpuset.js';
import { textWidth } from '../../src/lib/text-width.js';
import { type Paint, plain } from '../../src/lint/formats/text.js';
import { interruptKey } from '../../src/report/rates.js';
import { formatReport } from '../../src/report/text-report.js';
import { CONTROL, terminalText } from '../support/terminal-text.js';

const test = suite('text report at every width');
const ADDRESS = '0000:82:00.0' as PciAddress;
/** For narrower terminals the lines are those for this width, and the terminal breaks them. */
const MIN_WIDTH = 20;
const colours: Paint = (_, text) => `\u001b[31m${text}\u001b[0m`;

const cpuset = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 60 }).map(cpusetOf);
const text = terminalText();
const reason: fc.Arbitrary<Reason | null> = fc.oneof(
  fc.constant(null),
  text.map((driver): Reason => ({ code: 'not-vfio', driver })),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((others): Reason => ({ code: 'shared', others })),
);
const interrupt: fc.Arbitrary<InterruptPlan> = fc.record({
  irq: fc.nat(99_999),
  type: fc.constantFrom('msix', 'msi', 'intx'),
  vector: fc.option(fc.nat(2047)),
  handlers: fc.constant([]),
  affinity: fc.option(cpuset),
  effective: fc.option(cpuset),
  wanted: fc.option(cpuset),
  target: fc.option(cpuset),
  vcpu: fc.option(fc.nat(511)),
  posting: fc.record({ state: fc.constantFrom('no', 'yes', 'unknown'), vcpu: fc.option(fc.nat(511)) }),
  action: fc.constantFrom('set', 'keep', 'skip', 'fail'),
  reason,
  error: fc.constant(null),
  counts: fc.constant({ '1': 3, '2': 4 }),
});
const problems = fc.array(
  text.map((message) => ({ rule: 'cpuset-syntax', attribute: 'cpuset', message }) as const),
  { maxLength: 1 },
);
const domain: fc.Arbitrary<DomainPlan> = fc.record({
  name: text,
  uuid: fc.constant(null),
  vcpus: fc.record({ source: fc.constantFrom('threads', 'definition'), cpus: fc.option(cpuset) }),
  devices: fc.array(
    fc.record({
      address: fc.constantFrom(ADDRESS, null),
      alias: fc.option(text),
      element: fc.constantFrom('hostdev', 'interface'),
      policy: fc.constantFrom('auto', 'native', 'cpuset'),
      origin: fc.constantFrom('entry', 'domain-default', 'host-default'),
      cpus: fc.option(cpuset),
      numaNode: fc.option(fc.nat(7)),
      locality: fc.option(fc.record({ near: cpuset, far: cpuset }), { nil: undefined }),
      isUnreadable: fc.constant(false),
      interrupts: fc.array(interrupt, { maxLength: 3 }),
      problems,
    }),
    { maxLength: 2 },
  ),
  problems,
}) as fc.Arbitrary<DomainPlan>;

test('no line is wider than the terminal or contains control characters, and every interrupt is shown', () => {
  fc.assert(
    fc.property(fc.array(domain, { maxLength: 2 }), fc.boolean(), fc.boolean(), (plans, hasRates, hasColours) => {
      const interrupts = plans.flatMap(({ devices }) => devices.flatMap((device) => device.interrupts));
      const rates = new Map(interrupts.map((one) => [interruptKey(one), 12_345]));
      for (let width = 0; width <= 200; width += width < 60 ? 1 : 7) {
        const report = formatReport(plans, hasColours ? colours : plain, width, {
          command: 'status',
          rates: hasRates ? rates : undefined,
        });
        const lines = stripVTControlCharacters(report).split('\n');
        for (const line of lines) {
          assert.ok(textWidth(line) <= Math.max(width, MIN_WIDTH), `${width}: ${JSON.stringify(line)}`);
          assert.not.match(line, CONTROL);
        }
        const words = lines.join(' ').split(/\s+/);
        for (const { irq } of interrupts) assert.ok(words.includes(`${irq}`), `${width}: IRQ ${irq}`);
      }
    }),
    { numRuns: 30 },
  );
});

const plan = (name: string): DomainPlan => ({
  name,
  uuid: null,
  vcpus: { source: 'threads', cpus: cpusetOf([4, 5, 6, 7, 12, 13, 14, 15]) },
  devices: [
    {
      address: ADDRESS,
      alias: 'ua-nic',
      element: 'hostdev',
      policy: 'auto',
      origin: 'entry',
      cpus: cpusetOf([4, 5, 6, 7, 12, 13, 14, 15]),
      spread: null,
      numaNode: 0,
      locality: undefined,
      preferred: [],
      isUnreadable: false,
      interrupts: [
        {
          ...{ irq: 41, type: 'msix', vector: 0, handlers: [], counts: {}, error: null },
          ...{ affinity: cpusetOf([0, 1, 2, 3]), effective: cpusetOf([0]), wanted: cpusetOf([4, 5, 6, 7]) },
          ...{ target: cpusetOf([4, 5, 6, 7]), vcpu: null, posting: { state: 'unknown', vcpu: null } },
          ...{ action: 'skip', reason: { code: 'no-handler' } },
        } as InterruptPlan,
      ],
      problems: [],
    },
  ],
  problems: [],
});

const ENFORCE = { command: 'enforce' } as const;

test('if no table fits, an interrupt is a sentence', () => {
  assert.equal(formatReport([plan('客人-🎮')], plain, 32, ENFORCE).split('\n'), [
    '客人-🎮 (vCPUs: CPU 4-7,12-15,',
    "  from QEMU's threads)",
    '  0000:82:00.0 ua-nic: auto ->',
    '    4-7,12-15',
    '    node 0',
    '  IRQ 41 msix[0]: affinity',
    '    0-3, effective 0, wanted',
    '    4-7, skip: no handler yet',
    '',
    '0 set, 0 kept, 1 skipped, 0',
    'failed',
    '',
  ]);
});

test('a terminal of fewer than 20 columns gets the lines for 20', () => {
  for (const width of [-1, 0, 1, 19])
    assert.is(formatReport([plan('guest')], plain, width, ENFORCE), formatReport([plan('guest')], plain, 20, ENFORCE));
});

test('table columns count wide characters correctly', () => {
  const [first = ''] = formatReport([plan('客'.repeat(40))], plain, 80, ENFORCE).split('\n');
  assert.match(first, /^客{6}…客{6} \(vCPUs: CPU 4-7,12-15, from QEMU's threads\)$/);
});

test.run();
