import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan, DomainPlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import { formatRate, ratesBetween } from '../../src/report/rates.js';

const test = suite('rates');

function plansOf(...interrupts: Partial<InterruptPlan>[]): DomainPlan[] {
  const devices = [{ interrupts }] as unknown as DevicePlan[];
  const vcpus = { source: 'definition', cpus: undefined, because: 'unpinned' } as const;
  return [{ name: 'guest', uuid: null, vcpus, devices, problems: [] }];
}
const interrupt = (irq: number, handler: string, counts: Record<string, number>) => ({
  irq,
  handlers: [handler],
  counts,
});

test('rates are per second, summed over all CPUs', () => {
  const before = plansOf(interrupt(40, 'a', { 0: 10, 3: 5 }));
  const after = plansOf(interrupt(40, 'a', { 0: 10, 3: 9, 5: 6 }));
  assert.equal([...ratesBetween(before, after, 2).values()], [5]);
});

test('an IRQ that is another interrupt now, or whose counts were reset, has no rate', () => {
  const before = plansOf(interrupt(40, 'a', { 0: 10 }), interrupt(41, 'b', { 0: 10 }));
  const after = plansOf(interrupt(40, 'c', { 0: 20 }), interrupt(41, 'b', { 0: 3 }), interrupt(42, 'd', { 0: 1 }));
  assert.is(ratesBetween(before, after, 1).size, 0);
});

test('a rate has at most five characters', () => {
  const rates = [undefined, 0, 0.01, 0.44, 9.94, 9.96, 17, 9999, 9999.5, 12_345, 99_949, 99_950, 999_499, 999_500, 9e7];
  const texts = ['-', '0', '<0.1', '0.4', '9.9', '10', '17', '9999', '10.0k', '12.3k', '99.9k', '100k', '999k', '1.0M'];
  assert.equal(rates.map(formatRate), [...texts, '90.0M']);
});

test.run();
