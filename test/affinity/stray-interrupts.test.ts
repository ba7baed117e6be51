import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StrayInterrupts } from '../../src/affinity/stray-interrupts.js';
import { A, setOf } from './simulated-pass.js';

const test = suite('interrupts delivered outside the wanted set');
const WANTED = setOf('2-3');
const vector = (irq: number) => ({ irq, handler: `vfio-msix[0](${A})` });
const line = (irq: number) => ({ irq, handler: `vfio-intx(${A})` });
type Counts = Record<string, number>;
const countsOf = (irq: number, counts: Counts) => new Map([[irq, counts]]);

/** After looks at one interrupt with these counts; undefined: they could not be read. */
function totals(looks: (Counts | undefined)[], interrupt = vector(41)): number[] {
  const strays = new StrayInterrupts();
  return looks.map((counts) => {
    strays.look([interrupt], counts ? countsOf(41, counts) : new Map(), WANTED);
    return strays.total;
  });
}

test('what was delivered before the first look is not counted, whenever that could be read', () => {
  assert.equal(totals([{ 0: 5 }, { 0: 7, 2: 100 }, { 0: 7, 1: 1, 2: 200 }]), [0, 2, 3]);
  assert.equal(totals([undefined, { 0: 5 }, { 0: 6 }]), [0, 0, 1]);
});

test('a vector that appears later is counted from its beginning; a line counts for other drivers, too', () => {
  for (const [interrupt, total] of [
    [vector(41), 5],
    [line(41), 0],
  ] as const) {
    const strays = new StrayInterrupts();
    strays.look([], new Map(), WANTED);
    strays.look([interrupt], countsOf(41, { 0: 5, 2: 9 }), WANTED);
    assert.is(strays.total, total, interrupt.handler);
  }
});

test('a vector that came back begins anew, where its end was seen and where only a count fell', () => {
  const strays = new StrayInterrupts();
  const look = (counts: Counts) => strays.look([vector(41)], countsOf(41, counts), WANTED);
  look({ 0: 5, 2: 9 });
  strays.restart(41);
  look({ 0: 6, 2: 10 });
  assert.is(strays.total, 6);
  look({ 0: 7, 2: 3 });
  assert.is(strays.total, 13);
});

test('one that could not be read for a while goes on where it was', () => {
  assert.equal(totals([{ 0: 5 }, { 0: 6 }, undefined, { 0: 9 }]), [0, 1, 1, 4]);
});

test('a count that has passed its maximum goes on', () => {
  assert.equal(
    totals([
      { 0: 4, 2: 0xffff_fff0 },
      { 0: 5, 2: 3 },
    ]),
    [0, 1],
  );
  assert.equal(totals([{ 0: 0xffff_fffe }, { 0: 2 }]), [0, 4]);
});

test('where the set has changed since the last look, what either allows is not counted', () => {
  const strays = new StrayInterrupts();
  strays.look([vector(41)], countsOf(41, {}), WANTED);
  strays.look([vector(41)], countsOf(41, { 2: 10, 4: 10, 5: 1 }), setOf('4'));
  assert.is(strays.total, 1);
  strays.look([vector(41)], countsOf(41, { 2: 11, 4: 20, 5: 1 }), setOf('4'));
  assert.is(strays.total, 2);
});

test.run();
