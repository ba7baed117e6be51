import { writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { DISK, NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

const setOnline = (cpu: number, online: 0 | 1) =>
  writeFileSync(`/sys/devices/system/cpu/cpu${cpu}/online`, `${online}`);

scene('a CPU of the set goes offline and comes back', async (rig) => {
  const guest = await rig.running({
    devices: [
      { address: NIC, slot: 5, cpuset: '3' },
      { address: DISK, slot: 6, cpuset: '2-3' },
    ],
  });
  await guest.driver(5).load(3);
  await guest.driver(6).load(3);
  await isPlaced(NIC, 3, '3');
  await isPlaced(DISK, 3, '2-3');
  try {
    setOnline(3, 0);
    await eventually(() => {
      const delivered = interruptsOf(DISK).map(({ effective }) => effective);
      assert.equal(delivered, ['2', '2', '2']);
    });
    const strays = interruptsOf(NIC).filter(({ affinity }) => affinity === '3');
    assert.equal(strays, [], 'with no CPU left, the kernel widens the mask');
  } finally {
    setOnline(3, 1);
  }
  await isPlaced(NIC, 3, '3');
  await isPlaced(DISK, 3, '2-3');
});
