import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRemote } from '../../src/affinity/domain-plan.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';

const test = suite('remote interrupts');
const cpus = (list: string) => parseCpuList(list) ?? [];
const device = { locality: { near: cpus('0-3'), far: cpus('4-7') } };
const interrupt = { effective: cpus('5'), affinity: cpus('0-7'), handlers: ['vfio-msix[0]'], posting: { state: 'no' } };

test('an interrupt is remote if another node takes it; the mask decides where the kernel does not report the CPU', () => {
  const is = (changes: object) => isRemote({ ...interrupt, ...changes } as never, device);
  assert.is(is({}), true);
  assert.is(is({ effective: cpus('2') }), false);
  assert.is(is({ effective: null }), null, 'a mask with CPUs of both nodes');
  assert.is(is({ effective: null, affinity: cpus('4-5') }), true);
});

test('an interrupt that nobody handles, or that the hardware posts, is not remote', () => {
  const is = (changes: object) => isRemote({ ...interrupt, ...changes } as never, device);
  assert.is(is({ handlers: [] }), null);
  assert.is(is({ posting: { state: 'yes', vcpu: 0 } }), null);
});

test.run();
