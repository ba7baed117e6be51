import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldLines } from '../../../src/lib/journald.js';
import { journalFields, placementEntries, problemEntry } from '../../../src/watch/output/journal-entry.js';
import type { Placement } from '../../../src/watch/reconciler.js';
import { setOf } from '../../affinity/simulated-pass.js';

const test = suite('journal entries of the watcher');
const A = '0000:82:00.0';

function placement(over: Partial<Placement>): Placement {
  const handler = `vfio-msix[0](${A})`;
  const masks = { from: setOf('0-7'), to: setOf('2-3'), target: setOf('2-3') };
  const usual = { domain: 'guest', uuid: 'u', address: A, irq: 41, vector: 0, handler, ...masks };
  return { ...usual, kind: 'placed', ...over };
}

test('spread vectors are one entry, except those whose target was full', () => {
  const one = (irq: number, to: string, more: Partial<Placement> = {}) =>
    placement({ irq, to: setOf(to), target: setOf(to), isSpread: true, ...more });
  const full = { target: setOf('3'), reason: { code: 'target-full', target: setOf('3') } } as const;
  const changed = [one(41, '2'), one(42, '3'), one(43, '4'), one(44, '2,4', full), one(45, '2', { kind: 'failed' })];
  assert.equal(
    placementEntries(changed).map(({ text }) => text),
    [
      `guest: placed on 2-4, each on its own CPUs: ${A} IRQ 41-43`,
      `guest: placed on 2,4 (CPU 3 is out of interrupt vectors, so it has the rest of the set): ${A} IRQ 44`,
      `guest: not placed on 2: ${A} IRQ 45`,
    ],
  );
});

test('changes of one domain in one run are one entry with fields for each device and interrupt', () => {
  const changed = [
    placement({ lagMs: 3.2 }),
    placement({ irq: 42, vector: 1, lagMs: 11.4 }),
    placement({ address: '0000:83:00.0', irq: 50 }),
  ];
  assert.equal(placementEntries(changed), [
    {
      priority: 'info',
      text: `guest: placed on 2-3: ${A} IRQ 41-42, 0000:83:00.0 IRQ 50; 12 ms after appearing at most`,
      domains: ['guest'],
      addresses: [A, '0000:83:00.0'],
      irqs: [41, 42, 50],
    },
  ]);
});

for (const [over, priority, text] of [
  [{ kind: 'repaired', from: setOf('5') }, 'info', `guest: repaired, back on 2-3 from 5: ${A} IRQ 41`],
  [
    { kind: 'contested', to: setOf('5'), culprit: { irqbalancePid: 7 } },
    'warning',
    `guest: keeps being moved off 2-3, repairs paused (irqbalance runs (pid 7)): ${A} IRQ 41`,
  ],
  [
    { kind: 'failed', to: setOf('0-7'), reason: { code: 'write-error', error: 'ENOSPC' }, error: 'ENOSPC' },
    'warning',
    `guest: not placed on 2-3: these CPUs are out of interrupt vectors (ENOSPC): ${A} IRQ 41`,
  ],
] as const) {
  test(`${over.kind}: the entry names what happened and why`, () => {
    const [entry] = placementEntries([placement(over)]);
    assert.is(entry?.text, text);
    assert.is(entry?.priority, priority);
  });
}

test('changes of different kinds, domains or sets are separate entries', () => {
  const changed = [
    placement({}),
    placement({ kind: 'repaired' }),
    placement({ domain: 'other', uuid: 'v' }),
    placement({ to: setOf('4'), target: setOf('4') }),
  ];
  assert.is(placementEntries(changed).length, 4);
});

test('a problem names the device, or only the domain', () => {
  const problem = { domain: 'guest', uuid: 'u', rule: 'r', severity: 'note', message: 'm' } as const;
  assert.equal(problemEntry({ ...problem, address: A }), {
    ...{ priority: 'info', text: `guest: ${A}: m`, domains: ['guest'], addresses: [A] },
  });
  assert.equal(problemEntry({ ...problem, address: null, severity: 'error' }), {
    ...{ priority: 'error', text: 'guest: m', domains: ['guest'] },
  });
});

test('1,000 interrupts and a name with control characters are one entry of at most 1,000 characters', () => {
  const changed = Array.from({ length: 1000 }, (_, index) =>
    placement({ domain: 'a\nb\u001b[2J', irq: 100 + index * 2 }),
  );
  const [entry, ...more] = placementEntries(changed);
  assert.is(more.length, 0);
  assert.is(entry?.text.length, 1000);
  assert.not.match(entry?.text ?? '', /\p{Cc}/u);
  assert.is(entry?.irqs?.length, 1000);
});

test('a value cannot start another journal field', () => {
  const entry = { priority: 'info', text: 'a\nPRIORITY=0', domains: ['x\n_UID=0'], irqs: [7] } as const;
  const fields = fieldLines(journalFields(entry));
  assert.equal(fields, [
    'MESSAGE=a\ufffdPRIORITY=0',
    'PRIORITY=6',
    'SYSLOG_IDENTIFIER=hostdev-cpuset',
    'HOSTDEV_CPUSET_DOMAIN=x\ufffd_UID=0',
    'HOSTDEV_CPUSET_IRQ=7',
  ]);
});

test.run();
