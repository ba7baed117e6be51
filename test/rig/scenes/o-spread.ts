import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { cpusIn, isPlaced } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { virsh } from '../inside/libvirt.js';
import { sceneOnEveryKernel } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

/** Waits until each vector of a device, by the number in its handler's name, is delivered to these CPUs. */
function areDeliveredTo(address: string, cpus: readonly string[]): Promise<void> {
  return eventually(() => {
    const byVector = interruptsOf(address).map(({ handlers, effective, affinity }) => {
      const [, vector] = /^vfio-msix\[(\d+)\]/.exec(handlers.join()) ?? [];
      return [Number(vector), affinity, effective] as const;
    });
    const expected = cpus.map((list, vector) => [vector, list] as const);
    assert.equal(
      byVector.map(([vector, affinity]) => [vector, affinity] as const).sort(([one], [other]) => one - other),
      expected,
    );
    for (const [vector, affinity, effective] of byVector)
      assert.ok(cpusIn(affinity).includes(Number(effective)), `vector ${vector} is delivered to ${effective}`);
  });
}

sceneOnEveryKernel('spread: each vector is delivered to the CPU of its own vCPU', async (rig) => {
  // the device is on node 1, which has CPUs 2-3; vector 0 serves no queue
  const spread = { cpuset: 'auto', spread: 'yes', controlVectors: '1' } as const;
  const guest = await rig.running({ vcpus: ['3', '2'], devices: [{ address: NIC, slot: 5, ...spread }] });
  const own = ['2-3', '3', '2', '3', '2'];
  await guest.driver(5).load(5);
  await areDeliveredTo(NIC, own);

  await guest.reboot();
  await eventually(() =>
    assert.equal(
      interruptsOf(NIC).filter(({ type }) => type === 'msix'),
      [],
    ),
  );
  await guest.driver(5).load(5);
  await areDeliveredTo(NIC, own);
  const numbers = interruptsOf(NIC).map(({ irq }) => irq);

  // a vCPU leaves the device's node: it has no queue then
  await virsh('vcpupin', guest.name, '0', '1', '--live');
  await isPlaced(NIC, 5, '2');
  await virsh('vcpupin', guest.name, '0', '3', '--live');
  await areDeliveredTo(NIC, own);
  assert.equal(
    interruptsOf(NIC).map(({ irq }) => irq),
    numbers,
    'the vectors are the same',
  );
});
