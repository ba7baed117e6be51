import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { assertPlaced, isPlaced } from '../inside/expect.js';
import { virsh } from '../inside/libvirt.js';
import { scene } from '../inside/scene.js';

scene('libvirt refuses a managed save; after a restart of libvirtd the domain and its policy continue', async (rig) => {
  const guest = await rig.running({ vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5, cpuset: 'auto' }] });
  const nic = guest.driver(5);
  await nic.load(3);
  await isPlaced(NIC, 3, '2-3');
  const refusal = await virsh('managedsave', guest.name).then(
    () => 'it was saved',
    (error: Error) => error.message,
  );
  assert.match(refusal, /error: .*(?:host devices|VFIO|migrat)/);
  assert.not.match(refusal, 'hostdev-cpuset');
  assertPlaced(NIC, 3, '2-3');

  await rig.libvirt.stop();
  await nic.unload();
  await nic.load(4);
  await isPlaced(NIC, 4, '2-3');
  await rig.libvirt.start();
  assert.is((await virsh('domstate', guest.name)).trim(), 'paused');
  await virsh('vcpupin', guest.name, '0', '1', '--live');
  await isPlaced(NIC, 4, '3');
});
