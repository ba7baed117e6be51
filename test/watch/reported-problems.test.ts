import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Problem } from '../../src/affinity/problems.js';
import type { PassResult } from '../../src/affinity/reconcile-domain.js';
import type { PciAddress } from '../../src/domain/address.js';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import { type ProblemReport, problemReport } from '../../src/report/problem-report.js';
import { ReportedProblems } from '../../src/watch/reported-problems.js';
import { emptyResult } from '../../src/watch/result.js';
import { A, guest, UUID } from '../affinity/simulated-pass.js';

const test = suite('problems are reported once');
const own = guest('');
const passOf = (applied: object) => ({ applied, stateError: undefined }) as unknown as PassResult;
const problem = (rule: string, message = rule): ProblemReport => ({ rule, severity: 'warning', message });
const IN_PLAN: Problem = { rule: 'not-vfio', driver: undefined };
const newOf = (one: ReportedProblems, address: string | null, ...problems: ProblemReport[]) =>
  one.newOf(own, address, problems).map(({ rule, message }) => `${rule} ${message}`);

test('a report names the domain and the device', () => {
  const [report] = new ReportedProblems().newOf(own, 'a', [problem('r', 'm')]);
  assert.equal(report, { rule: 'r', severity: 'warning', message: 'm', domain: 'guest', uuid: UUID, address: 'a' });
});

test('a problem is reported again only after it was absent', () => {
  const one = new ReportedProblems();
  assert.equal(newOf(one, 'a', problem('x')), ['x x']);
  assert.equal(newOf(one, 'a', problem('x'), problem('y')), ['y y']);
  assert.equal(newOf(one, 'a', problem('x', 'another')), ['x another']);
  assert.equal(newOf(one, 'b', problem('x')), ['x x'], 'on another device it is another problem');
  assert.equal(newOf(one, 'a'), []);
  assert.equal(newOf(one, 'a', problem('x')), ['x x']);
});

test('problems of a removed device are reported again when it returns; those of the domain are not', () => {
  const one = new ReportedProblems();
  for (const address of ['a', 'b', null]) newOf(one, address, problemReport(IN_PLAN));
  const applied = { devices: [{ address: 'b', problems: [IN_PLAN] }], problems: [IN_PLAN] };
  one.addNew(passOf(applied), own, { now: 0, result: emptyResult() });
  assert.equal(
    ['a', 'b', null].map((address) => newOf(one, address, problemReport(IN_PLAN)).length),
    [1, 0, 0],
  );
});

test('devices with the same address, and those without one, do not hide the problems of each other', () => {
  const one = new ReportedProblems();
  const NONE: Problem = { rule: 'no-device-yet', element: 'interface' };
  const REPEATED: Problem = { rule: 'duplicate-device', address: A as PciAddress };
  const device = (address: string | null, ...problems: Problem[]) => ({ address, problems });
  const devices = [device(A, IN_PLAN), device(null, NONE), device(A, REPEATED), device(null, NONE), device(null)];
  const applied = { devices, problems: [{ rule: 'qemu-hidden', pid: 700 }] };
  const pass = (only?: ReadonlySet<string>) => {
    const result = emptyResult();
    const seen = only ? { ...applied, devices: devices.filter(({ address }) => only.has(address ?? '')) } : applied;
    one.addNew(passOf(seen), own, { now: 0, result, only });
    return result.problems.map(({ rule, address }) => [rule, address]);
  };
  assert.equal(pass(), [
    ['not-vfio', A],
    ['duplicate-device', A],
    ['no-device-yet', null],
    ['qemu-hidden', null],
  ]);
  assert.equal([pass(), pass(new Set([A])), pass()], [[], [], []], 'once');
});

/** The rules that are reported of a pass at this time, and when the next one is needed. */
function added(one: ReportedProblems, now: number, found: Problem[], definition = own): [string[], number] {
  const result = emptyResult();
  const devices = [{ address: 'a', problems: found }];
  const checkAt = one.addNew(passOf({ devices, problems: [] }), definition, { now, result });
  return [result.problems.map(({ rule }) => rule), checkAt];
}

const UNPINNED: Problem = { rule: 'auto-unpinned' };
const UNNAMED: Problem = { rule: 'vcpus-unseen', pid: 700, isPinned: true };
for (const [what, found, definition] of [
  ['vCPUs on every CPU that the definition pins', UNPINNED, own],
  ['vCPUs on every CPU that numad places', UNPINNED, guest('', { placement: "<vcpu placement='auto'>2</vcpu>" })],
  [
    'vCPUs on every CPU of a guest without a definition',
    UNPINNED,
    { ...own, vcpuPinning: { vcpus: [], cpus: undefined } },
  ],
  ['threads without names', UNNAMED, own],
] satisfies [string, Problem, PlainDefinition][])
  test(`${what}: usual at the start, reported if it lasts`, () => {
    const one = new ReportedProblems();
    assert.equal(added(one, 1000, [found], definition), [[], 11_000]);
    assert.equal(added(one, 10_999, [found], definition), [[], 11_000]);
    assert.equal(added(one, 11_000, [found], definition), [[found.rule], Infinity]);
    assert.equal(added(one, 20_000, [found], definition), [[], Infinity], 'once');
    assert.equal(added(one, 30_000, [], definition), [[], Infinity]);
    assert.equal(added(one, 31_000, [found], definition), [[], 41_000], 'it begins anew');
  });

test('vCPUs that the definition does not pin are reported at once', () => {
  const definition = guest('', { placement: '<vcpu>2</vcpu>' });
  assert.equal(added(new ReportedProblems(), 1000, [UNPINNED], definition), [['auto-unpinned'], Infinity]);
});

test.run();
