import * as assert from 'uvu/assert';
import { DISK, NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { driverOf, interruptsOf } from '../inside/kernel-files.js';
import { sceneOnEveryArchitecture } from '../inside/scene.js';
import { eventually, throughout } from '../inside/wait.js';

sceneOnEveryArchitecture(
  "an attached device is placed; after it is detached, its interrupts are the host driver's and not written",
  async (rig) => {
    const guest = await rig.running({ default: 'auto', vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5 }] });
    await guest.driver(5).load(3);
    await isPlaced(NIC, 3, '2-3');

    const disk = { address: DISK, slot: 6 };
    await guest.attach(disk);
    await guest.driver(6).load(5);
    await isPlaced(DISK, 5, '2-3');
    const numbers = interruptsOf(DISK).map(({ irq }) => irq);

    await guest.detach(disk);
    await eventually(() => assert.is(driverOf(DISK), 'nvme'));
    const settled = await eventually(() => {
      const now = interruptsOf(DISK);
      assert.is(now.length, 5, 'the host’s nvme has five interrupts');
      return now;
    });
    assert.ok(
      settled.some(({ irq }) => numbers.includes(irq)),
      'some IRQs are the same as before',
    );
    await throughout(3, () => assert.equal(interruptsOf(DISK), settled));
    await isPlaced(NIC, 3, '2-3');
  },
);
