import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceReport, InterruptReport } from '../../src/affinity/report.js';
import type { PciAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { DeviceState } from '../../src/watch/device-state.js';
import { A, B, guest, hostdev, hostOf, Simulated, vfio } from '../enforce/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const watch = suite('a device, looked at again and again');

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
    new Simulated(kernel, '/nonexistent').plan(guest(hostdev(A, '2-3'))).devices[0] as DeviceReport;
  device.adopt(reported());
  device.look({ now: 0, numbers: () => 2 });
  files.listed = 0;
  return { kernel, files, device, reported };
}

watch('it is as it was, and its numbers are listed seldom', () => {
  const { files, device } = adopted();
  for (let now = 100; now < 5000; now += 100) assert.is(device.look({ now, numbers: () => 2 }), 'same');
  assert.is(files.listed, 0);
  device.look({ now: 5000, numbers: () => 2 });
  assert.is(files.listed, 1);
});

watch('they are listed at once where the host has more or less numbers than before, or does not say how many', () => {
  const { files, device } = adopted();
  device.look({ now: 100, numbers: () => 3 });
  assert.is(files.listed, 1);
  for (const now of [200, 300]) device.look({ now, numbers: () => undefined });
  assert.is(files.listed, 3);
});

watch('a vector more is seen, though nothing else is other than it was', () => {
  const { kernel, device } = adopted();
  kernel.devices.get(A)?.vectors.push(43);
  assert.is(device.look({ now: 100, numbers: () => 2 }), 'same', 'nobody said so');
  assert.is(device.look({ now: 100, numbers: () => 3 }), 'renewed');
});

watch('what the masks do not say is looked at where it is asked for', () => {
  const { kernel, device, reported } = adopted();
  const look = (beyondMasks: boolean) => device.look({ now: 100, numbers: () => 2, beyondMasks });
  assert.is(look(true), 'same');
  const interrupt = kernel.interrupts.get(42);
  if (interrupt) interrupt.effective = parseCpuList('6') ?? [];
  assert.equal([look(false), look(true)], ['same', 'moved']);
  device.adopt(reported());
  assert.is(look(true), 'same', 'it is known now');
  kernel.disableVectors(A);
  assert.is(look(true), 'renewed', 'what went goes nowhere');
});

watch('numbers that are no longer those of the report are looked at closely', () => {
  const { kernel, device, reported } = adopted();
  const before = reported();
  kernel.devices.get(A)?.vectors.push(43);
  device.adopt(before);
  assert.is(device.look({ now: 100, numbers: () => 2 }), 'renewed');
});

watch('one that was moved weighs more than one that went', () => {
  const { kernel, device } = adopted();
  kernel.enableVectors(A, [41]);
  assert.is(device.look({ now: 100, numbers: () => 2 }), 'renewed');
  const other = adopted();
  other.kernel.move(41, parseCpuList('5') ?? []);
  assert.is(other.device.look({ now: 100, numbers: () => 3 }), 'moved');
});

watch('what a report has no more is forgotten', () => {
  const { kernel, device, reported } = adopted();
  kernel.enableVectors(A, [42]);
  device.adopt(reported());
  assert.equal([...device.interrupts.keys()], [42]);
});

watch('a number with another handler is another interrupt', () => {
  const { device } = adopted();
  const of = (handler: string, affinity: string | null = '0-7') =>
    device.watchOf({ irq: 41, handlers: [handler], affinity } as InterruptReport);
  const own = `vfio-msix[0](${A})`;
  const first = of(own);
  assert.is(of(own), first);
  const second = of(`vfio-msix[1](${A})`);
  assert.is.not(second, first);
  assert.is(of(`vfio-msix[0](${B})`).handler, undefined, "another device's is not looked at by its mask");
  assert.is(of(own, null).handler, undefined, 'nor is what has none');
});

watch('a close look follows what was placed ahead when no more comes, and within a second', () => {
  const { device, reported } = adopted();
  assert.equal([device.due, device.isAhead], [Number.POSITIVE_INFINITY, false]);
  device.lookSoon(1000);
  assert.equal([device.due, device.isAhead], [1300, true]);
  device.lookSoon(1050);
  assert.is(device.due, 1350);
  for (let now = 1100; now < 2000; now += 50) device.lookSoon(now);
  assert.is(device.due, 2000);
  device.lookInTime(2000);
  assert.is(device.due, 2000, 'what is due before stays so');
  device.adopt(reported());
  assert.equal([device.due, device.isAhead], [Number.POSITIVE_INFINITY, false]);
});

watch('what only went is looked at closely within a second, or soon after what came in its place', () => {
  const { device } = adopted();
  device.lookInTime(1000);
  assert.equal([device.due, device.isAhead], [2000, true]);
  device.lookSoon(1200);
  assert.is(device.due, 1500);
  device.lookLater(1499);
  assert.is(device.due, 1500);
  device.lookLater(1500);
  assert.is(device.due, 1800);
  for (const now of [1800, 2000]) device.lookLater(now);
  assert.is(device.due, 2000, 'and no later');
});

watch('one that cannot be read rests, longer each time, until it can', () => {
  const { device, reported } = adopted();
  assert.is(device.rests(1000), false);
  device.cannotRead(1000);
  assert.equal([device.rests(1000), device.due, device.rests(device.due)], [true, 1100, false]);
  device.cannotRead(1100);
  assert.is(device.due, 1300);
  device.adopt(reported());
  assert.is(device.rests(1200), false);
  device.cannotRead(5000);
  assert.is(device.due, 5100);
});

watch('a close look that did not come so far is put off', () => {
  const { device } = adopted();
  device.lookSoon(1000);
  device.retryAt = 1050;
  device.postpone(2000);
  assert.equal([device.due, device.isAhead], [2000, false]);
});

watch.run();
