import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { assertPlaced, isPlaced } from '../inside/expect.js';
import { installedArguments } from '../inside/irqbalance.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually, sleep, throughout } from '../inside/wait.js';

scene('irqbalance moves the interrupts, but not with our policy', async (rig) => {
  const guest = await rig.running({ devices: [{ address: NIC, slot: 5, cpuset: '1' }] });
  const nic = guest.driver(5);
  await nic.load(5);
  await isPlaced(NIC, 5, '1');

  await rig.watcher.stop('SIGKILL');
  await rig.irqbalance.start([]);
  await eventually(() => {
    const moved = interruptsOf(NIC).filter(({ affinity }) => affinity !== '1');
    assert.ok(moved.length > 0, 'irqbalance, left alone, moves some');
  });
  await rig.irqbalance.stop();

  await rig.watcher.start();
  await isPlaced(NIC, 5, '1');
  rig.trace.take();
  await rig.irqbalance.start(installedArguments());
  // irqbalance places all that it knows in its first two rounds
  await throughout(6, () => assertPlaced(NIC, 5, '1'));
  const ours = interruptsOf(NIC).map(({ irq }) => irq);
  const written = rig.trace.take().filter(({ kind }) => kind === 'affinity');
  assert.equal(
    written.filter(({ irq }) => ours.includes(irq)),
    [],
    'nobody wrote them, we neither',
  );
  assert.ok(written.length > 0, 'irqbalance is at work');

  // a vector that appears under a running irqbalance
  await nic.unload();
  await sleep(500);
  await nic.load(3);
  await isPlaced(NIC, 3, '1');
  await throughout(6, () => assertPlaced(NIC, 3, '1'));
});
