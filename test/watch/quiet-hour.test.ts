import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyText } from '../../src/domain/policy.js';
import { A, B, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { ReconciledHost } from './reconciled-host.js';

const test = suite('an hour without events');
const HOUR_MS = 3_600_000;
const irqs = (first: number) => Array.from({ length: 12 }, (_, index) => first + index);

function quietHour(policy: Omit<PolicyText, 'cpuset'>, traced: boolean) {
  const vcpus = [2, 3, 4, 5].map((cpu, vcpu) => ({ vcpu, cpus: `${cpu}` }));
  const kernel = hostOf([vfio(A, ...irqs(40)), vfio(B, ...irqs(60))], {
    domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus }],
  });
  const host = new ReconciledHost(kernel, { traced });
  host.add(guest(hostdev(A, 'auto', policy) + hostdev(B, '2-5', policy)));
  // The minute of frequent polls after the start.
  host.pass(60_000);
  const first = host.written();
  const runs = host.pass(HOUR_MS);
  return { first, runs, later: host.written() };
}

for (const traced of [true, false]) {
  test(`spread writes each vector once, and no more than without it: ${traced ? 'trace events' : 'polling'}`, () => {
    const plain = quietHour({}, traced);
    const spread = quietHour({ spread: 'yes', controlVectors: '1' }, traced);
    assert.is(spread.first.length, 24);
    assert.is(spread.first.length, plain.first.length);
    assert.is(new Set(spread.first.map((write) => write.split('=')[1])).size, 5, 'the targets differ');
    assert.equal(spread.later, []);
    assert.equal(plain.later, []);
    assert.equal(spread.runs, [], 'nor is anything reported');
  });
}

test.run();
