import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { isSubset } from '../../src/domain/cpuset.js';
import { A, guest, hostdev, hostOf, UUID, vfio } from '../affinity/simulated-pass.js';
import { ReconciledHost } from './reconciled-host.js';

const test = suite('another program moves an interrupt repeatedly');
const HOUR_MS = 3_600_000;
const WANTED = parseCpuList('2-3') ?? [];
/** The longest pause of repairs, plus a polling interval. */
const MAX_AWAY_MS = 301_000;

interface Play {
  /** share of the time in which the interrupt had its target */
  share: number;
  /** share of the time in which the watcher reported it as contested */
  contested: number;
  writes: number;
  /** ms from the last move to the repair */
  backAfterMs: number;
}

/** Moves an interrupt every `periodMs` for some hours. @param phaseMs delay of the first move after a poll */
function play(periodMs: number, phaseMs: number, traced: boolean, hours: number): Play {
  const kernel = hostOf([vfio(A, 41)], {
    domains: [{ name: 'guest', uuid: UUID, pid: 700, vcpus: [{ vcpu: 0, cpus: '2-3' }] }],
  });
  const host = new ReconciledHost(kernel, { traced });
  host.add(guest(hostdev(A, 'auto')));
  host.pass(120_000);
  const begin = host.now + phaseMs;
  const end = begin + hours * HOUR_MS;
  const inPlace = () => isSubset(kernel.interrupts.get(41)?.affinity ?? [], WANTED);
  const isContested = () => host.reconciler.contested.length > 0;
  let [placedMs, contestedMs, writes] = [0, 0, 0];
  const pass = (until: number) => {
    while (host.now < until) {
      const from = host.now;
      const [wasPlaced, wasContested] = [inPlace(), isContested()];
      host.pass(Math.max(0, Math.min(until, host.reconciler.due) - host.now));
      if (host.reconciler.due > until && host.now < until) host.pass(until - host.now);
      if (wasPlaced) placedMs += host.now - from;
      if (wasContested) contestedMs += host.now - from;
    }
    writes += host.written().length;
  };
  pass(begin);
  [placedMs, contestedMs, writes] = [0, 0, 0];
  for (let at = begin, cpu = 0; at < end; at += periodMs, cpu = 1 - cpu) {
    pass(at);
    kernel.move(41, [{ first: cpu, last: cpu }]);
    if (traced) {
      host.reconciler.markDirty({ irqs: [41] });
      host.pass(0);
    }
  }
  pass(end);
  const played = { share: placedMs / (end - begin), contested: contestedMs / (end - begin), writes };
  while (!inPlace() && host.now < end + HOUR_MS) host.pass(100);
  return { ...played, backAfterMs: host.now - end };
}

for (const traced of [false, true]) {
  const how = traced ? 'with trace events' : 'polling';
  for (const seconds of [3, 5, 7.3, 10, 30, 60]) {
    test(`every ${seconds} s, ${how}: every move is repaired as soon as it is seen`, () => {
      for (const phaseMs of [1, 999]) {
        const { share, contested, backAfterMs } = play(seconds * 1000, phaseMs, traced, 4);
        const leastShare = traced ? 0.999 : 1 - 1 / seconds - 0.001;
        assert.ok(share >= leastShare, `in place ${share} of the time, ${leastShare} wanted`);
        assert.is(contested, 0);
        assert.ok(backAfterMs <= 1000, `back after ${backAfterMs} ms`);
      }
    });
  }
  for (const seconds of [0.1, 0.3, 1]) {
    test(`every ${seconds} s, ${how}: reported as contested, few writes, repaired within minutes of the end`, () => {
      const { contested, writes, backAfterMs } = play(seconds * 1000, 1, traced, 1);
      assert.ok(contested > 0.95, `contested ${contested} of the time`);
      assert.ok(writes <= 16 * 30, `${writes} writes in an hour`);
      assert.ok(backAfterMs <= MAX_AWAY_MS, `back after ${backAfterMs} ms`);
    });
  }
}

test.run();
