import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan } from '../../src/affinity/domain-plan.js';
import type { PciAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import { DeviceState } from '../../src/watch/device-state.js';
import { DeviceStates } from '../../src/watch/device-states.js';
import { emptyResult } from '../../src/watch/result.js';
import { A, B, guest, hostdev, hostOf, Simulated, setOf, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const test = suite('state of a device across checks');

class ListingFiles extends SimulatedFs {
  listed = 0;
  override list(path: string): string[] | undefined {
    this.listed++;
    return super.list(path);
  }
}

/** A device with two vectors, adopted as a plan reports it. */
function adopted() {
  const kernel = hostOf([vfio(A, 41, 42), vfio(B)]);
  const files = new ListingFiles(kernel);
  const device = new DeviceState(files, A as PciAddress);
  const reported = () =>
    new Simulated(kernel, '/nonexistent').planned(guest(hostdev(A, '2-3'))).devices[0] as DevicePlan;
  device.record(reported(), true);
  device.check({ now: 0, hostIrqCount: () => 2 });
  files.listed = 0;
  return { kernel, files, device, reported };
}

test('an unchanged device is "same", and msi_irqs is listed only every 5 seconds', () => {
  const { files, device } = adopted();
  for (let now = 100; now < 5000; now += 100) assert.is(device.check({ now, hostIrqCount: () => 2 }), 'same');
  assert.is(files.listed, 0);
  device.check({ now: 5000, hostIrqCount: () => 2 });
  assert.is(files.listed, 1);
});

test("msi_irqs is listed at once if the host's number of IRQs changed or is unknown", () => {
  const { files, device } = adopted();
  device.check({ now: 100, hostIrqCount: () => 3 });
  assert.is(files.listed, 1);
  for (const now of [200, 300]) device.check({ now, hostIrqCount: () => undefined });
  assert.is(files.listed, 3);
});

test("an added vector is found once the host's number of IRQs shows it", () => {
  const { kernel, device } = adopted();
  kernel.devices.get(A)?.vectors.push(43);
  assert.is(device.check({ now: 100, hostIrqCount: () => 2 }), 'same', 'nobody said so');
  assert.is(device.check({ now: 100, hostIrqCount: () => 3 }), 'renewed');
});

test('a changed effective affinity is found only by a delivery check', () => {
  const { kernel, device, reported } = adopted();
  const check = (delivery: boolean) => device.check({ now: 100, hostIrqCount: () => 2, delivery });
  assert.is(check(true), 'same');
  const interrupt = kernel.interrupts.get(42);
  if (interrupt) interrupt.effective = parseCpuList('6') ?? [];
  assert.equal([check(false), check(true)], ['same', 'moved']);
  assert.is(device.check({ now: 100, hostIrqCount: () => 2 }), 'same', 'it was not asked for');
  device.record(reported(), true);
  assert.is(check(true), 'same', 'it is known now');
  kernel.disableVectors(A);
  assert.is(check(true), 'renewed', 'what went goes nowhere');
});

test('a device whose IRQs differ from the recorded plan is "renewed"', () => {
  const { kernel, device, reported } = adopted();
  const before = reported();
  kernel.devices.get(A)?.vectors.push(43);
  device.record(before, true);
  assert.is(device.check({ now: 100, hostIrqCount: () => 2 }), 'renewed');
});

test('"moved" takes precedence over "renewed"', () => {
  const { kernel, device } = adopted();
  kernel.enableVectors(A, [41]);
  assert.is(device.check({ now: 100, hostIrqCount: () => 2 }), 'renewed');
  const other = adopted();
  other.kernel.move(41, parseCpuList('5') ?? []);
  assert.is(other.device.check({ now: 100, hostIrqCount: () => 3 }), 'moved');
});

test('interrupts that the recorded plan lacks are forgotten', () => {
  const { kernel, device, reported } = adopted();
  kernel.enableVectors(A, [42]);
  device.record(reported(), true);
  assert.equal([...device.interrupts.keys()], [42]);
});

test('a device without vectors stays "same"; its INTx line is not a vector', () => {
  const line = { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' as const }] };
  const kernel = hostOf([vfio(A), line]);
  for (const address of [A, B]) {
    const device = new DeviceState(new SimulatedFs(kernel), address as PciAddress);
    const planned = new Simulated(kernel, '/nonexistent').planned(guest(hostdev(address, '2-3')));
    device.record(planned.devices[0] as DevicePlan, true);
    for (const now of [0, 6000]) assert.is(device.check({ now, hostIrqCount: () => 1 }), 'same', address);
  }
});

test('only devices with an address and a policy have a state', () => {
  const states = new DeviceStates(new SimulatedFs(hostOf([vfio(A, 41)])));
  const [cpus, address] = [setOf('2-3'), A as PciAddress];
  assert.is(states.stateOf({ address: null, cpus }), undefined);
  const state = states.stateOf({ address, cpus });
  assert.is(states.stateOf({ address, cpus }), state);
  assert.equal([...states.byAddress.keys()], [A]);
  assert.is(states.stateOf({ address, cpus: null }), undefined);
  assert.is(states.byAddress.size, 0);
});

test('a check of several devices skips those that wait, and finds a vector that went to another device', () => {
  const kernel = hostOf([vfio(A, 41, 42), vfio(B, 43)]);
  const files = new ListingFiles(kernel);
  const states = new DeviceStates(files);
  const plans = new Simulated(kernel, '/nonexistent').planned(guest(hostdev(A, '2-3') + hostdev(B, '2-3'))).devices;
  const [a, b] = plans.map((plan) => {
    const device = states.stateOf(plan) as DeviceState;
    device.record(plan, true);
    return device;
  }) as [DeviceState, DeviceState];
  const check = (now: number) => {
    const result = emptyResult();
    const found = [...states.check({ now, hostIrqCount: () => 3, result })];
    return [result.checked, ...found.map(([address, one]) => `${address === A ? 'A' : 'B'} ${one}`)];
  };
  check(0);
  files.listed = 0;
  assert.equal([check(10), files.listed], [[3, 'A same', 'B same'], 0]);
  a.scheduleCheck(20);
  assert.equal(check(20), [1, 'B same']);
  a.record(plans[0] as DevicePlan, true);
  b.markUnreadable(30);
  assert.equal(check(30), [2, 'A same']);
  b.record(plans[1] as DevicePlan, true);
  check(40);
  kernel.enableVectors(A, [41, 42]);
  assert.equal(check(50), [3, 'A renewed', 'B same']);
  kernel.enableVectors(A, [41]);
  kernel.devices.get(B)?.vectors.push(42);
  for (const interrupt of a.interrupts.values()) interrupt.record({ affinity: setOf('0-7'), handlers: [] });
  assert.equal(check(60).slice(1), ['A renewed', 'B renewed']);
});

test('continuity is known only for checked vectors, after the pass was saved', () => {
  const { kernel, device, reported } = adopted();
  const of = (irq: number, vector: number) => device.continuityOf(irq, `vfio-msix[${vector}](${A})`);
  assert.equal([of(41, 0), of(41, 1), of(43, 0)], ['same', 'unknown', 'unknown']);
  kernel.enableVectors(A, [41, 42]);
  device.check({ now: 100, hostIrqCount: () => 2 });
  assert.equal([of(41, 0), of(42, 1)], ['renewed', 'renewed']);
  device.record(reported(), false);
  assert.is(device.check({ now: 200, hostIrqCount: () => 2 }), 'same');
  assert.equal([of(41, 0), of(42, 1)], ['renewed', 'renewed'], 'what is saved may be of their predecessors');
  device.record(reported(), true);
  assert.equal([of(41, 0), of(42, 1)], ['same', 'same']);
});

test('takeEnded returns each ended vector once: renewed ones, and those that the plan lacks', () => {
  const { kernel, device, reported } = adopted();
  assert.equal(device.takeEnded(), []);
  kernel.enableVectors(A, [42, 43]);
  device.check({ now: 100, hostIrqCount: () => 2 });
  device.record(reported(), true);
  assert.equal([device.takeEnded().sort(), device.takeEnded()], [[41, 42], []]);
  device.stateWith(42, `vfio-msix[5](${A})`);
  device.forget(43);
  assert.equal(device.takeEnded(), [], 'nothing shows that they have gone');
  kernel.enableVectors(A, [42]);
  const own = device.stateWith(42, `vfio-msix[0](${A})`);
  own.record({ affinity: setOf('0-7'), handlers: [`vfio-msix[0](${A})`] });
  kernel.enableVectors(A, [42]);
  own.check();
  device.stateWith(42, `vfio-msix[1](${A})`);
  assert.equal(device.takeEnded(), [42], 'another one has its number');
  device.close();
  assert.is(device.interrupts.size, 0);
});

test('an IRQ with another handler is another interrupt', () => {
  const { device } = adopted();
  const of = (handler: string, affinity: Cpuset | null = setOf('0-7')) =>
    device.stateOf({ irq: 41, handlers: [handler], affinity });
  const own = `vfio-msix[0](${A})`;
  const first = of(own);
  assert.is(of(own), first);
  const second = of(`vfio-msix[1](${A})`);
  assert.is.not(second, first);
  assert.is(of(`vfio-msix[0](${B})`).handler, undefined, "another device's is not looked at by its mask");
  assert.is(of(own, null).handler, undefined, 'nor is what has none');
});

test('a full check after the fast path is due 300 ms after the last event, at most one second after the first', () => {
  const { device, reported } = adopted();
  assert.equal([device.due, device.hasPendingCheck], [Number.POSITIVE_INFINITY, false]);
  device.scheduleCheck(1000);
  assert.equal([device.due, device.hasPendingCheck], [1300, true]);
  device.scheduleCheck(1050);
  assert.is(device.due, 1350);
  for (let now = 1100; now < 2000; now += 50) device.scheduleCheck(now);
  assert.is(device.due, 2000);
  device.scheduleLateCheck(2000);
  assert.is(device.due, 2000, 'what is due before stays so');
  device.record(reported(), true);
  assert.equal([device.due, device.hasPendingCheck], [Number.POSITIVE_INFINITY, false]);
});

test('a check after a removal is due within a second, or 300 ms after a new vector', () => {
  const { device } = adopted();
  device.delayCheck(1000);
  assert.is(device.hasPendingCheck, false, 'what is not to be looked at is not delayed');
  device.scheduleLateCheck(1000);
  assert.equal([device.due, device.hasPendingCheck], [2000, true]);
  device.scheduleCheck(1200);
  assert.is(device.due, 1500);
  device.delayCheck(1499);
  assert.is(device.due, 1500);
  device.delayCheck(1500);
  assert.is(device.due, 1800);
  for (const now of [1800, 2000]) device.delayCheck(now);
  assert.is(device.due, 2000, 'and no later');
});

test('an unreadable device is retried with back-off until it can be read', () => {
  const { device, reported } = adopted();
  assert.is(device.isUnreadable(1000), false);
  device.scheduleCheck(500);
  device.markUnreadable(1000);
  assert.is(device.hasPendingCheck, false);
  assert.equal([device.isUnreadable(1000), device.due, device.isUnreadable(device.due)], [true, 1010, false]);
  device.markUnreadable(1010);
  assert.is(device.due, 1050);
  device.record(reported(), true);
  assert.is(device.isUnreadable(1020), false);
  device.markUnreadable(5000);
  assert.is(device.due, 5010);
});

test('a deferred full check replaces the retry time', () => {
  const { device } = adopted();
  device.scheduleCheck(1000);
  device.retryAt = 1050;
  device.defer(2000);
  assert.equal([device.due, device.hasPendingCheck], [2000, false]);
});

test.run();
