import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RealFs } from '../../src/host/real-fs.js';
import type { Placement } from '../../src/watch/reconciler.js';
import { Restorer } from '../../src/watch/restore-on-exit.js';
import { C, hostOf, NumberGoes, A as OWN, vfio } from '../enforce/simulated-pass.js';
import { SimulatedRoot } from '../hook/simulated-root.js';

const test = suite('restoring');
let root: SimulatedRoot;
let restorer: Restorer;
test.before.each(() => {
  root = new SimulatedRoot();
  restorer = new Restorer(root.path);
});
test.after.each(() => root.remove());

const A = '0000:06:12.5';
const place = (irq: number, mask: string, over: Partial<Placement> = {}) => {
  root.write(`proc/irq/${irq}/smp_affinity`, `${mask}\n`);
  const usual = { domain: 'guest', uuid: 'u', address: A, vector: 0, from: '0-7', to: '2-3', wanted: '2-3' };
  restorer.note([{ ...usual, irq, kind: 'placed', ...over }]);
};
const restore = () => restorer.restore(new RealFs(root.path));

test('what was placed has again what it had; what was never touched stays', () => {
  place(40, 'c');
  place(41, 'c', { from: '1' });
  assert.is(restore(), 2);
  assert.equal([root.affinity(40), root.affinity(41), root.affinity(42)], ['0-7', '1', '0-7']);
});

test('the first mask counts, through repairs and other sets', () => {
  place(40, 'c');
  place(40, 'c', { kind: 'repaired', from: '6' });
  place(40, '30', { from: '2-3', to: '4-5' });
  restore();
  assert.is(root.affinity(40), '0-7');
});

test('a number that came back as a new vector has what that was born with', () => {
  place(40, 'c');
  place(40, 'c', { from: '0' });
  restore();
  assert.is(root.affinity(40), '0');
});

test('what somebody else has moved since, or has by now, is left alone', () => {
  place(40, 'c');
  root.write('proc/irq/40/smp_affinity', '80\n');
  place(41, 'c');
  root.write('sys/kernel/irq/41/actions', 'nvme0q1\n');
  place(99, 'c');
  assert.is(restore(), 0);
  assert.equal([root.affinity(40), root.affinity(41)], ['7', '2-3']);
});

test('what gets the number between the look and the write is not written', () => {
  const kernel = hostOf([vfio(OWN, 40)]);
  kernel.writeAffinity(40, 'c');
  place(40, 'c', { address: OWN });
  kernel.writes.length = 0;
  assert.is(restorer.restore(new NumberGoes(kernel, 40)), 0);
  assert.equal([kernel.writes, kernel.devices.has(C)], [[], true]);
});

test('what failed was not placed', () => {
  place(40, 'ff', { kind: 'failed', to: '0-7', from: '1' });
  assert.is(restore(), 0);
});

test('what a watcher that was killed knew, the next one knows', () => {
  place(40, 'c');
  restorer = new Restorer(root.path);
  assert.is(restore(), 1);
  assert.is(root.affinity(40), '0-7');
  assert.not.ok(existsSync(root.join('run/hostdev-cpuset/restore.json')), 'and nothing is left behind');
});

test('of a domain that ended nothing is known any more', () => {
  place(40, 'c');
  place(41, 'c', { uuid: 'other' });
  restorer.forget('u');
  restorer = new Restorer(root.path);
  assert.is(restore(), 1);
  assert.equal([root.affinity(40), root.affinity(41)], ['2-3', '0-7']);
});

for (const text of [
  '',
  '{',
  '{}',
  '[null, 1, "x", {}]',
  '[{ "uuid": null, "address": "../..", "irq": "../40", "before": "1", "ours": "0-7" }]',
  '[{ "uuid": null, "address": "0000:06:12.5", "irq": 40, "before": "", "ours": "0-7" }]',
  '[{ "uuid": null, "address": "0000:06:12.5", "irq": 40, "before": "1", "ours": "x" }]',
]) {
  test(`a file with ${text || 'nothing'} in it gives nothing back`, () => {
    root.write('run/hostdev-cpuset/restore.json', text);
    restorer = new Restorer(root.path);
    assert.is(restore(), 0);
    assert.is(root.affinity(40), '0-7');
  });
}

test.run();
