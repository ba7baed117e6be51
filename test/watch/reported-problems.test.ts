import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Problem } from '../../src/affinity/problems.js';
import type { PassResult } from '../../src/affinity/reconcile-domain.js';
import { type ProblemReport, problemReport } from '../../src/report/problem-report.js';
import { ReportedProblems } from '../../src/watch/reported-problems.js';
import { emptyResult } from '../../src/watch/result.js';
import { guest, UUID } from '../affinity/simulated-pass.js';

const test = suite('problems are reported once');
const own = guest('');
const problem = (rule: string, message = rule): ProblemReport => ({ rule, severity: 'warning', message });
const IN_PLAN: Problem = { rule: 'auto-unpinned' };
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
  one.addNew({ applied, stateError: undefined } as unknown as PassResult, own, emptyResult());
  assert.equal(
    ['a', 'b', null].map((address) => newOf(one, address, problemReport(IN_PLAN)).length),
    [1, 0, 0],
  );
});

test.run();
