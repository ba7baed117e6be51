import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TraceEvent } from './inside/kernel-trace.js';
import { histogram, livesOf, quantile } from './inside/lives.js';

const test = suite('lifetimes of vectors');

const event = (at: number, irq: number, kind: TraceEvent['kind']): TraceEvent => ({ at, irq, kind });

test('a lifetime is from the first allocation to the teardown, its lag ends at the first write', () => {
  const events = [
    event(10, 40, 'alloc'),
    event(14, 40, 'affinity'),
    event(14.1, 40, 'alloc'),
    event(90, 40, 'teardown'),
  ];
  assert.equal(livesOf(new Set([40]), events, 100), [{ irq: 40, lag: 4, span: 80 }]);
});

test('an IRQ may have several lifetimes, and the last one may continue', () => {
  const events = [event(10, 40, 'alloc'), event(20, 40, 'teardown'), event(30, 40, 'alloc'), event(50, 40, 'affinity')];
  assert.equal(livesOf(new Set([40]), events, 100), [
    { irq: 40, lag: undefined, span: 10 },
    { irq: 40, lag: 20, span: 70 },
  ]);
});

test('later writes, writes after the teardown, and other IRQs do not count', () => {
  const events = [event(5, 40, 'affinity'), event(10, 40, 'alloc'), event(11, 41, 'alloc'), event(12, 41, 'affinity')];
  assert.equal(livesOf(new Set([40]), [...events, event(15, 40, 'affinity'), event(60, 40, 'affinity')], 100), [
    { irq: 40, lag: 5, span: 90 },
  ]);
});

test('quantiles, also of an empty list', () => {
  assert.is(quantile([3, 1, 2], 0.5), 2);
  assert.is(quantile([3, 1, 2], 0.99), 3);
  assert.is(quantile([], 0.5), Number.POSITIVE_INFINITY);
});

test('a histogram shows when vectors were placed, and how many were not', () => {
  const lives = [
    { irq: 40, lag: 4, span: 900 },
    { irq: 41, lag: 4.5, span: 900 },
    { irq: 42, lag: 70, span: 900 },
    { irq: 43, lag: undefined, span: 12 },
  ];
  const lines = histogram('ours', lives).split('\n');
  assert.is(lines[0], 'ours: p50 4.5 ms, p99 70.0 ms of 3');
  assert.equal(
    lines.slice(1).map((line) => line.trim()),
    ['<= 5 ms ## 2', '<= 100 ms # 1', 'not # 1', 'longest of these lived 12 ms'],
  );
});

test.run();
