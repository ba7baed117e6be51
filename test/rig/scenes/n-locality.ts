import { rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { cpusIn, isPlaced } from '../inside/expect.js';
import { interruptsOf, text } from '../inside/kernel-files.js';
import { virsh } from '../inside/libvirt.js';
import { sceneOnEveryKernel } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

const CONFIGURATION = '/etc/hostdev-cpuset/config.json';

/**
 * Waits until a device has this many vectors on the vCPUs' CPUs. Returns the CPUs on another node that they are
 * delivered to.
 */
function offNode(address: string, vectors: number, vcpuCpus: readonly number[]): Promise<number[]> {
  const local = cpusIn(text(`/sys/bus/pci/devices/${address}/local_cpulist`));
  return eventually(() => {
    const interrupts = interruptsOf(address);
    assert.is(interrupts.length, vectors);
    for (const { affinity } of interrupts)
      assert.ok(
        cpusIn(affinity).every((cpu) => vcpuCpus.includes(cpu)),
        affinity,
      );
    return interrupts.flatMap(({ effective }) => cpusIn(effective)).filter((cpu) => !local.includes(cpu));
  });
}

sceneOnEveryKernel("auto with vCPUs on two nodes: every interrupt stays on the device's node", async (rig) => {
  // The device is on node 1, which has CPUs 2-3.
  const guest = await rig.running({ vcpus: ['1', '3'], devices: [{ address: NIC, slot: 5, cpuset: 'auto' }] });
  await guest.driver(5).load(5);
  assert.equal(await offNode(NIC, 5, [1, 3]), []);
  await isPlaced(NIC, 5, '3');

  await guest.reboot();
  const nic = guest.driver(5);
  await nic.load(4);
  assert.equal(await offNode(NIC, 4, [1, 3]), [], 'after a reboot');

  // A vCPU leaves the node, and comes back.
  await virsh('vcpupin', guest.name, '1', '0', '--live');
  await isPlaced(NIC, 4, '0-1');
  await virsh('vcpupin', guest.name, '1', '3', '--live');
  await isPlaced(NIC, 4, '3');

  try {
    writeFileSync(CONFIGURATION, '{ "locality": "any" }\n');
    await rig.watcher.reload();
    await isPlaced(NIC, 4, '1,3');
    // Vectors on a CPU of the wider set stay there: new vectors show the kernel's choice.
    await nic.unload();
    await nic.load(5);
    await isPlaced(NIC, 5, '1,3');
    const remote = await offNode(NIC, 5, [1, 3]);
    rig.note(`locality any: ${remote.length} of 5 interrupts are off the device's node`);
  } finally {
    rmSync(CONFIGURATION);
    await rig.watcher.reload();
  }
  await isPlaced(NIC, 5, '3');
});

sceneOnEveryKernel(
  "a cpuset on two nodes: interrupts stay on the device's node, with the whole cpuset as affinity",
  async (rig) => {
    // the device is on node 1, which has CPUs 2-3
    const guest = await rig.running({ vcpus: ['1', '3'], devices: [{ address: NIC, slot: 5, cpuset: '0-1,3' }] });
    const nic = guest.driver(5);
    for (const vectors of [5, 4, 5]) {
      await nic.load(vectors);
      await isPlaced(NIC, vectors, '0-1,3');
      assert.equal(await offNode(NIC, vectors, [0, 1, 3]), []);
      await nic.unload();
    }
  },
);
