import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lostTimer, staleBreakpoint } from './machine/fault-of-emulation.js';

const test = suite('faults of the emulator');

const PANIC = '[   22.985554] Kernel panic - not syncing: Fatal exception in interrupt\r\n';
const consoleOf = (oops: string) =>
  `[   15.641803] ${oops}\r\n[   15.642007] CPU: 3 PID: 0 Comm: swapper/3\r\n[   15.642274] RIP: 0010:ttwu_do_activate+0x8d/0x220\r\n`;

test('a panic at a stale breakpoint is recognized with its address, on older and newer kernels', () => {
  for (const oops of ['int3: 0000 [#1] PREEMPT SMP NOPTI', 'Oops: int3: 0000 [#1] PREEMPT SMP NOPTI']) {
    const second = consoleOf('Oops: int3: 0000 [#2] PREEMPT SMP NOPTI').replace('ttwu_do_activate', '__schedule');
    assert.match(staleBreakpoint(`${consoleOf(oops)}${second}${PANIC}`) ?? '', /, at ttwu_do_activate\+0x8d\/0x220$/);
  }
});

test('other panics are not', () => {
  const oopses = [
    'BUG: kernel NULL pointer dereference, address: 0000000000000000',
    'general protection fault, maybe for address 0x0: 0000 [#1] PREEMPT SMP NOPTI',
    'invalid opcode: 0000 [#1] PREEMPT SMP NOPTI',
  ];
  for (const oops of oopses) assert.is(staleBreakpoint(`${consoleOf(oops)}${PANIC}`), undefined);
  // Later faults are consequences of the first.
  const first = consoleOf('invalid opcode: 0000 [#1] PREEMPT SMP NOPTI');
  const second = consoleOf('Oops: int3: 0000 [#2] PREEMPT SMP NOPTI');
  assert.is(staleBreakpoint(`${first}${second}${PANIC}`), undefined);
  // Neither is an address taken from a later line, nor from another kind of panic.
  const without = consoleOf('int3: 0000 [#1] PREEMPT SMP NOPTI').replace('RIP:', 'RSP:');
  assert.is(staleBreakpoint(`${without}${second}${PANIC}`), undefined);
  const init = PANIC.replace('Fatal exception in interrupt', 'Attempted to kill init!');
  assert.is(staleBreakpoint(`${consoleOf('int3: 0000 [#1] PREEMPT SMP NOPTI')}${init}`), undefined);
});

test('a host without a panic has no such fault', () => {
  assert.is(staleBreakpoint(''), undefined);
  assert.is(staleBreakpoint(consoleOf('Oops: int3: 0000 [#1] PREEMPT SMP NOPTI')), undefined);
});

test('a lost timer is recognized with its CPU; a slow kernel is not mistaken for it', () => {
  const starved =
    'rcu: rcu_preempt kthread starved for 5250 jiffies! g4605 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=3';
  const lost = `[  272.462372] rcu: rcu_preempt kthread timer wakeup didn't happen for 5249 jiffies! g4605 f0x0\r
[  272.462630] rcu: \tPossible timer handling issue on cpu=3 timer-softirq=314\r\n[  272.462900] ${starved}\r\n`;
  assert.is(lostTimer(lost), "a timer of QEMU's CPU 3 does not fire any more");
  assert.is(lostTimer(`[  272.462900] ${starved}\r\n`), undefined);
  assert.is(lostTimer(''), undefined);
});

test.run();
