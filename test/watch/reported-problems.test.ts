import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Problem } from '../../src/affinity/problems.js';
import type { PassResult } from '../../src/affinity/reconcile-domain.js';
import { type ProblemReport, problemReport } from '../../src/report/problem-report.js';
import { ReportedProblems } from '../../src/watch/reported-problems.js';
import { emptyResult } from '../../src/watch/result.js';
import { guest, UUID } from '../affinity/simulated-pass.js';

const standing = suite('problems that stand are told once');
const own = guest('');
const problem = (rule: string, message = rule): ProblemReport => ({ rule, severity: 'warning', message });
const IN_PLAN: Problem = { rule: 'auto-unpinned' };
const newOf = (one: ReportedProblems, address: string | null, ...problems: ProblemReport[]) =>
  one.newOf(own, address, problems).map(({ rule, message }) => `${rule} ${message}`);

standing('each is told with its domain and device', () => {
  const [told] = new ReportedProblems().newOf(own, 'a', [problem('r', 'm')]);
  assert.equal(told, { rule: 'r', severity: 'warning', message: 'm', domain: 'guest', uuid: UUID, address: 'a' });
});

standing('once, until it is gone', () => {
  const one = new ReportedProblems();
  assert.equal(newOf(one, 'a', problem('x')), ['x x']);
  assert.equal(newOf(one, 'a', problem('x'), problem('y')), ['y y']);
  assert.equal(newOf(one, 'a', problem('x', 'another')), ['x another']);
  assert.equal(newOf(one, 'b', problem('x')), ['x x'], 'of another device it is another');
  assert.equal(newOf(one, 'a'), []);
  assert.equal(newOf(one, 'a', problem('x')), ['x x']);
});

standing('what was told of a device that went is told again when it returns; of the domain it stands', () => {
  const one = new ReportedProblems();
  for (const address of ['a', 'b', null]) newOf(one, address, problemReport(IN_PLAN));
  const applied = { devices: [{ address: 'b', problems: [IN_PLAN] }], problems: [IN_PLAN] };
  one.addNew({ applied, stateError: undefined } as unknown as PassResult, own, emptyResult());
  assert.equal(
    ['a', 'b', null].map((address) => newOf(one, address, problemReport(IN_PLAN)).length),
    [1, 0, 0],
  );
});

standing.run();
