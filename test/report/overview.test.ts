import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { textWidth } from '../../src/lib/text-width.js';
import { plain } from '../../src/lint/formats/text.js';
import { faultsOf } from '../../src/report/check.js';
import { sumOf } from '../../src/report/fleet.js';
import { type GuestSummary, guestSummary, orderGuests } from '../../src/report/overview.js';
import { overviewText, overviewTotals } from '../../src/report/overview-text.js';
import type { DomainReport, InterruptReport } from '../../src/report/report.js';

const test = suite('overview');
const summaryOf = (one: DomainReport) => guestSummary(one, { isWatcherSeen: true });
const INTERRUPT: InterruptReport = {
  ...{ irq: 41, type: 'msix', vector: 0, handlers: ['vfio-msix[0](0000:01:00.0)'], affinity: '2', effective: '2' },
  ...{
    wanted: '2',
    target: '2',
    vcpu: null,
    remote: false,
    contested: false,
    posting: { state: 'unknown', vcpu: null },
    action: 'keep',
    reason: null,
  },
  ...{ error: null, counts: { 2: 3, 9: 1 } },
};
const domain = (name: string, ...interrupts: object[]): DomainReport => ({
  ...{ name, uuid: null, vcpuCpus: '2-3', vcpuSource: 'threads', problems: [] },
  devices: [
    {
      ...{ address: '0000:01:00.0', alias: null, element: 'hostdev', policy: 'auto', origin: 'entry', cpus: '2-3' },
      ...{ numaNode: 0, problems: [] },
      interrupts: interrupts.map((one) => ({ ...INTERRUPT, ...one })),
    },
  ],
});

test('what is counted of a guest', () => {
  const guest = summaryOf(
    domain(
      'g',
      {},
      { action: 'set', remote: true },
      { action: 'fail', contested: true },
      { action: 'fail', affinity: null, handlers: [], counts: {} },
      { action: 'skip' },
      // not in use
      { action: 'skip', handlers: [], affinity: null, counts: {} },
    ),
  );
  const { interrupts, inPlace, misplaced, unreadable, remote, contested, posted, share } = guest;
  assert.equal(
    { interrupts, inPlace, misplaced, unreadable, remote, contested, posted, share },
    {
      ...{ interrupts: 5, inPlace: 1, misplaced: 2, unreadable: 1, remote: 1, contested: 1, posted: null },
      share: { all: 16, on: 12 },
    },
  );
});

test('what only a watcher knows is unknown without one', () => {
  const guest = guestSummary(domain('g', { contested: false }), { isWatcherSeen: false });
  assert.is(guest.contested, null);
  const { header, rows } = overviewText([guest], plain, 200);
  const [headings, cells] = [header[0] ?? '', rows[0]?.[0] ?? ''].map((line) => line.split(/ {2,}/));
  assert.is(cells?.[headings?.indexOf('CONTESTED') ?? -1], '-');
  const { rows: sentences } = overviewText([guest], plain, 20);
  assert.not.match(sentences.flat().join(' '), 'contested');
});

test('what is posted is counted where that is known', () => {
  const posting = (state: string) => ({ posting: { state, vcpu: null } });
  assert.is(summaryOf(domain('g', posting('yes'), posting('no'), posting('yes'))).posted, 2);
  assert.is(summaryOf(domain('g', posting('yes'), {})).posted, 1);
  assert.is(summaryOf(domain('g', posting('no'), posting('unknown'))).posted, null);
  assert.is(summaryOf(domain('g', posting('no'))).posted, 0);
});

test('the sum over guests counts what is known to be posted, as that of one guest does', () => {
  const posting = (state: string) => summaryOf(domain('g', { posting: { state, vcpu: null } }));
  const sum = (...states: string[]) => sumOf(states.map(posting), 'host').posted;
  assert.is(sum('yes', 'unknown', 'yes'), 2);
  assert.is(sum('no', 'unknown'), null);
  assert.is(sum('no', 'no'), 0);
});

test('the share leaves out what is posted, as the report of one guest does', () => {
  const posted = { posting: { state: 'yes', vcpu: 0 }, counts: { 9: 100 } };
  assert.equal(summaryOf(domain('g', {}, posted)).share, { all: 4, on: 3 });
  const { posting: _, ...old } = INTERRUPT;
  const { devices, ...rest } = domain('g');
  const reports = devices.map((device) => ({ ...device, interrupts: [old as InterruptReport] }));
  assert.equal(summaryOf({ ...rest, devices: reports }).share, { all: 4, on: 3 }, 'of an earlier version');
});

test('errors come first, then what is misplaced, remote, and by name in the order of numbers', () => {
  const errors = { ...domain('broken'), problems: [{ rule: 'x', severity: 'error' as const, message: 'm' }] };
  const list = [
    domain('b-10', {}),
    domain('b-2', {}),
    domain('far', { remote: true }),
    domain('one', { action: 'set' }),
  ];
  const guests = [...list, domain('two', { action: 'set' }, { action: 'set' }), errors].map((one) => summaryOf(one));
  const names = (order?: Parameters<typeof orderGuests>[1]) => orderGuests(guests, order).map(({ name }) => name);
  assert.equal(names(), ['broken', 'two', 'one', 'far', 'b-2', 'b-10']);
  assert.equal(names('name').slice(0, 2), ['b-2', 'b-10']);
  assert.is(names('remote')[0], 'far');
});

test('no line is wider than the terminal, and each guest is named, at any width', () => {
  const many: GuestSummary[] = [
    'a',
    'vnf-gateway-production-1',
    'vnf-gateway-production-2',
    '客人-🎮-客人-🎮-客人-🎮-客人-🎮',
    'x\u001b[2J',
  ].map((name) => ({
    ...summaryOf(domain(name, {}, { action: 'set' })),
    errors: ['device-conflict'],
    warnings: ['remote-node'],
  }));
  for (let width = 0; width <= 200; width += width < 90 ? 1 : 7) {
    const { header, rows } = overviewText(many, plain, width);
    const lines = [...header, ...rows.flat(), ...overviewTotals(many, plain, width)];
    for (const line of lines) {
      assert.ok(textWidth(line) <= Math.max(width, 20), `${width}: ${line}`);
      assert.is(stripVTControlCharacters(line), line);
    }
    assert.is(rows.length, many.length);
    assert.is(new Set(rows.map((row) => row.join())).size, many.length, `${width}: names that differ look alike`);
  }
});

test('in a sentence the name stays whole, or is cut in the middle, and one is one interrupt', () => {
  const sentence = (name: string, ...more: object[]) =>
    overviewText([summaryOf(domain(name, {}, ...more))], plain, 20).rows[0] ?? [];
  assert.is(sentence('vnf-gateway-2')[0], 'vnf-gateway-2: 1');
  assert.is(sentence('vnf-gateway-production-2')[0], 'vnf-gate…uction-2:');
  assert.match(sentence('g').join(' ').replace(/\s+/g, ' '), 'g: 1 interrupt, 1 in place');
  assert.match(sentence('g', {}).join(' ').replace(/\s+/g, ' '), 'g: 2 interrupts, 2 in place');
});

test('columns that are not informative make room for whole names', () => {
  const guests = ['vnf-gateway-production-1', 'vnf-gateway-production-2'].map((name) => summaryOf(domain(name, {})));
  const { header, rows } = overviewText(guests, plain, 80);
  assert.match(rows[0]?.[0] ?? '', /^vnf-gateway-production-1 /);
  assert.not.match(header[0] ?? '', 'POSTED');
  assert.match(overviewText(guests, plain, 100).header[0] ?? '', 'POSTED');
});

test('faults: guests are named, five at most', () => {
  const domains = Array.from({ length: 7 }, (_, index) => domain(`g${index}`, { action: 'set' }, { action: 'set' }));
  const [fault] = faultsOf({ domains, watcher: null, problems: [] });
  assert.is(fault, '14 interrupts misplaced (g0 2, g1 2, g2 2, g3 2, g4 2, and 2 more)');
  const conflict = {
    ...domain('g'),
    problems: [{ rule: 'device-conflict', severity: 'error' as const, message: 'm' }],
  };
  assert.equal(faultsOf({ domains: [conflict], watcher: null, problems: [] }), ['device-conflict (g)']);
  assert.equal(faultsOf({ domains: [domain('g', {})], watcher: null, problems: [] }), []);
});

test.run();
