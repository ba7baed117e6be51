import * as assert from 'uvu/assert';
import { NEAR_NIC, NIC } from '../inside/devices.js';
import { assertPlaced, isAsBorn, isPlaced } from '../inside/expect.js';
import { installedArguments } from '../inside/irqbalance.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually, sleep, throughout } from '../inside/wait.js';

scene('irqbalance moves the interrupts, but not with our policy script', async (rig) => {
  const devices = [
    { address: NIC, slot: 5, cpuset: '1' },
    { address: NEAR_NIC, slot: 6, cpuset: 'native' },
  ];
  const guest = await rig.running({ devices });
  const nic = guest.driver(5);
  const native = guest.driver(6);
  await nic.load(5);
  await isPlaced(NIC, 5, '1');

  await rig.watcher.stop();
  await rig.irqbalance.start([]);
  const moved = (address: string, from: string) =>
    eventually(() => assert.ok(interruptsOf(address).some(({ affinity }) => affinity !== from)));
  await moved(NIC, '1');
  await rig.irqbalance.stop();

  await rig.watcher.start();
  await isPlaced(NIC, 5, '1');
  await native.load(5);
  await isAsBorn(NEAR_NIC, 5);
  rig.trace.take();
  await rig.irqbalance.start(installedArguments());
  // One round in which it moves unmanaged interrupts, and two more.
  await moved(NEAR_NIC, '0-3');
  await throughout(2.5, () => assertPlaced(NIC, 5, '1'));
  const held = interruptsOf(NIC).map(({ irq }) => irq);
  const written = rig.trace.take().filter(({ kind, irq }) => kind === 'affinity' && held.includes(irq));
  assert.equal(written, [], 'no program wrote them');

  // Vectors that appear while irqbalance runs.
  await nic.unload();
  await sleep(500);
  await nic.load(3);
  await isPlaced(NIC, 3, '1');
  await throughout(3, () => assertPlaced(NIC, 3, '1'));
});
